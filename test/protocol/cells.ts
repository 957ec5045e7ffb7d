/**
 * Tables in memory that settle cell by cell, as Cassandra does. For each cell the largest version wins, and of equal versions the larger
 * value. A whole write also removes older cells that it does not name. So changes of an older owner can mix with what
 * a newer one wrote. `tells`: a late write is answered with `stale`; otherwise its answer is like any other.
 */
import { Entries } from '../../core/entries.ts';
import { mapFields, type TableDef } from '../../core/target.ts';
import { type Change, compareVersions, type Key, type Version, type WriteResult } from '../../sinks/port.ts';
import type { RowWrite, StoredRow, Tables } from '../../sinks/tables/port.ts';

interface Cell {
  readonly version: Version;
  /** Undefined: deleted. */
  readonly value: unknown;
}
interface CellRow {
  readonly key: Key;
  readonly cells: Map<string, Cell>;
  /** The version of the newest whole write. Older cells do not count. */
  edge: Version;
}

const NEVER: Version = { token: -1, revision: -1 };
/** The name of the cell of a field or, with `entry`, of an entry of a map field. */
const cellOf = (field: string, entry = ''): string => `data/${field}/${entry}`;

export interface CellsOptions {
  readonly tells: boolean;
  /** Whether a claim takes a token above those of all partitions of its topic, and above the requested one. */
  readonly oneLine?: boolean;
}

export interface Cells extends Tables {
  /** A claim that pauses between reading the tokens and setting its own. */
  claimInSteps(
    job: string,
    topic: string,
    partition: number,
    above: number | undefined,
    pause: () => Promise<void> | void,
  ): Promise<number>;
  setToken(job: string, topic: string, partition: number, token: number): void;
  forgetClaims(): void;
  /** Copies everything. Returns a function that restores the copy. */
  backup(): () => void;
}

export function cellTables({ tells, oneLine = true }: CellsOptions): Cells {
  let tables = new Map<string, Map<string, CellRow>>();
  let tokens = new Map<string, number>();
  const lineOf = (job: string, topic: string): string => `${job}\0${topic}\0`;

  function rowsOf({ name }: TableDef): Map<string, CellRow> {
    const rows = tables.get(name) ?? new Map<string, CellRow>();
    tables.set(name, rows);
    return rows;
  }

  function put(
    table: TableDef,
    key: Key,
    version: Version,
    whole: boolean,
    cells: ReadonlyMap<string, unknown>,
  ): WriteResult {
    const rows = rowsOf(table);
    const id = key.join('\0');
    const row = rows.get(id) ?? { key, cells: new Map<string, Cell>(), edge: NEVER };
    rows.set(id, row);
    if (tells && [...row.cells.values()].some((cell) => compareVersions(cell.version, version) > 0)) return 'stale';
    if (whole) {
      for (const [name, cell] of row.cells) if (compareVersions(cell.version, version) < 0) row.cells.delete(name);
      if (compareVersions(version, row.edge) > 0) row.edge = version;
    }
    if (compareVersions(version, row.edge) < 0) return 'written';
    for (const [name, value] of cells) {
      const held = row.cells.get(name);
      if (held === undefined || wins({ version, value }, held)) row.cells.set(name, { version, value });
    }
    return 'written';
  }

  /** Whether the store compares versions and still has the data that the new owner read. */
  function mayLeaveData(table: TableDef, { key, taken }: RowWrite): boolean {
    const row = rowsOf(table).get(key.join('\0'));
    const held = row?.cells.get('version')?.value as Version | undefined;
    const { from } = taken ?? {};
    return tells && held !== undefined && from !== undefined && compareVersions(held, from) === 0;
  }

  function cellsOf({ record, key, sort }: TableDef, write: RowWrite, isTaken: boolean): Map<string, unknown> {
    const { data, at, outbox, timers, version, whole, unchanged } = write;
    const cells = new Map<string, unknown>([
      ['version', version],
      ['at', at],
      ['outbox', outbox],
    ]);
    if (unchanged?.timers !== true) cells.set('timers', timers);
    if (isTaken) return cells;
    cells.set('there', data !== undefined);
    const maps = new Set(mapFields(record).map(({ name }) => name));
    for (const { name } of data === undefined ? [] : record.fields) {
      const value = data?.[name];
      if (maps.has(name)) {
        const entries = value as Entries<unknown>;
        for (const [entry, each] of whole ? entries : entries.changes()) cells.set(cellOf(name, entry), each);
      } else if (![...key, ...sort].includes(name) && unchanged?.fields.has(name) !== true) {
        cells.set(cellOf(name), value);
      }
    }
    return cells;
  }

  function stored(table: TableDef, { key, cells }: CellRow): StoredRow | undefined {
    const value = <T>(name: string, missing: T): T => (cells.get(name)?.value as T | undefined) ?? missing;
    const version = value<Version | undefined>('version', undefined);
    if (version === undefined) return undefined;
    const bookkeeping = { key, version, at: value('at', ''), outbox: value('outbox', '') };
    const timers = value<StoredRow['timers']>('timers', {});
    return { ...bookkeeping, timers, data: value('there', false) ? dataOf(table, key, cells) : undefined };
  }

  function each(table: TableDef): StoredRow[] {
    return [...rowsOf(table).values()].flatMap((row) => stored(table, row) ?? []);
  }

  const claimInSteps: Cells['claimInSteps'] = async (job, topic, partition, above = 0, pause) => {
    const mine = `${lineOf(job, topic)}${partition}`;
    for (;;) {
      const was = tokens.get(mine);
      const line = [...tokens].filter(([name]) => (oneLine ? name.startsWith(lineOf(job, topic)) : name === mine));
      const token = 1 + Math.max(oneLine ? above : 0, ...line.map(([, other]) => other));
      await pause();
      if (tokens.get(mine) !== was) continue;
      tokens.set(mine, token);
      return token;
    }
  };

  return {
    prepare: async () => {},
    missing: async () => [],
    drifted: async () => [],
    drop: async () => {},
    generations: async () => undefined,
    setGenerations: async () => false,

    claim: (job, topic, partition, above) => claimInSteps(job, topic, partition, above, () => {}),
    claimInSteps,
    token: async (job, topic, partition) => tokens.get(`${lineOf(job, topic)}${partition}`) ?? 0,

    async read(table, keys) {
      return keys.map((key) => {
        const row = rowsOf(table).get(key.join('\0'));
        return row && stored(table, row);
      });
    },
    under: async (table, prefix) => each(table).filter(({ key }) => prefix.every((part, i) => key[i] === part)),
    // The jobs of this test never search.
    matching: async () => ({ items: [], next: undefined }),
    scan: async (table) => ({ items: each(table), next: undefined }),
    write: async (table, rows) =>
      rows.map((row) => {
        const isTaken = mayLeaveData(table, row);
        return put(table, row.key, row.version, row.whole && !isTaken, cellsOf(table, row, isTaken));
      }),
    due: async () => [],

    apply: async (view, changes) =>
      changes.map(({ key, version, record }: Change) => put(view, key, version, true, new Map([['record', record]]))),
    async select(view, prefix) {
      const rows = [...rowsOf(view).values()].filter(({ key }) => prefix.every((part, i) => key[i] === part));
      const records = rows.map(({ cells }) => cells.get('record')?.value as Record<string, unknown> | undefined);
      return { items: records.filter((record) => record !== undefined), next: undefined };
    },
    sweep: async () => 0,
    close: async () => {},

    setToken(job, topic, partition, token) {
      tokens.set(`${lineOf(job, topic)}${partition}`, token);
    },
    forgetClaims: () => tokens.clear(),

    backup() {
      const [keptTables, keptTokens] = [copyOf(tables), new Map(tokens)];
      return () => {
        tables = copyOf(keptTables);
        tokens = new Map(keptTokens);
      };
    },
  };
}

function copyOf(tables: ReadonlyMap<string, ReadonlyMap<string, CellRow>>): Map<string, Map<string, CellRow>> {
  const rowsOf = (rows: ReadonlyMap<string, CellRow>) =>
    new Map([...rows].map(([id, row]) => [id, { ...row, cells: new Map(row.cells) }]));
  return new Map([...tables].map(([name, rows]) => [name, rowsOf(rows)]));
}

/** The larger version wins; of equal versions the larger value, and a deletion counts as the largest. */
function wins(a: Cell, b: Cell): boolean {
  const order = compareVersions(a.version, b.version);
  return order > 0 || (order === 0 && rank(a.value) >= rank(b.value));
}

const rank = (value: unknown): string => (value === undefined ? '~' : JSON.stringify(value));

function dataOf({ record, key: fields, sort }: TableDef, key: Key, cells: ReadonlyMap<string, Cell>) {
  const data: Record<string, unknown> = {};
  const names = [...fields, ...sort];
  for (const { name } of record.fields) {
    const index = names.indexOf(name);
    data[name] = index >= 0 ? key[index + 1] : cells.get(cellOf(name))?.value;
  }
  for (const { name } of mapFields(record)) {
    const prefix = cellOf(name);
    const entries: [string, unknown][] = [];
    for (const [cell, { value }] of cells) {
      if (cell.startsWith(prefix) && value !== undefined) entries.push([cell.slice(prefix.length), value]);
    }
    data[name] = Entries.stored(entries);
  }
  return data;
}
