/** Converts rows to chunks of columns, with values for DuckDB. */
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  DuckDBDateValue,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  LIST,
  listValue,
  MAP,
  mapValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { CHUNK_ROWS } from '../../duckdb/connection.ts';
import { type Cell, type Column, type ColumnType, dayNumber, isDay, type Long, type SegmentRow } from './columns.ts';

const TYPES: Readonly<Record<ColumnType, DuckDBType>> = {
  string: VARCHAR,
  long: BIGINT,
  double: DOUBLE,
  boolean: BOOLEAN,
  timestamp: TIMESTAMPTZ,
  date: DATE,
  'list<long>': LIST(BIGINT),
  'map<int,long>': MAP(INTEGER, BIGINT),
  'map<string,long>': MAP(VARCHAR, BIGINT),
};

/** Converts a cell that is not null to a value of its column; throws if it does not fit. */
type Convert = (cell: Cell) => DuckDBValue;

const misfit = (expected: string): never => {
  throw new TypeError(`${expected} is expected`);
};

/** Keeps the last conversion: rows arrive day by day, and most cells have the value of the previous one. */
function sameAsBefore(convert: Convert): Convert {
  let before: { readonly cell: Cell; readonly value: DuckDBValue } | undefined;
  return (cell) => {
    if (before === undefined || before.cell !== cell) before = { cell, value: convert(cell) };
    return before.value;
  };
}

const long = (cell: Long): bigint => BigInt(cell);
const mapOf =
  (key: (key: unknown) => DuckDBValue): Convert =>
  (cell) => {
    if (!(cell instanceof Map)) return misfit('a Map');
    return mapValue(Array.from(cell as Map<unknown, Long>, ([k, value]) => ({ key: key(k), value: long(value) })));
  };

const CONVERTERS: Readonly<Record<ColumnType, Convert>> = {
  string: (cell) => (typeof cell === 'string' ? cell : misfit('a string')),
  long: (cell) => (typeof cell === 'bigint' || typeof cell === 'number' ? long(cell) : misfit('a whole number')),
  double: (cell) => (typeof cell === 'number' ? cell : misfit('a number')),
  boolean: (cell) => (typeof cell === 'boolean' ? cell : misfit('true or false')),
  timestamp: (cell) => {
    if (!Number.isSafeInteger(cell)) return misfit('a whole number of ms since 1970');
    return new DuckDBTimestampTZValue(BigInt(cell as number) * 1000n);
  },
  date: sameAsBefore((cell) => {
    return isDay(cell) ? new DuckDBDateValue(dayNumber(cell)) : misfit('a day as YYYY-MM-DD');
  }),
  'list<long>': (cell) => (Array.isArray(cell) ? listValue(cell.map(long)) : misfit('an array of whole numbers')),
  'map<int,long>': mapOf((key) => {
    return typeof key === 'number' && (key | 0) === key ? key : misfit('a key of 32 bits');
  }),
  'map<string,long>': mapOf((key) => (typeof key === 'string' ? key : misfit('a key that is a string'))),
};

export function typesOf(columns: readonly Column[]): DuckDBType[] {
  return columns.map(({ type }) => TYPES[type]);
}

/** Throws USAGE for a cell that does not fit its column, with the number of its row. */
export function* chunksOf(columns: readonly Column[], rows: Iterable<SegmentRow>): Generator<DuckDBValue[][]> {
  let first = 0;
  let batch: SegmentRow[] = [];
  const chunk = () => columns.map((column) => columnOf(column, batch, first));
  for (const row of rows) {
    batch.push(row);
    if (batch.length < CHUNK_ROWS) continue;
    yield chunk();
    first += batch.length;
    batch = [];
  }
  if (batch.length > 0) yield chunk();
}

function columnOf({ name, type, nullable }: Column, rows: readonly SegmentRow[], first: number): DuckDBValue[] {
  const convert = CONVERTERS[type];
  return rows.map((row, at) => {
    const cell = row[name];
    try {
      if (cell !== null && cell !== undefined) return convert(cell);
      return nullable ? null : misfit('a value');
    } catch (error) {
      const message = `row ${first + at} of a segment does not fit its column ${name} (${type}): ${messageOf(error)}`;
      throw new TributaryError('USAGE', message, { cause: error });
    }
  });
}
