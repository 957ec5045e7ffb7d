/**
 * Compares two generations of a job's rows, row by row, while both are being written. Records that the other generation has not read yet do
 * not count as differences.
 */
import { TributaryError } from '../../../../core/errors.ts';
import { keyFields, type TableDef } from '../../../../core/target.ts';
import type { StoredRow, Tables } from '../../../../sinks/tables/port.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import { partitionOfText } from '../../../../topics/log/partition.ts';
import type { Job, Row } from '../../../define.ts';
import { patientOf } from '../../patient.ts';
import type { Runtime } from '../../stores.ts';
import { plain } from '../plain.ts';
import { lastApplied, parseAt } from '../position.ts';
import { readableOf } from './readable.ts';
import { groupOf } from './silent.ts';
import { generationsOf, tableOf } from './state.ts';
import type { SwapOptions } from './swap.ts';

export interface Comparison {
  readonly job: string;
  readonly current: number;
  readonly other: number;
  /** Rows that are equal in both. */
  same: number;
  /** Rows to which the job has applied records that the other generation has not read yet. */
  behind: number;
  readonly onlyCurrent: Some<readonly string[]>;
  readonly onlyOther: Some<readonly string[]>;
  /** By the name of the field. Pending timers count as a field `timers`. */
  readonly differing: Record<string, Some<Difference>>;
  /** Fields that are not compared, because one of the tables does not have them as now declared. */
  readonly notCompared: readonly string[];
}

interface Some<T> {
  count: number;
  readonly examples: T[];
}

export interface Difference {
  readonly key: readonly string[];
  readonly current: unknown;
  readonly other: unknown;
}

const EXAMPLES = 5;
const ROWS_AT_ONCE = 500;

type Options = Pick<SwapOptions, 'signal' | 'waiting'> & { readonly progress: (rows: number) => void };

export async function compareGenerations(
  job: Job,
  other: number,
  runtime: Runtime,
  options: Options,
): Promise<Comparison> {
  const { tables } = runtime.stores;
  const { current } = await generationsOf(tables, job.name);
  const withRetries = patientOf(runtime, options);
  const defs = await Promise.all([current, other].map((each) => readable(tables, tableOf(job.row, each))));
  const [here, there] = defs as [TableDef, TableDef];
  const fields = job.row.record.fields.map(({ name }) => name);
  const isRead = (name: string): boolean => defs.every((def) => def.record.fields.some((field) => field.name === name));
  const compared = fields.filter((name) => isRead(name) && !keyFields(job.row).includes(name));
  const result: Comparison = {
    job: job.name,
    current,
    other,
    same: 0,
    behind: 0,
    onlyCurrent: none(),
    onlyOther: none(),
    differing: {},
    notCompared: fields.filter((name) => !isRead(name)),
  };
  const isBehind = await behindOf(job, other, runtime);
  let count = 0;
  for await (const [rows, others] of pairs(tables, here, there, withRetries)) {
    rows.forEach((row, i) => {
      const is = others[i];
      if (row.data === undefined && is?.data === undefined) return;
      const differing = is?.data === undefined || row.data === undefined ? undefined : differences(row, is, compared);
      if (differing?.length === 0) result.same += 1;
      else if (isBehind(row)) result.behind += 1;
      else if (is?.data === undefined) add(result.onlyCurrent, row.key);
      else if (row.data === undefined) add(result.onlyOther, row.key);
      else
        for (const { field, ...values } of differing ?? []) note(result.differing, field, { key: row.key, ...values });
    });
    count += rows.length;
    options.progress(count);
  }
  for await (const [rows, others] of pairs(tables, there, here, withRetries)) {
    rows.forEach((row, i) => {
      // Rows that the other table has, or had, were compared above.
      if (row.data !== undefined && others[i] === undefined) add(result.onlyOther, row.key);
    });
    count += rows.length;
    options.progress(count);
  }
  return result;
}

async function readable(tables: Tables, table: TableDef): Promise<TableDef> {
  const def = await readableOf(tables, table);
  if (def !== undefined) return def;
  throw new TributaryError('NOT_FOUND', `the table ${table.name} does not exist, or its key is not the declared one`);
}

/** The rows of one table in pages, each row with its counterpart in the other. */
async function* pairs(
  tables: Tables,
  of: TableDef,
  others: TableDef,
  withRetries: ReturnType<typeof patientOf>,
): AsyncIterable<readonly [readonly StoredRow[], readonly (StoredRow | undefined)[]]> {
  let after: string | undefined;
  do {
    const { items, next } = await withRetries(() => tables.scan(of, { limit: ROWS_AT_ONCE, after }));
    yield [
      items,
      await withRetries(() =>
        tables.read(
          others,
          items.map(({ key }) => key),
        ),
      ),
    ];
    after = next;
  } while (after !== undefined);
}

/** Whether the job has applied records to a row that the other generation had not read when the comparison began. */
async function behindOf({ name, from }: Job, other: number, { stores }: Runtime): Promise<(row: StoredRow) => boolean> {
  const { transport } = stores;
  const [[shape], committed] = await Promise.all([
    transport.shape([from.name]),
    transport.committed(groupOf(name, other), from.name),
  ]);
  return ({ key, at }) => {
    const partition = partitionOfText(key[1] as string, shape?.partitions ?? 1);
    return lastApplied(parseAt(at, shortId(shape?.id)), partition) >= (committed[partition]?.offset ?? 0);
  };
}

function differences(a: StoredRow, b: StoredRow, fields: readonly string[]) {
  const of = (row: StoredRow): Row => ({ ...row.data, timers: row.timers });
  const [current, other] = [of(a), of(b)];
  return [...fields, 'timers'].flatMap((field) => {
    const [was, is] = [plain(current[field]), plain(other[field])];
    return JSON.stringify(was) === JSON.stringify(is) ? [] : [{ field, current: was, other: is }];
  });
}

const none = <T>(): Some<T> => ({ count: 0, examples: [] });

function add<T>(some: Some<T>, example: T): void {
  some.count += 1;
  if (some.examples.length < EXAMPLES) some.examples.push(example);
}

function note(differing: Comparison['differing'], field: string, difference: Difference): void {
  const some = differing[field] ?? none<Difference>();
  differing[field] = some;
  add(some, difference);
}
