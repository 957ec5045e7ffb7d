/** Converts DuckDB's types and values to those of the port. */
import {
  DuckDBDateValue,
  DuckDBListType,
  type DuckDBListValue,
  DuckDBMapType,
  type DuckDBMapValue,
  DuckDBTimestampTZValue,
  DuckDBTimestampValue,
  type DuckDBType,
  DuckDBTypeId,
  type DuckDBValue,
} from '@duckdb/node-api';
import type { AnswerType, Value } from '../port.ts';
import { refusedType, refusedValue } from '../refused.ts';

type Convert = (value: DuckDBValue) => Value;
interface Known {
  readonly type: AnswerType;
  readonly convert: Convert;
}
/** The types of its values other than null. */
type Scalar = Exclude<AnswerType, `list<${string}` | `map<${string}`>;
interface KnownScalar {
  readonly type: Scalar;
  readonly convert: Convert;
}

const MS_OF_DAY = 86_400_000;
const long: KnownScalar = { type: 'long', convert: (value) => BigInt(value as number | bigint) };
const double: KnownScalar = { type: 'double', convert: (value) => value as number };
const text = (type: Scalar): KnownScalar => ({ type, convert: String });
const local: KnownScalar = {
  type: 'local timestamp',
  convert: (value) => isoOf(msOf((value as DuckDBTimestampValue).micros)).slice(0, -1),
};

const SCALARS: Readonly<Partial<Record<DuckDBTypeId, KnownScalar>>> = {
  [DuckDBTypeId.BOOLEAN]: { type: 'boolean', convert: (value) => value as boolean },
  [DuckDBTypeId.TINYINT]: long,
  [DuckDBTypeId.SMALLINT]: long,
  [DuckDBTypeId.INTEGER]: long,
  [DuckDBTypeId.BIGINT]: long,
  [DuckDBTypeId.HUGEINT]: long,
  [DuckDBTypeId.UTINYINT]: long,
  [DuckDBTypeId.USMALLINT]: long,
  [DuckDBTypeId.UINTEGER]: long,
  [DuckDBTypeId.UBIGINT]: long,
  [DuckDBTypeId.UHUGEINT]: long,
  [DuckDBTypeId.SQLNULL]: long,
  [DuckDBTypeId.FLOAT]: double,
  [DuckDBTypeId.DOUBLE]: double,
  [DuckDBTypeId.DECIMAL]: text('decimal'),
  [DuckDBTypeId.VARCHAR]: text('string'),
  [DuckDBTypeId.ENUM]: text('string'),
  [DuckDBTypeId.TIMESTAMP_TZ]: {
    type: 'timestamp',
    convert: (value) => msOf((value as DuckDBTimestampTZValue).micros),
  },
  [DuckDBTypeId.TIMESTAMP]: local,
  [DuckDBTypeId.DATE]: {
    type: 'date',
    convert: (value) => isoOf((value as DuckDBDateValue).days * MS_OF_DAY).slice(0, -14),
  },
};

/** Rounded down to ms, before 1970 as well. */
const msOf = (micros: bigint): number => Number(micros < 0n ? (micros - 999n) / 1000n : micros / 1000n);

/** Years beyond four digits are written as in ISO 8601. */
const isoOf = (ms: number): string => new Date(ms).toISOString();

/** The type of a column, and its conversion. Throws QUERY_INVALID for an unsupported type. */
export function knownOf(column: string, type: DuckDBType): Known {
  const found = knownType(type);
  if (found === undefined) throw refusedType(column, String(type));
  const { convert } = found;
  const finite: Convert = (value) => {
    if (value === null) return null;
    if (isInfinite(value)) throw refusedValue(column, 'a time without end');
    return convert(value);
  };
  return { type: found.type, convert: finite };
}

function knownType(type: DuckDBType): Known | undefined {
  const scalar = SCALARS[type.typeId];
  if (scalar !== undefined) return scalar;
  if (type instanceof DuckDBListType) {
    const element = SCALARS[type.valueType.typeId];
    if (element === undefined) return undefined;
    const each = orNull(element.convert);
    return { type: `list<${element.type}>`, convert: (value) => (value as DuckDBListValue).items.map(each) };
  }
  if (type instanceof DuckDBMapType) {
    const [key, value] = [SCALARS[type.keyType.typeId], SCALARS[type.valueType.typeId]];
    if (key === undefined || value === undefined) return undefined;
    const [keyOf, cellOf] = [key.convert, orNull(value.convert)];
    const convert: Convert = (map) =>
      new Map((map as DuckDBMapValue).entries.map((entry) => [keyOf(entry.key), cellOf(entry.value)]));
    return { type: `map<${key.type},${value.type}>`, convert };
  }
  return undefined;
}

const orNull =
  (convert: Convert): Convert =>
  (value) =>
    value === null ? null : convert(value);

function isInfinite(value: DuckDBValue): boolean {
  const isTime =
    value instanceof DuckDBTimestampTZValue ||
    value instanceof DuckDBTimestampValue ||
    value instanceof DuckDBDateValue;
  return isTime && !value.isFinite;
}
