/** Updates of rows: each says only what changed. */
import { types } from 'cassandra-driver';
import { Entries } from '../../../schemas/entries.ts';
import type { RowWrite, Unchanged } from '../port.ts';
import type { TableRequest } from './request.ts';
import { bookkeepingOf, longOf, timerParameters } from './rows.ts';

/**
 * What changes together makes a statement of its own, since what a statement only leaves unset is sent, read and looked at. Of a
 * table there are some dozens of them. Cassandra keeps thousands of prepared statements; should there be more than these,
 * the others name everything and leave unset what did not change.
 */
const MOST_SHAPES = 200;

const shapes = new WeakMap<TableRequest, Map<string, string>>();

export function updateStatement(request: TableRequest, row: RowWrite): { query: string; params: unknown[] } {
  const values = valuesOf(request, row);
  const set: number[] = [];
  for (let place = 0; place < values.length; place++) if (values[place] !== types.unset) set.push(place);
  const known = shapesOf(request);
  const shape = set.join();
  let query = known.get(shape);
  if (query === undefined) {
    if (known.size >= MOST_SHAPES) return everything(request, row, values);
    query = request.update(set);
    known.set(shape, query);
  }
  const params: unknown[] = [longOf(row.version)];
  for (const place of set) params.push(values[place]);
  params.push(...row.key);
  return { query, params };
}

function everything(request: TableRequest, row: RowWrite, values: readonly unknown[]) {
  return { query: request.update([...values.keys()]), params: [longOf(row.version), ...values, ...row.key] };
}

function shapesOf(request: TableRequest): Map<string, string> {
  let known = shapes.get(request);
  if (known === undefined) {
    known = new Map();
    shapes.set(request, known);
  }
  return known;
}

/** Of each thing that an update can set, the value; `unset` for what the store has already. */
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
      if (value === undefined) removed = [...(removed ?? []), entry];
      else added = (added ?? new Map<string, unknown>()).set(entry, map.codec.encode(value));
    }
    values.push(added ?? types.unset, removed ?? types.unset);
  }
  values.push(...(unchanged === undefined ? bookkeepingOf(row) : changesOf(row, unchanged)));
  return values;
}

/** The bookkeeping of a row that was and is there, of the same owner and partition. */
function changesOf({ version, at, outbox, timers }: RowWrite, unchanged: Unchanged): unknown[] {
  const { unset } = types;
  const [text, due] = unchanged.timers ? [unset, unset] : timerParameters(timers);
  return [unset, version.revision, unset, at, outbox, text, due, unset];
}
