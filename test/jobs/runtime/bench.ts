/** A bench for small jobs: real embedded stores in memory, workers whose turns the test calls, and everything they reported. */
import type { TestContext } from 'node:test';
import { DEFAULT_TENANT, type EventDef } from '../../../core/event.ts';
import type { Job } from '../../../jobs/define.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { Runtime, Settings, Stores } from '../../../jobs/runtime/stores.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { type EmittedEvent, emittedEvents, partitionsOf, plain } from '../../../testing/dump.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { ManualClock, memoryStores, type TestStores, testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic, type Topic } from '../../../topics/define.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import {
  addUp,
  emptied,
  itemCache,
  owners,
  type Part,
  partIndex,
  parts,
  partsByColour,
  sums,
  things,
} from './add-up.ts';
import { type Hook, intercept } from './intercept.ts';

export const START = Date.UTC(2026, 0, 1);

export type Given = readonly [def: EventDef, data: object, rest?: { time?: number; tenant?: string }];

export interface BenchOptions {
  readonly jobs?: readonly Job[];
  readonly partitions?: number;
  readonly channels?: Stores['channels'];
  /** Topics besides those of the jobs. */
  readonly topics?: readonly Topic[];
}

export interface WorkerOptions {
  readonly job?: Job;
  readonly hook?: Hook;
  readonly settings?: Partial<Settings>;
  readonly pipelineTopic?: string | undefined;
}

export class Bench {
  readonly stores: TestStores;
  readonly clock = new ManualClock(START);
  readonly telemetryEvents: TelemetryEvent[] = [];
  readonly jobs: readonly Job[];
  readonly partitions: number;
  #events = 0;

  constructor(stores: TestStores, jobs: readonly Job[], partitions: number) {
    this.stores = stores;
    this.jobs = jobs;
    this.partitions = partitions;
  }

  /** Produces the events, each a second after the one before. */
  async produce(...events: readonly Given[]): Promise<void> {
    for (const [def, data, rest] of events) {
      const n = this.#events++;
      const given = { topic: things, def, data: { ...data }, id: `e-${n}`, time: START + n * 1000, ...rest };
      await this.stores.transport.produce(recordsOf(this.stores.codec, given, this.partitions));
    }
  }

  runtime({ hook, settings, pipelineTopic }: WorkerOptions = {}): Runtime {
    return testRuntime(hook === undefined ? this.stores : intercept(this.stores, hook), {
      clock: this.clock,
      telemetry: { tell: (event) => this.telemetryEvents.push(event) },
      ...(settings && { settings }),
      pipelineTopic,
    });
  }

  /** A worker in a process of its own. */
  async worker(partition = 0, options: WorkerOptions = {}): Promise<PartitionOwner> {
    const job = options.job ?? (this.jobs[0] as Job);
    const runtime = this.runtime(options);
    const membership = await runtime.stores.transport.join(job.name, job.from.name, {
      assigned: () => {},
      revoked: async () => {},
    });
    return ownerOfRows({ job, partition, membership, runtime, lookups: lookupsFor(runtime) });
  }

  /** Runs every job on every partition, each in a process of its own, until none has anything to do. */
  async run(options: WorkerOptions = {}): Promise<void> {
    const workers: PartitionOwner[] = [];
    for (const job of options.job === undefined ? this.jobs : [options.job]) {
      for (let p = 0; p < this.partitions; p++) workers.push(await this.worker(p, { ...options, job }));
    }
    await rest(workers);
  }

  async row(thing: string, part: string): Promise<Part | undefined> {
    const [row] = await this.stores.tables.read(parts, [[DEFAULT_TENANT, thing, part]]);
    return row?.data as Part | undefined;
  }

  /** All rows, as `thing/part=sum`. */
  async sums(): Promise<string[]> {
    const { items } = await this.stores.tables.select(parts, [DEFAULT_TENANT], { limit: 10_000 });
    return items.map((row) => `${row['thingId']}/${row['partId']}=${row['sum']}`);
  }

  /** The records of this colour in the view, as `thing/part=sum`. */
  async coloured(colour: string): Promise<string[]> {
    const { items } = await this.stores.tables.select(partsByColour, [DEFAULT_TENANT, colour], { limit: 10_000 });
    return items.map((row) => `${row['thingId']}/${row['partId']}=${row['sum']}`);
  }

  async items(thing: string): Promise<string[]> {
    const records = await this.stores.cache.read(itemCache, [DEFAULT_TENANT, thing]);
    return records.map(({ partId, item, since }) => `${partId}/${item}@${since}`);
  }

  /** The emitted events, each once, as readers apply them. */
  async emitted(job = this.jobs[0] as Job): Promise<EmittedEvent[]> {
    return emittedEvents(this.stores, sums, job);
  }

  /** The emitted sums, as `thing/part=sum`; those of one thing are in order. */
  async emittedSums(job?: Job): Promise<string[]> {
    return (await this.emitted(job)).map(({ data }) => {
      const { thingId, partId, sum } = data as { thingId: string; partId: string; sum: number };
      return `${thingId}/${partId}=${sum}`;
    });
  }

  async deadLetterRecords(topic: string = things.name): Promise<LogRecord[]> {
    return (await partitionsOf(this.stores.transport, deadLetterTopic(topic))).flat();
  }

  /** The dead letters, as `code@partition:offset`. */
  async deadLetters(): Promise<string[]> {
    return (await this.deadLetterRecords()).map(
      ({ headers }) => `${headers[DEAD_LETTER.code]}@${headers[DEAD_LETTER.partition]}:${headers[DEAD_LETTER.offset]}`,
    );
  }

  async owner(thing: string, owner: string, revision = 1): Promise<void> {
    const key = [DEFAULT_TENANT, thing];
    const row = { key, version: { token: 1, revision }, at: '', outbox: '', timers: {}, partition: 0, whole: true };
    await this.stores.tables.write(owners, [{ ...row, data: { thingId: thing, owner } }]);
  }

  /** The reported events of a kind, without the fields that all kinds have. */
  reported<K extends TelemetryEvent['kind']>(kind: K): Extract<TelemetryEvent, { kind: K }>[] {
    return this.telemetryEvents.filter((event) => event.kind === kind) as Extract<TelemetryEvent, { kind: K }>[];
  }

  /** Everything that readers see. */
  async everything(): Promise<unknown> {
    const colours = await this.stores.tables.select(partsByColour, [DEFAULT_TENANT], { limit: 10_000 });
    const rows = await this.stores.tables.select(parts, [DEFAULT_TENANT], { limit: 10_000 });
    const found = await this.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 10_000 });
    const names = [...new Set(rows.items.map((row) => row['thingId'] as string))];
    const items = await Promise.all(names.map((thing) => this.items(thing)));
    const emitted = (await this.emittedSums()).map((sum) => [sum.split('/')[0], sum] as const);
    return plain({
      rows: rows.items,
      colours: colours.items,
      found: found.items,
      items,
      emitted: names.map((thing) => emitted.filter(([of]) => of === thing).map(([, sum]) => sum)),
      deadLetters: (await this.deadLetters()).sort(),
    });
  }
}

/** The origin without the id of its topic, which differs in every run. */
export const plainOrigin = (origin: unknown): string => String(origin).replace(/@\w+\//, '/');

/** Runs turns of all workers until none has anything to do. Two idle rounds are needed, since one may emit events for another. */
export async function rest(workers: readonly PartitionOwner[]): Promise<void> {
  for (let idle = 0; idle < 2; ) {
    let worked = false;
    for (const worker of workers) while ((await worker.turn(0)) !== 'idle') worked = true;
    idle = worked ? 0 : idle + 1;
  }
}

export async function bench(
  t: TestContext,
  { jobs = [addUp], partitions = 1, channels, topics = [] }: BenchOptions = {},
): Promise<Bench> {
  const stores = await memoryStores(jobs, { partitions, topics, ...(channels && { channels }) });
  t.after(() => stores.close());
  await stores.tables.prepare([owners]);
  return new Bench(stores, jobs, partitions);
}

/** The id of a thing whose events are in the partition. */
export function thingIn(bench: Bench, partition: number): string {
  for (let n = 0; ; n++) {
    const thing = `thing-${n}`;
    const [record] = recordsOf(
      bench.stores.codec,
      { topic: things, def: emptied, data: { thingId: thing }, id: 'e', time: START },
      bench.partitions,
    );
    if (record?.partition === partition) return thing;
  }
}
