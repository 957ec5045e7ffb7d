/**
 * Folds the records of one partition into one row, one record at a time, with the runtime's own plan and fold. The row exists only in
 * memory: nothing is written, emitted or called.
 */
import { DEFAULT_TENANT } from '../../../../core/event.ts';
import { Codec } from '../../../../topics/codec/codec.ts';
import { attributeOf, eventTimeOf } from '../../../../topics/codec/envelope.ts';
import type { Registry } from '../../../../topics/codec/registry.ts';
import { DedupePositions } from '../../../../topics/log/dedupe-positions.ts';
import type { LogRecord } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import { Limits } from '../../limits.ts';
import type { LookupCache } from '../../lookups.ts';
import { GroupProgress } from '../../offsets/group-progress.ts';
import { ReadCount } from '../../read-count.ts';
import { RowBudget } from '../../row-budget.ts';
import type { Runtime } from '../../stores.ts';
import { SKIPS, type Skip } from '../../telemetry.ts';
import { Destinations } from '../destinations.ts';
import { type FoldContext, foldAll } from '../fold.ts';
import { OtherPartitions } from '../other-partitions.ts';
import { type Plan, type PlanContext, type Planned, plan } from '../plan.ts';
import { Rejected } from '../rejected.ts';
import { settled } from '../row-writes.ts';
import { idOf, type LiveRow, PartitionRows } from '../rows.ts';
import { ALL_RULES } from '../rules.ts';
import { lookupsFor } from '../run.ts';
import { type Change, changesBetween, type RowState } from './changes.ts';
import type { RowStanding } from './standing.ts';

/**
 * `forgotten`: the record names a forgotten user and was folded as that user's erasure. `not-read`: the job has not read the record yet, so
 * it is not folded. The others are those of the runtime: see `Skip` and `Outcome`.
 */
export type Verdict = Skip | 'applied' | 'rejected' | 'routed' | 'forgotten' | 'not-read';

/** One record that concerns the row, and its verdict. */
export interface HistoryEntry {
  readonly record: LogRecord;
  /** From the record; undefined if it cannot be read. */
  readonly id: string | undefined;
  readonly type: string | undefined;
  /** Of the event, in ms since 1970 UTC. */
  readonly time: number;
  readonly verdict: Verdict;
  /** Why it was rejected. */
  readonly code?: string;
  readonly message?: string;
  /** Whether an event with a later time was applied before. */
  readonly isOlder: boolean;
  readonly changes: readonly Change[];
  /** The types of the events that follow, and the channels that are called. */
  readonly follows: readonly string[];
}

/** This memory has only one row, which must never have to make room. */
const ROW_BYTES = 1e9;

export class RowJudge {
  readonly #job: Job;
  readonly #standing: RowStanding;
  readonly #id: string;
  readonly #rows: PartitionRows;
  readonly #planning: PlanContext;
  readonly #folding: FoldContext;
  #newest = Number.NEGATIVE_INFINITY;

  private constructor(job: Job, standing: RowStanding, { runtime, codec, lookups }: Parts) {
    const { partition, key, topicId, partitions } = standing;
    const { stores, upstreams, settings, forgotten, clock } = runtime;
    const limit = new Limits().of;
    const yieldToLoop = () => clock.yieldToLoop();
    this.#job = job;
    this.#standing = standing;
    this.#id = idOf(key);
    // Every row begins as one that does not exist.
    const none = {
      ...stores.tables,
      read: async (_: unknown, keys: readonly unknown[]) => keys.map(() => undefined),
      under: async () => [],
    };
    this.#rows = new PartitionRows(job.row, none, new RowBudget(ROW_BYTES));
    const assignment = { job: job.name, topic: job.from.name, partition };
    const group = new GroupProgress(job.name, job.from.name, stores.transport);
    const otherPartitions = new OtherPartitions(assignment, stores.transport, group);
    this.#rows.begin({ token: 1, partition, topicId, otherPartitions, stopAbove: false });
    this.#planning = {
      job,
      codec: stores.codec,
      partition,
      topic: { id: topicId, partitions },
      upstreams: upstreams(job.from.name),
      dedupe: DedupePositions.none(),
      furthest: 0,
      limit,
      undeclaredTypes: settings.undeclaredTypes,
      forgotten,
      yieldToLoop,
    };
    this.#folding = {
      job,
      rows: this.#rows,
      lookups,
      lookupReads: new ReadCount(),
      hasLeft: () => true,
      isAlone: true,
      where: async () => [key],
      codec,
      rules: ALL_RULES,
      destinations: new Destinations(job),
      partition,
      furthest: 0,
      end: Number.POSITIVE_INFINITY,
      refreshEnd: async () => Number.POSITIVE_INFINITY,
      refused: new Map(),
      yieldToLoop,
      limit,
      traceOf: () => undefined,
    };
  }

  static async open(job: Job, standing: RowStanding, runtime: Runtime): Promise<RowJudge> {
    // Events are encoded only for their size, so their schemas are not registered.
    const codec = new Codec(privateRegistry());
    await codec.prepare(job.to);
    await runtime.forgotten.load();
    const judge = new RowJudge(job, standing, { runtime, codec, lookups: lookupsFor(runtime) });
    await judge.#rows.load(new Map([[judge.#id, standing.key]]), () => true);
    return judge;
  }

  /** The row as the records so far have made it. */
  get state(): RowState {
    return this.#row;
  }

  /** Undefined if the record does not concern the row. Records must come in the order of their offsets. */
  async judge(record: LogRecord): Promise<HistoryEntry | undefined> {
    const planned = await plan([record], this.#planning);
    const [item] = planned.items;
    if (item === undefined) return this.#leftOut(record, planned);
    if (!this.#isTouchedBy(item)) return undefined;
    if (record.offset >= this.#standing.bound) return this.#entry(record, 'not-read');
    return this.#fold(item, planned);
  }

  get #row(): LiveRow {
    return this.#rows.get(this.#id);
  }

  async #fold(item: Planned, planned: Plan): Promise<HistoryEntry> {
    const { record, event } = item;
    const row = this.#row;
    const before: RowState = { data: row.data, timers: row.timers };
    const mine = item.search === undefined ? { ...item, keys: [this.#standing.key] } : item;
    const { outcomes, fresh } = await foldAll({ ...planned, items: [mine] }, this.#folding);
    const outcome = outcomes.get(record.offset) ?? 'unchanged';
    const changes = changesBetween(this.#job.row, before, row);
    const follows = [...fresh].flatMap((entry) => {
      if (entry.kind === 'event') return [entry.type];
      return entry.kind === 'call' ? [entry.channel] : [];
    });
    // Otherwise the history of a map field would grow with every record.
    row.data = settled(this.#job, row.data);
    row.outbox = [];
    if (outcome === 'applied') row.stored = { token: 1, revision: row.revision };
    const isRejected = outcome instanceof Rejected;
    const verdict = isRejected
      ? 'rejected'
      : item.forgotten.length > 0 && outcome !== 'repeated'
        ? 'forgotten'
        : outcome;
    const entry = this.#entry(record, verdict, { changes, follows });
    if (verdict === 'applied') this.#newest = Math.max(this.#newest, event.time);
    return isRejected ? { ...entry, code: outcome.code, message: outcome.message } : entry;
  }

  /** For a record that is not an event for any row, the key tells whose it is. */
  async #leftOut(record: LogRecord, planned: Plan): Promise<HistoryEntry | undefined> {
    const [rejected] = planned.rejected;
    if (rejected !== undefined) {
      const { code, message } = rejected;
      return this.#isOfKey(record) ? { ...this.#entry(record, 'rejected'), code, message } : undefined;
    }
    const skip = SKIPS.find((each) => planned.skipped[each] > 0);
    if (skip === 'repeated') {
      const [again] = (await plan([record], { ...this.#planning, dedupe: undefined })).items;
      if (again !== undefined) return this.#isTouchedBy(again) ? this.#entry(record, skip) : undefined;
    }
    return this.#isOfKey(record) ? this.#entry(record, skip ?? 'routed') : undefined;
  }

  #isTouchedBy({ keys, search, only, event }: Planned): boolean {
    const { key } = this.#standing;
    if (only !== undefined && !only.rows.has(this.#id) && !only.views.has(this.#id)) return false;
    if (search === undefined) return keys.some((each) => idOf(each) === this.#id);
    if (event.tenant !== key[0]) return false;
    const { data } = this.#row;
    if ('where' in search) return data?.[search.where[0]] === search.where[1];
    const fields = [...this.#job.row.key, ...this.#job.row.sort];
    return fields.every((name, i) => search.every[name] === undefined || search.every[name] === key[i + 1]);
  }

  #isOfKey(record: LogRecord): boolean {
    const { key } = this.#standing;
    const tenant = attributeOf(record, 'tenant') ?? DEFAULT_TENANT;
    return tenant === key[0] && record.key !== null && Buffer.from(record.key).toString() === key[1];
  }

  #entry(
    record: LogRecord,
    verdict: Verdict,
    { changes = [], follows = [] }: Partial<Pick<HistoryEntry, 'changes' | 'follows'>> = {},
  ): HistoryEntry {
    const time = eventTimeOf(record);
    const isOlder = time < this.#newest;
    const [id, type] = [textIn(record, 'id'), textIn(record, 'type')];
    return { record, id, type, time, verdict, isOlder, changes, follows };
  }
}

interface Parts {
  readonly runtime: Runtime;
  readonly codec: Codec;
  readonly lookups: LookupCache;
}

function textIn(record: LogRecord, name: string): string | undefined {
  const value = attributeOf(record, name);
  return typeof value === 'string' ? value : undefined;
}

/** A registry in memory that assigns ids. */
function privateRegistry(): Registry {
  const schemas: string[] = [];
  return {
    register: async (_subject, schema) => schemas.push(schema),
    schema: async (id) => schemas[id - 1],
    close: async () => {},
  };
}
