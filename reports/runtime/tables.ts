/** The table that a source publishes to: the current generation, created if it does not exist. */
import { randomUUID } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';
import type { DuckDb } from '../../duckdb/database.ts';
import {
  type Add,
  type Committed,
  type DeltaTable,
  deltaTable,
  type Propose,
  type Snapshot,
  segmentWriter,
} from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { SegmentRow } from '../../sinks/segments/columns.ts';
import { type CurrentGeneration, currentGeneration, tableName } from './generations.ts';
import type { SegmentSource } from './source.ts';

/** What tables need. */
export interface TableStores {
  readonly objects: Objects;
  readonly duck: DuckDb;
  /** In ms since 1970 UTC. */
  readonly now: () => number;
  /** The name and version of the committing program, for people. */
  readonly engine: string;
}

export interface SegmentTable {
  readonly name: string;
  /** The newest snapshot. */
  refresh(): Promise<Snapshot>;
  /** Uploads rows. They are not in the table until a commit adds them. */
  write(rows: Iterable<SegmentRow>): Promise<Add[]>;
  /** Like `DeltaTable.commit`. Throws FENCED if another generation has become current. */
  commit(propose: Propose): Promise<Committed>;
}

/** Opens a generation of a source, by its number. */
export type OpenGeneration = (generation: number) => Promise<{
  readonly table: Pick<DeltaTable, 'table' | 'refresh' | 'commit'>;
  readonly write: SegmentTable['write'];
}>;

/** Opens a generation of a source and creates its table if it does not exist. Throws TABLE_DRIFTED if the source cannot publish to it. */
export async function openGeneration(
  stores: TableStores,
  source: SegmentSource,
  generation: number,
): Promise<{ readonly table: DeltaTable; readonly write: SegmentTable['write'] }> {
  const { objects, duck, now, engine } = stores;
  const { prefix, layout, sortBy, fixed, doc } = source;
  const table = deltaTable({ objects, duck, table: tableName(prefix, generation), now, engine });
  const snapshot = await table.create({ layout, description: doc, configuration: fixed });
  for (const [name, value] of Object.entries(fixed)) {
    const before = snapshot.metaData.configuration?.[name];
    if (before === value) continue;
    throw new TributaryError(
      'TABLE_DRIFTED',
      `the table ${table.table} was made with ${name} ${before}, and the declaration says ${value}; rebuild it: tributary rollup rebuild`,
    );
  }
  // Unique, even after a crash of this process.
  const writer = `${source.name}-${randomUUID()}`;
  const segments = segmentWriter({ objects, duck, table: table.table, layout, writer, sortBy, now });
  return { table, write: (rows) => segments.write(rows) };
}

/** The current generation of a source at the time of the call. */
export class CurrentTable implements SegmentTable {
  readonly #objects: Pick<Objects, 'head' | 'get'>;
  readonly #prefix: string;
  readonly #openOne: OpenGeneration;
  #current: CurrentGeneration | undefined;
  #opened: Awaited<ReturnType<OpenGeneration>> | undefined;
  /** The last read that has begun, and the one after it. */
  #reading: Promise<unknown> = Promise.resolve();
  #next: Promise<Snapshot> | undefined;

  constructor(
    stores: TableStores,
    source: SegmentSource,
    open: OpenGeneration = (generation) => openGeneration(stores, source, generation),
  ) {
    this.#objects = stores.objects;
    this.#prefix = source.prefix;
    this.#openOne = open;
  }

  get name(): string {
    return this.#opened?.table.table ?? this.#prefix;
  }

  /** Calls during a read share the next one. */
  refresh(): Promise<Snapshot> {
    this.#next ??= this.#reading.then(() => {
      this.#next = undefined;
      const found = this.#open().then(({ table }) => table.refresh());
      this.#reading = found.catch(() => undefined);
      return found;
    });
    return this.#next;
  }

  async write(rows: Iterable<SegmentRow>): Promise<Add[]> {
    return this.#table.write(rows);
  }

  async commit(propose: Propose): Promise<Committed> {
    const { table } = this.#table;
    const current = await currentGeneration(this.#objects, this.#prefix, this.#current);
    if (current.swaps !== this.#current?.swaps) {
      const now = tableName(this.#prefix, current.generation);
      throw new TributaryError('FENCED', `${now} has replaced ${table.table}; going on there`);
    }
    return table.commit(propose);
  }

  get #table() {
    if (this.#opened === undefined) throw new TributaryError('USAGE', 'a table is refreshed before it is written to');
    return this.#opened;
  }

  async #open() {
    const current = await currentGeneration(this.#objects, this.#prefix, this.#current);
    if (this.#opened === undefined || current.generation !== this.#current?.generation) {
      this.#opened = await this.#openOne(current.generation);
    }
    this.#current = current;
    return this.#opened;
  }
}
