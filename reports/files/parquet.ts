/** Parquet in row groups, of which only one is in memory. Timestamps are in UTC, and longs have 64 bits. */
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { TributaryError } from '../../core/errors.ts';
import { aboutJson, truncatedWords } from './about.ts';
import type { Cell, FileColumn, FileRow, FileSpec, Progress } from './format.ts';
import { dayFrom, daysTo } from './times.ts';

/** A group ends at this many rows, or at texts of this many characters. */
const GROUP_ROWS = 8_192;
const GROUP_CHARACTERS = 4_000_000;
const DECIMAL_DIGITS = 38;
const DECIMAL_BYTES = 16;

type Schema = ConstructorParameters<typeof ParquetWriter>[0]['schema'];
type Field = Schema[number];
type Stored = string | bigint | number | boolean | null;

interface StoredColumn {
  readonly field: Field;
  readonly store: (cell: Exclude<Cell, null>) => Stored;
}

export async function* writeParquet(
  spec: FileSpec,
  pages: AsyncIterable<readonly FileRow[]>,
  progress: Progress,
): AsyncGenerator<Uint8Array> {
  let file: GroupWriter | undefined;
  for await (const group of groupsOf(pages, spec.columns)) {
    // The first rows determine the digits after the point of a decimal.
    file ??= groupWriter(spec.columns, group);
    yield file.write(group);
  }
  file ??= groupWriter(spec.columns, []);
  yield file.finish([
    { key: 'tributary.about', value: aboutJson(spec.about, progress) },
    ...(progress.truncated ? [{ key: 'tributary.notice', value: truncatedWords(spec.rowLimit) }] : []),
  ]);
}

async function* groupsOf(
  pages: AsyncIterable<readonly FileRow[]>,
  columns: readonly FileColumn[],
): AsyncGenerator<readonly FileRow[]> {
  const texts = columns.flatMap(({ type }, at) => (type === 'string' ? [at] : []));
  let group: FileRow[] = [];
  let characters = 0;
  for await (const page of pages) {
    for (const row of page) {
      group.push(row);
      for (const at of texts) characters += String(row[at] ?? '').length;
      if (group.length < GROUP_ROWS && characters < GROUP_CHARACTERS) continue;
      yield group;
      group = [];
      characters = 0;
    }
  }
  if (group.length > 0) yield group;
}

interface GroupWriter {
  write(group: readonly FileRow[]): Uint8Array;
  finish(metadata: { readonly key: string; readonly value: string }[]): Uint8Array;
}

function groupWriter(columns: readonly FileColumn[], first: readonly FileRow[]): GroupWriter {
  const stored = columns.map((column, at) => storedColumn(column, () => first.map((row) => row[at] ?? null)));
  const bytes = new ByteWriter();
  const schema: Schema = [
    { name: 'schema', num_children: columns.length },
    ...stored.map(({ field }): Field => ({ ...field, repetition_type: 'OPTIONAL' })),
  ];
  const writer = new ParquetWriter({ writer: bytes, schema });
  /** The bytes written since the last call. */
  const taken = (): Uint8Array => {
    const piece = bytes.getBytes().slice();
    bytes.index = 0;
    return piece;
  };
  return {
    write(group) {
      // The target is a buffer, so there is nothing to await.
      void writer.write({
        columnData: stored.map(({ field, store }, at) => ({
          name: field.name,
          data: group.map((row) => {
            const cell = row[at];
            return cell === null || cell === undefined ? null : store(cell);
          }),
        })),
        rowGroupSize: group.length,
      });
      return taken();
    },
    finish(metadata) {
      writer.kvMetadata = metadata;
      void writer.finish();
      return taken();
    },
  };
}

function storedColumn(column: FileColumn, firstCells: () => readonly Cell[]): StoredColumn {
  const { name } = column;
  switch (column.type) {
    case 'string':
      return {
        field: { name, type: 'BYTE_ARRAY', converted_type: 'UTF8', logical_type: { type: 'STRING' } },
        store: (cell) => String(cell),
      };
    case 'long':
      return { field: { name, type: 'INT64' }, store: (cell) => long(name, BigInt(cell)) };
    case 'double':
      return { field: { name, type: 'DOUBLE' }, store: (cell) => cell };
    case 'boolean':
      return { field: { name, type: 'BOOLEAN' }, store: (cell) => cell };
    case 'date':
      return {
        field: { name, type: 'INT32', converted_type: 'DATE', logical_type: { type: 'DATE' } },
        store: (cell) => daysTo(dayFrom(String(cell))),
      };
    case 'timestamp':
      return {
        field: {
          name,
          type: 'INT64',
          converted_type: 'TIMESTAMP_MILLIS',
          logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        },
        store: (cell) => BigInt(cell),
      };
    case 'decimal': {
      const scale = column.scale ?? Math.max(0, ...firstCells().map(scaleOf));
      return {
        field: {
          name,
          type: 'FIXED_LEN_BYTE_ARRAY',
          type_length: DECIMAL_BYTES,
          converted_type: 'DECIMAL',
          precision: DECIMAL_DIGITS,
          scale,
          logical_type: { type: 'DECIMAL', precision: DECIMAL_DIGITS, scale },
        },
        store: (cell) => unscaled(name, String(cell), scale),
      };
    }
  }
}

function long(column: string, value: bigint): bigint {
  if (BigInt.asIntN(64, value) === value) return value;
  throw refused(column, value, 'is too large for Parquet, whose longs have 64 bits', 'cast it to a decimal');
}

const scaleOf = (cell: Cell): number => (typeof cell === 'string' ? (cell.split('.')[1]?.length ?? 0) : 0);

/** A decimal as an integer, in units of its last digit. */
function unscaled(column: string, text: string, scale: number): bigint {
  const [whole = '', fraction = ''] = text.split('.');
  const digits = fraction.replace(/0+$/, '');
  if (digits.length > scale) {
    const what = `has more digits after the point than the ${scale} of the rows before it`;
    throw refused(column, text, what, 'cast the column to a DECIMAL of one scale');
  }
  const value = BigInt(whole + digits.padEnd(scale, '0'));
  if (String(value).replace('-', '').length <= DECIMAL_DIGITS) return value;
  throw refused(column, text, `has more than ${DECIMAL_DIGITS} digits`, 'cast it to a text');
}

const refused = (column: string, value: unknown, what: string, todo: string): TributaryError =>
  new TributaryError('QUERY_INVALID', `column ${column}: ${value} ${what}; ${todo}, or choose another format`);
