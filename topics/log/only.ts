/**
 * The headers that limit the replay of a dead letter to those rows of its event that did not take it, or whose views could not be
 * written. A key is a list of its fields, without the tenant.
 */
import { isKeyPart } from '../../core/key-part.ts';
import { parseJson } from '../codec/json-value.ts';
import type { Headers } from './transport.ts';

/** The keys of the rows that are to take the event, as JSON. */
export const ONLY_ROWS = 'tributary-only-rows';
/** The keys of the rows that took the event already and are to write their views again, as JSON. */
export const ONLY_VIEWS = 'tributary-only-views';

export type RowKeys = readonly (readonly string[])[];

export interface OnlyRows {
  readonly rows: RowKeys;
  readonly views: RowKeys;
}

/** Undefined if the record is for all rows of its event. A string is the name of a header that cannot be read. */
export function onlyRows(headers: Headers): OnlyRows | string | undefined {
  if (headers[ONLY_ROWS] === undefined && headers[ONLY_VIEWS] === undefined) return undefined;
  const [rows, views] = [parseKeys(headers[ONLY_ROWS]), parseKeys(headers[ONLY_VIEWS])];
  if (rows === undefined) return ONLY_ROWS;
  return views === undefined ? ONLY_VIEWS : { rows, views };
}

/** No keys if there is no header; undefined if the header is not a list of keys. */
export function parseKeys(header: string | Uint8Array | undefined): RowKeys | undefined {
  if (header === undefined) return [];
  const parsed = parseJson(typeof header === 'string' ? Buffer.from(header) : header);
  if (parsed.kind === 'rejected' || !Array.isArray(parsed.value)) return undefined;
  const isKey = (key: unknown) => Array.isArray(key) && key.every((part) => isKeyPart(part));
  return parsed.value.every(isKey) ? (parsed.value as RowKeys) : undefined;
}
