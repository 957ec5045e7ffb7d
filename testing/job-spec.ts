/**
 * Given / when / then for one job: the real declaration on the real runtime, codecs and embedded stores, one partition, values in
 * and values out.
 *
 *     const spec = await jobSpec(t, trackProgress, { rows: [[courseStructure, course]] });
 *     await spec.given([enrolled, { … }]);
 *     await spec.when([contentProgressed, { … }]);
 *     await spec.thenRow(['learner-1', 'course-1'], { progress: 50 });
 *     await spec.thenEmits([learnerProgressed, { … }]);
 *
 * Events that are not given to `thenEmits` must not have been emitted; dead letters must be given, or there must be none.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { Input } from '../core/avro.ts';
import { Entries } from '../core/entries.ts';
import { DEFAULT_TENANT, type EventDef } from '../core/event.ts';
import { keyFields, mapFields, type RowOf, type TableDef } from '../core/target.ts';
import type { Job } from '../jobs/define.ts';
import { DEAD_LETTER } from '../jobs/runtime/dead-letter.ts';
import type { PartitionOwner } from '../jobs/runtime/owner.ts';
import { ownerOfRows } from '../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../jobs/runtime/rows/run.ts';
import type { Settings, Stores } from '../jobs/runtime/stores.ts';
import { deadLetterTopic } from '../topics/define.ts';
import type { LogRecord } from '../topics/log/transport.ts';
import { type Dump, dump, type EmittedEvent, emittedEvents, partitionsOf, plain } from './dump.ts';
import { type Reach, withPoints } from './points.ts';
import { recordsOf } from './produce.ts';
import { ManualClock, memoryStores, type TestStores, testRuntime } from './stores.ts';

/**
 * An event of the job's topic. Without `time`, events are a minute apart; without `id`, each has its own; without `loggedAt`, none is late.
 */
export type SpecEvent<D extends EventDef = EventDef> = readonly [
  def: D,
  data: Input<D['schema']>,
  rest?: { id?: string; time?: number; tenant?: string; source?: string; loggedAt?: number; json?: true },
];

/** Several events, each checked against its declaration where that is known. */
type SpecEvents<Ds extends readonly EventDef[]> = { readonly [I in keyof Ds]: SpecEvent<Ds[I]> };

/** A row of another job, for lookups. Map fields may be plain objects. */
export type SpecRow<T extends TableDef = TableDef> = readonly [table: T, row: Readonly<Record<string, unknown>>];

export interface SpecOptions {
  readonly rows?: readonly SpecRow[];
  readonly channels?: Stores['channels'];
  readonly settings?: Partial<Settings>;
  readonly reach?: Reach;
}

const START = Date.UTC(2026, 0, 5, 9);
const MINUTE = 60_000;

/** The time of the n-th event, from 0, if it has no `time`. */
export const minute = (n: number): number => START + n * MINUTE;

export class JobSpec {
  readonly job: Job;
  readonly stores: TestStores;
  readonly clock = new ManualClock(START);
  askedForDeadLetters = false;
  #worker: PartitionOwner | undefined;
  #events = 0;
  #rowVersion = 0;
  /** How many events each topic had before the last `when`. */
  #seen: number[] = [];
  readonly #options: SpecOptions;

  constructor(job: Job, stores: TestStores, options: SpecOptions) {
    this.job = job;
    this.stores = stores;
    this.#options = options;
  }

  /** Puts rows of other jobs where lookups find them. */
  async lookups(...rows: readonly SpecRow[]): Promise<void> {
    for (const [table, row] of rows) {
      const data: Record<string, unknown> = { ...row };
      for (const { name } of mapFields(table.record)) {
        data[name] = data[name] instanceof Entries ? data[name] : Entries.of(Object.entries(data[name] as object));
      }
      const key = [DEFAULT_TENANT, ...keyFields(table).map((name) => row[name] as string)];
      this.#rowVersion += 1;
      await this.stores.tables.write(table, [
        {
          key,
          version: { token: 1, revision: this.#rowVersion },
          at: '',
          outbox: '',
          timers: {},
          data,
          partition: 0,
          whole: true,
        },
      ]);
    }
  }

  /** Produces the events and lets the job apply them. What it emits for them is not checked. */
  async given<const Ds extends readonly EventDef[]>(...events: SpecEvents<Ds>): Promise<void> {
    await this.produce(...events);
    await this.run();
    this.#seen = (await this.emitted()).map((events) => events.length);
  }

  /** Produces the events and lets the job apply them. */
  async when<const Ds extends readonly EventDef[]>(...events: SpecEvents<Ds>): Promise<void> {
    this.#seen = (await this.emitted()).map((events) => events.length);
    await this.produce(...events);
    await this.run();
  }

  /** Sets the wall clock to `time`; the job fires the timers that are due. */
  async whenTimeIs(time: number): Promise<void> {
    this.#seen = (await this.emitted()).map((events) => events.length);
    this.clock.set(time);
    await this.run();
  }

  async produce(...events: readonly SpecEvent[]): Promise<void> {
    for (const [def, data, rest] of events) {
      const n = this.#events++;
      const event = { topic: this.job.from, def, data, id: `event-${n}`, time: minute(n), ...rest };
      await this.stores.transport.produce(recordsOf(this.stores.codec, event, 1));
    }
  }

  /** Applies all records. Throws the errors of the runtime. */
  async run(): Promise<void> {
    this.#worker ??= await this.#newWorker();
    // A turn that is fenced claims again in the next one. After the last timer there are two idle turns.
    for (let idle = 0; idle < 2; ) idle = (await this.#worker.turn(0)) === 'idle' ? idle + 1 : 0;
  }

  /** The process dies with everything in memory. The next `run` is another process. */
  restart(): void {
    this.#worker = undefined;
  }

  async rewind(offset = 0): Promise<void> {
    await this.stores.transport.seek(this.job.name, this.job.from.name, { partition: 0, offset });
  }

  async #newWorker(): Promise<PartitionOwner> {
    const { reach, settings } = this.#options;
    const stores = reach === undefined ? this.stores : withPoints(this.stores, reach);
    const runtime = testRuntime(stores, { clock: this.clock, settings: { lookupMs: 0, ...settings } });
    const membership = await stores.transport.join(this.job.name, this.job.from.name, {
      assigned: () => {},
      revoked: async () => {},
    });
    return ownerOfRows({ job: this.job, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
  }

  // ---- then ----

  async row<T extends TableDef>(
    table: T,
    key: readonly string[],
    tenant = DEFAULT_TENANT,
  ): Promise<Partial<RowOf<T>> | undefined> {
    const [row] = await this.stores.tables.read(table, [[tenant, ...key]]);
    return row?.data as Partial<RowOf<T>> | undefined;
  }

  /** How many events the row has applied. A repeat does not change it. */
  async revision(key: readonly string[]): Promise<number | undefined> {
    const [row] = await this.stores.tables.read(this.job.row, [[DEFAULT_TENANT, ...key]]);
    return row?.version.revision;
  }

  /** The row has these fields with these values, with map fields as plain objects. Undefined: there is no row. */
  async thenRow(key: readonly string[], expected: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const row = await this.row(this.job.row, key);
    if (expected === undefined || row === undefined) return assert.equal(row, expected, `the row ${key.join('/')}`);
    const actual = Object.fromEntries(
      Object.keys(expected).map((name) => [name, (row as Record<string, unknown>)[name]]),
    );
    assert.deepEqual(plain(actual), plain(expected));
  }

  /** The row has at least these fields, at any depth. */
  async thenPartOfRow(key: readonly string[], expected: Readonly<Record<string, unknown>>): Promise<void> {
    const row = await this.row(this.job.row, key);
    assert.ok(row, `the row ${key.join('/')}`);
    assert.partialDeepStrictEqual(plain(row) as unknown, plain(expected));
  }

  /** Exactly these events were emitted since the last `when`, in this order for each topic. A field that is left out has its default. */
  async thenEmits(
    ...expected: readonly (readonly [def: EventDef, data: Readonly<Record<string, unknown>>])[]
  ): Promise<void> {
    const emitted = (await this.emitted()).map((events, i) =>
      events.slice(this.#seen[i] ?? 0).map(({ type, data }) => ({ type, data })),
    );
    const wanted = this.job.to.map(({ events, broadcasts }) => {
      const types = new Set([...events, ...broadcasts].map(({ type }) => type));
      return expected.filter(([{ type }]) => types.has(type)).map(whole);
    });
    assert.deepEqual(emitted, plain(wanted));
  }

  async thenNothing(): Promise<void> {
    await this.thenEmits();
  }

  /** A view as readers see it: all its records, in the order of their keys. */
  async view(name: string): Promise<unknown[]> {
    const { tables, indexes, caches } = await this.dump();
    const found = tables[name] ?? indexes[name] ?? caches[name];
    const views = this.job.views.map(({ into }) => into.name).join(', ');
    assert.ok(found, `${this.job.name} has no view ${name}; it has ${views === '' ? 'none' : views}`);
    return found;
  }

  async thenView(name: string, ...records: readonly unknown[]): Promise<void> {
    assert.deepEqual(await this.view(name), plain(records));
  }

  async thenDeadLetters(...codes: readonly string[]): Promise<void> {
    assert.deepEqual(await this.deadLetters(), codes);
  }

  async deadLetters(): Promise<string[]> {
    return (await this.deadLetterRecords()).map((record) => String(record.headers[DEAD_LETTER.code]));
  }

  async deadLetterRecords(): Promise<LogRecord[]> {
    this.askedForDeadLetters = true;
    const [records = []] = await partitionsOf(this.stores.transport, deadLetterTopic(this.job.from.name));
    return records;
  }

  /** The events that the job emitted, by topic. */
  async emitted(): Promise<EmittedEvent[][]> {
    return Promise.all(this.job.to.map((topic) => emittedEvents(this.stores, topic, this.job)));
  }

  async dump(): Promise<Dump> {
    return dump(this.stores, [this.job]);
  }
}

function whole([{ type, schema }, data]: readonly [def: EventDef, data: Readonly<Record<string, unknown>>]) {
  const defaults = schema.fields.flatMap((field) => ('default' in field ? [[field.name, field.default]] : []));
  return { type, data: { ...Object.fromEntries(defaults), ...data } };
}

/** Lookups read tables of other jobs, which exist whether these jobs have run or not. */
function madeWhenUsed(tables: Stores['tables']): Stores['tables'] {
  const made = new Set<TableDef>();
  const make = async (table: TableDef): Promise<void> => {
    if (!made.has(table)) await tables.prepare([table]);
    made.add(table);
  };
  return {
    ...tables,
    async read(table, keys) {
      await make(table);
      return tables.read(table, keys);
    },
    async write(table, rows) {
      await make(table);
      return tables.write(table, rows);
    },
  };
}

export async function jobSpec(t: TestContext, job: Job, options: SpecOptions = {}): Promise<JobSpec> {
  const stores = await memoryStores([job], { partitions: 1, ...(options.channels && { channels: options.channels }) });
  const spec = new JobSpec(job, { ...stores, tables: madeWhenUsed(stores.tables) }, options);
  t.after(async () => {
    if (!spec.askedForDeadLetters) assert.deepEqual(await spec.deadLetters(), [], 'dead letters that nobody asked for');
    await stores.close();
  });
  await spec.lookups(...(options.rows ?? []));
  return spec;
}
