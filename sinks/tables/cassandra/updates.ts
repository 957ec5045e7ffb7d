/** Updates of rows, which contain only what changed. */
import { types } from 'cassandra-driver';
import { Entries } from '../../../core/entries.ts';
import { once } from '../../../core/once.ts';
import type { RowWrite, Unchanged } from '../port.ts';
import type { TableRequest } from './request.ts';
import { bookkeepingOf, longOf, timerParameters } from './rows.ts';

/**
 * Each combination of changes has its own statement, because unset values of a statement would still be sent, read and
 * processed. A table has some dozens of combinations, and Cassandra keeps thousands of prepared statements. If a table
 * has more combinations, the others use a statement that names everything, with unchanged values unset.
 */
const MOST_SHAPES = 200;

/** The statements so far, by the positions that they set. */
const statementsOf = once((_request: TableRequest) => new Map<string, string>());

export function updateStatement(request: TableRequest, row: RowWrite): { query: string; params: unknown[] } {
  const values = valuesOf(request, row);
  const known = statementsOf(request);
  let indexes = [...values.keys()].filter((index) => values[index] !== types.unset);
  if (known.size >= MOST_SHAPES && !known.has(indexes.join())) indexes = [...values.keys()];
  const shape = indexes.join();
  let query = known.get(shape);
  if (query === undefined) {
    query = request.update(indexes);
    known.set(shape, query);
  }
  return { query, params: [longOf(row.version), ...indexes.map((index) => values[index]), ...row.key] };
}

/** The values of everything that an update can set; `unset` for values that the store already has. */
function valuesOf(request: TableRequest, row: RowWrite): unknown[] {
  const { data, unchanged } = row;
  const values: unknown[] = [];
  for (const { field, codec } of request.columns) {
    values.push(unchanged?.fields.has(field) ? types.unset : codec.encode(data?.[field]));
  }
  for (const map of request.maps) {
    const entries = data?.[map.field];
    let added: Map<string, unknown> | undefined;
    let removed: string[] | undefined;
    for (const [entry, value] of entries instanceof Entries ? entries.changes() : Object.entries(entries ?? {})) {
      if (value === undefined) {
        removed ??= [];
        removed.push(entry);
      } else {
        added ??= new Map();
        added.set(entry, map.codec.encode(value));
      }
    }
    values.push(added ?? types.unset, removed ?? types.unset);
  }
  values.push(...(unchanged === undefined ? bookkeepingOf(row) : changesOf(row, unchanged)));
  return values;
}

/** The bookkeeping of a row that existed before, still exists, and has the same owner and partition. */
function changesOf({ version, at, outbox, timers }: RowWrite, unchanged: Unchanged): unknown[] {
  const { unset } = types;
  const [text, due] = unchanged.timers ? [unset, unset] : timerParameters(timers);
  return [unset, version.revision, unset, at, outbox, text, due, unset];
}
