/** The records that jobs keep for readers: by key, in lists, by search and live. The routes of a projection depend on its kind. */
import { z } from 'zod';
import { type FieldProblem, TributaryError } from '../../../core/errors.ts';
import { isKeyPart, LONGEST_KEY_PART } from '../../../core/key-part.ts';
import { type CacheDef, type IndexDef, keyFields, type TableDef, type Target } from '../../../core/target.ts';
import type { Key } from '../../../sinks/port.ts';
import { liveRecords } from '../projections/live.ts';
import { checkPersonalTerms, personalQuery, type View, viewOf } from '../projections/personal.ts';
import { recordShape } from '../projections/records.ts';
import { searchQuery, termsIn } from '../projections/search-query.ts';
import { needRole } from '../roles.ts';
import { type Caller, defineRoute, type Route, type Service } from '../route.ts';
import { pageQuery } from '../shapes.ts';

type Found = Readonly<Record<string, unknown>>;

const next = z.string().nullable().describe('The cursor of the next page. Null at the end.');

const projectionShape = z
  .object({
    name: z.string(),
    kind: z.enum(['table', 'index', 'cache']),
    doc: z.string(),
    key: z.array(z.string()).describe('The fields by which records are found.'),
    sort: z.array(z.string()).describe('The fields that order the records of one key.'),
    fields: z.array(
      z.object({ name: z.string(), doc: z.string(), unit: z.string().optional(), personal: z.boolean() }),
    ),
    addresses: z.array(z.string()).describe('Where its records are.'),
  })
  .meta({ id: 'Projection' });

export const listProjections = (targets: readonly Target[]): Route =>
  defineRoute({
    name: 'listProjections',
    method: 'GET',
    path: '/v1/projections',
    summary: 'The records that jobs keep for readers: what there is, and where.',
    scope: 'projections:read',
    answers: { 200: { doc: 'The projections.', body: z.object({ projections: z.array(projectionShape) }) } },
    async run({ caller }) {
      needReader(caller);
      return { status: 200, body: { projections: targets.map(described) } };
    },
  });

function described(target: Target): z.input<typeof projectionShape> {
  const { name, kind, doc, key, sort, record } = target;
  const fields = record.fields.map(({ name, doc, unit, personal = false }) => {
    return { name, doc, ...(unit !== undefined && { unit }), personal };
  });
  const addresses = projectionRoutes(target).map(({ path }) => path);
  return { name, kind, doc, key: [...key], sort: [...sort], fields, addresses };
}

export function projectionRoutes(target: Target): readonly Route[] {
  switch (target.kind) {
    case 'table':
      return target.sort.length === 0 ? [getRecord(target)] : [listRecords(target), getRecord(target)];
    case 'index':
      return [searchRecords(target)];
    case 'cache':
      return target.live ? [getEntry(target), followEntry(target)] : [getEntry(target)];
  }
}

const identifier = ({ name }: Target): string => name.replaceAll(/[^A-Za-z0-9]+/g, '_');

const base = ({ name, kind, key, doc }: Target) => {
  const fields = kind === 'index' ? [] : key;
  return { method: 'GET', path: ['/v1/projections', name, ...fields.map(inPath)].join('/'), doc } as const;
};
const inPath = (field: string): string => `{${field}}`;

function keyShape(target: Target, fields: readonly string[]): z.ZodObject {
  const doc = (name: string) => target.record.fields.find((field) => field.name === name)?.doc ?? '';
  const part = z
    .string()
    .min(1)
    .max(LONGEST_KEY_PART)
    .refine((value) => isKeyPart(value), 'it must be a text without null characters');
  return z.object(Object.fromEntries(fields.map((name) => [name, part.describe(doc(name))])));
}

function getRecord(table: TableDef): Route {
  const fields = keyFields(table);
  return defineRoute({
    ...base(table),
    name: `get_${identifier(table)}`,
    path: ['/v1/projections', table.name, ...fields.map(inPath)].join('/'),
    summary: `One record of ${table.name}.`,
    scope: 'projections:read',
    takes: { path: keyShape(table, fields), query: z.object(personalQuery(table)) },
    answers: { 200: { doc: 'The record.', body: recordShape(table) } },
    async run({ caller, path, query }, service) {
      const shown = viewFor(table, { caller, query }, service);
      const key = keyIn(path, fields);
      const { items } = await service.projections.tables.select(table, [caller.tenant, ...key], { limit: 1 });
      return { status: 200, body: await one(shown, oneOf(items, table, key)) };
    },
  });
}

const listRecords = (table: TableDef): Route =>
  defineRoute({
    ...base(table),
    name: `list_${identifier(table)}`,
    summary: `The records of ${table.name} with one key, in their order.`,
    scope: 'projections:read',
    takes: { path: keyShape(table, table.key), query: z.object({ ...personalQuery(table), ...pageQuery }) },
    answers: { 200: { doc: 'A page of records.', body: z.object({ items: z.array(recordShape(table)), next }) } },
    async run({ caller, path, query }, service) {
      const shown = viewFor(table, { caller, query }, service);
      const prefix = [caller.tenant, ...keyIn(path, table.key)];
      const { limit, cursor } = query;
      const page = await withCursor(service.projections.tables.select(table, prefix, { limit, after: cursor }), cursor);
      return { status: 200, body: { items: await shown(page.items), next: page.next ?? null } };
    },
  });

function searchRecords(index: IndexDef): Route {
  const shape = recordShape(index);
  return defineRoute({
    ...base(index),
    name: `search_${identifier(index)}`,
    summary: `Search ${index.name} by words, values and ranges.`,
    scope: 'projections:read',
    takes: { query: searchQuery(index).extend(personalQuery(index)) },
    answers: {
      200: { doc: 'A page of what was found.', body: z.object({ total: z.int().min(0), items: z.array(shape), next }) },
    },
    async run({ caller, query }, service) {
      const shown = viewFor(index, { caller, query }, service);
      const { personal, ...terms } = termsIn(index, query);
      checkPersonalTerms(personal, caller, query);
      const { limit, cursor } = query as { readonly limit: number; readonly cursor?: string };
      const asked = { tenant: caller.tenant, ...terms, limit, after: cursor };
      const page = await withCursor(service.projections.search.search(index, asked), cursor);
      return { status: 200, body: { total: page.total, items: await shown(page.items), next: page.next ?? null } };
    },
  });
}

function getEntry(cache: CacheDef): Route {
  const isOne = cache.sort.length === 0;
  const record = recordShape(cache);
  return defineRoute({
    ...base(cache),
    name: `get_${identifier(cache)}`,
    summary: isOne ? `One record of ${cache.name}.` : `The records of ${cache.name} with one key, in their order.`,
    scope: 'projections:read',
    takes: { path: keyShape(cache, cache.key), query: z.object(personalQuery(cache)) },
    answers: {
      200: isOne
        ? { doc: 'The record.', body: record }
        : { doc: 'All of its records.', body: z.object({ items: z.array(record) }) },
    },
    async run({ caller, path, query }, service) {
      const shown = viewFor(cache, { caller, query }, service);
      const key = keyIn(path, cache.key);
      const items = await service.projections.cache.read(cache, [caller.tenant, ...key]);
      return { status: 200, body: isOne ? await one(shown, oneOf(items, cache, key)) : { items: await shown(items) } };
    },
  });
}

const followEntry = (cache: CacheDef): Route =>
  defineRoute({
    ...base(cache),
    name: `follow_${identifier(cache)}`,
    path: `${base(cache).path}/events`,
    summary: `The records of ${cache.name} with one key, live.`,
    doc: 'Server-sent events: `record` for each record there is, and whenever one changes, with the whole record; `removed` with its key when it is gone; `current` once all existing records were sent, and every 15 seconds after that. A client that reconnects gets everything again.',
    scope: 'projections:read',
    takes: { path: keyShape(cache, cache.key), query: z.object(personalQuery(cache)) },
    isLong: true,
    mostAtOnce: 20,
    answers: { 200: { doc: 'The events.', type: 'text/event-stream' } },
    async run({ caller, path, query, signal, stopping }, service) {
      const shown = viewFor(cache, { caller, query }, service);
      const entry = [caller.tenant, ...keyIn(path, cache.key)];
      // If the cache does not answer, the status reports that: later there is no status to give.
      await service.projections.cache.read(cache, entry);
      const stream = liveRecords({ cache, entry, shown }, service, AbortSignal.any([signal, stopping]));
      return { status: 200, headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }, stream };
    },
  });

const needReader = (caller: Caller): void => needRole(caller, 'analyst', 'read projections');

function viewFor(target: Target, asked: Parameters<typeof viewOf>[1], service: Service): View {
  needReader(asked.caller);
  return viewOf(target, asked, service);
}

const one = async (shown: View, record: Found): Promise<Found> => (await shown([record]))[0] as Found;

const keyIn = (path: Found, fields: readonly string[]): Key => fields.map((field) => path[field] as string);

function oneOf(items: readonly Found[], { name }: Target, key: Key): Found {
  const [record] = items;
  if (record !== undefined) return record;
  throw new TributaryError('NOT_FOUND', `${name} has no record ${key.join('/')}`);
}

/** Each store refuses a foreign cursor with a message of its own. */
async function withCursor<T>(page: Promise<T>, cursor: string | undefined): Promise<T> {
  try {
    return await page;
  } catch (error) {
    if (cursor === undefined || !(error instanceof TributaryError) || error.code !== 'USAGE') throw error;
    const problem: FieldProblem = { field: 'query.cursor', message: 'give `next` of the page before, or none' };
    throw new TributaryError('USAGE', `${problem.field}: ${problem.message}`, { problems: [problem], cause: error });
  }
}
