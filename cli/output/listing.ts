/** Prints lists in the three forms that every command offers: a table for people, JSON for programs, CSV for spreadsheets and scripts. */

import { isoOf } from '../../app/text/time-text.ts';
import { isNullable, type RecordSchema, type Schema } from '../../core/avro.ts';
import { type Context, print, printJson, printTable } from '../context.ts';
import { paintOf, type Style } from './colors.ts';

export interface Form {
  readonly json: boolean;
  readonly csv?: boolean;
  readonly colors?: boolean;
}

export interface Listing {
  readonly head: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
  /** The same for programs; it may have more fields. */
  readonly json: unknown;
  /** The style of a row, where colours are shown. */
  readonly style?: (row: number) => Style | undefined;
}

const WIDEST_CELL = 60;

export async function printListing(
  context: Pick<Context, 'stdout' | 'signal'>,
  { json, csv, colors }: Form,
  listing: Listing,
): Promise<void> {
  const { head, rows } = listing;
  if (json) return printJson(context, listing.json);
  if (csv === true) {
    for (const row of [head, ...rows]) await print(context, row.map(csvCell).join(','));
    return;
  }
  if (rows.length > 0) {
    const paint = paintOf(colors === true);
    const dress = (line: string, row: number | undefined): string => {
      const style = row === undefined ? 'bold' : listing.style?.(row);
      return style === undefined ? line : paint(style, line);
    };
    const cells = rows.map((row) => row.map(tableCell));
    await printTable(context, head, cells, dress);
  }
}

/** A missing value is a dash. A long value is cut; the other forms have all of it. */
function tableCell(value: unknown): string | number {
  if (typeof value === 'number') return value;
  const text = textOf(value);
  if (text === '') return '-';
  return typeof value === 'object' && text.length > WIDEST_CELL ? `${text.slice(0, WIDEST_CELL - 1)}…` : text;
}

/** RFC 4180, except for the line ends. */
export function csvCell(value: unknown): string {
  const text = textOf(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** Records of one schema, with one column per field. */
export function recordsListing(record: RecordSchema, items: readonly object[], json: unknown): Listing {
  const head = record.fields.map(({ name }) => name);
  const rows = items.map((item) => {
    const readable = readableOf(record, item) as Readonly<Record<string, unknown>>;
    return head.map((name) => readable[name]);
  });
  return { head, rows, json };
}

const TIME = 'ms since 1970 UTC';

export const isTime = ({ unit }: { readonly unit?: string }): boolean => unit === TIME;

/** The value with its times in ISO 8601, with the zone. */
export function readableOf(schema: Schema, value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (isNullable(schema)) return readableOf(schema[1], value);
  if (typeof schema === 'string' || schema.type === 'enum') return value;
  if (schema.type === 'array') return (value as readonly unknown[]).map((item) => readableOf(schema.items, item));
  if (schema.type === 'map') return mapped(value, (_, each) => readableOf(schema.values, each));
  const fields = new Map(schema.fields.map((field) => [field.name, field]));
  return mapped(value, (name, each) => {
    const field = fields.get(name);
    if (field === undefined) return each;
    return isTime(field) && typeof each === 'number' ? isoOf(each) : readableOf(field.type, each);
  });
}

function mapped(value: object, change: (name: string, each: unknown) => unknown): object {
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, change(name, each)]));
}
