/**
 * Jobs that read each other's events, run step by step: learners enroll, `track-progress` notifies their batches, and
 * `summarize-batch` counts the learners. The counts show at once whether derived events were doubled or lost.
 */

import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import type { Job } from '../../jobs/define.ts';
import { projectCourse, summarizeBatch, trackProgress } from '../../jobs/index.ts';
import type { PartitionOwner } from '../../jobs/runtime/owner.ts';
import { ownerOfRows } from '../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import type { Runtime, Settings } from '../../jobs/runtime/stores.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import { contentProgressed, enrolled } from '../../schemas/enrollment.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { learnerProgress } from '../../schemas/rows/learner-progress.ts';
import { recordsOf } from '../../testing/produce.ts';
import { ManualClock, memoryStores, type TestStores, testRuntime } from '../../testing/stores.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';
import { enrollmentEvents, topics } from '../../topics/index.ts';
import type { Membership, Transport } from '../../topics/log/transport.ts';
import { type Hook, intercept } from '../jobs/runtime/intercept.ts';

export const CAMPUS_JOBS = [projectCourse, trackProgress, summarizeBatch];
export const DAY_ONE = Date.UTC(2026, 0, 5);
export const PARTITIONS = 2;
const DAY_MS = 24 * 3_600_000;

export class Campus {
  stores: TestStores;
  readonly clock = new ManualClock(DAY_ONE);
  readonly telemetryEvents: TelemetryEvent[] = [];
  readonly #members = new WeakMap<Transport, Map<string, Membership>>();
  #learners = 0;
  #visits = 0;

  constructor(stores: TestStores) {
    this.stores = stores;
  }

  static async open(stores?: TestStores): Promise<Campus> {
    const opened = stores ?? (await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS }));
    await opened.tables.prepare([courseStructure]);
    return new Campus(opened);
  }

  /** Reopens the log, as after a restart of its process. */
  async reopen(): Promise<void> {
    await this.stores.transport.close();
    this.stores = { ...this.stores, transport: embeddedTransport(this.stores.database) };
  }

  runtime(hook?: Hook, settings: Partial<Settings> = {}): Runtime {
    return testRuntime(hook === undefined ? this.stores : intercept(this.stores, hook), {
      clock: this.clock,
      telemetry: { tell: (event) => this.telemetryEvents.push(event) },
      upstreams: upstreamsOf(CAMPUS_JOBS),
      settings,
    });
  }

  /** Enrolls this many new learners, a minute apart, alternating between two batches. */
  async enrol(count: number): Promise<void> {
    for (let n = 0; n < count; n++) {
      const id = this.#learners++;
      const data = { userId: `learner-${id}`, courseId: 'maths', batchId: `batch-${id % 2}` };
      await this.#produce(enrolled, data, `e-${id}`, DAY_ONE + id * 60_000);
    }
  }

  /** Each of the first `learners` learners opens something. */
  async visit(learners: number): Promise<void> {
    for (let id = 0; id < learners; id++) {
      const n = this.#visits++;
      const data = {
        userId: `learner-${id}`,
        courseId: 'maths',
        contentId: `content-${n}`,
        status: 'started',
        views: 1,
      };
      await this.#produce(contentProgressed, data, `v-${n}`, DAY_ONE + DAY_MS + n * 60_000);
    }
  }

  async #produce(def: EventDef, data: object, id: string, time: number): Promise<void> {
    const given = { topic: enrollmentEvents, def, data: { ...data }, id, time };
    await this.stores.transport.produce(recordsOf(this.stores.codec, given, PARTITIONS));
  }

  async worker(
    job: (typeof CAMPUS_JOBS)[number],
    partition: number,
    hook?: Hook,
    settings?: Partial<Settings>,
  ): Promise<PartitionOwner> {
    const runtime = this.runtime(hook, settings);
    const listener = { assigned: () => {}, revoked: async () => {} };
    const joining = () => runtime.stores.transport.join(job.name, job.from.name, listener);
    const membership = hook === undefined ? await this.#memberOf(job, joining) : await joining();
    return ownerOfRows({ job, partition, membership, runtime, lookups: lookupsFor(runtime) });
  }

  /** Keeps one membership for all owners, because joining a group takes a server seconds. */
  async #memberOf({ name }: Job, joining: () => Promise<Membership>): Promise<Membership> {
    const { transport } = this.stores;
    const members = this.#members.get(transport) ?? new Map<string, Membership>();
    this.#members.set(transport, members);
    const member = members.get(name) ?? (await joining());
    members.set(name, member);
    return member;
  }

  /** Runs every job on every partition with new owners, until none has anything to do. */
  async run(hook?: Hook): Promise<void> {
    const workers: PartitionOwner[] = [];
    for (const job of CAMPUS_JOBS) for (let p = 0; p < PARTITIONS; p++) workers.push(await this.worker(job, p, hook));
    for (let worked = true; worked; ) {
      worked = false;
      for (const worker of workers) while ((await worker.turn(0)) !== 'idle') worked = true;
    }
  }

  /** The number of learners that the batches count, and the number that have a row. */
  async counts(): Promise<readonly [counted: number, rows: number]> {
    const batches = await this.stores.tables.select(batchSummary, [DEFAULT_TENANT], { limit: 100 });
    const rows = await this.stores.tables.select(learnerProgress, [DEFAULT_TENANT], { limit: 1000 });
    return [batches.items.reduce((sum, { learners }) => sum + (learners as number), 0), rows.items.length];
  }

  reported<K extends TelemetryEvent['kind']>(kind: K): Extract<TelemetryEvent, { kind: K }>[] {
    return this.telemetryEvents.filter((event) => event.kind === kind) as Extract<TelemetryEvent, { kind: K }>[];
  }
}
