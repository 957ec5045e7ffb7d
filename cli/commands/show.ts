/** `tributary show`: reads records by key, as services do. */

import { shownLine } from '../../app/text/shown.ts';
import { hint } from '../../core/hint.ts';
import { type CacheDef, type IndexDef, keyFields, type TableDef, type Target } from '../../core/target.ts';
import { targetsOf } from '../../modules/derived.ts';
import type { Page } from '../../sinks/port.ts';
import { type Context, printJson, type Run } from '../context.ts';
import { FAILED, usage } from '../errors.ts';
import { type Form, printListing, readableOf, recordsListing } from '../output/listing.ts';

interface Args extends Form {
  readonly projection: string;
  readonly key: readonly string[];
  readonly tenant: string;
  readonly limit: number;
  readonly after: string | null;
}
type Found = Readonly<Record<string, unknown>>;

export const run: Run<Args> = async (context, args) => {
  const target = targetNamed(context, args.projection);
  const fields = keyFields(target);
  const { key } = args;
  if (key.length > fields.length)
    throw usage(`${target.name} has the key ${fields.join(', ')}, and ${key.length} values are given`);
  if (key.includes('')) throw usage('a part of a key is never empty');
  const isWhole = key.length === fields.length;
  const page = await pageOf(context, target, isWhole ? { ...args, limit: 1, after: null } : args);
  if (isWhole) {
    const [record] = page.items;
    if (record !== undefined && args.csv === true)
      await printListing(context, args, recordsListing(target.record, [record], record));
    else if (record !== undefined) await printJson(context, args.json ? record : readableOf(target.record, record));
    else {
      const what = `${target.name} has no record ${key.join('/')} of the tenant ${args.tenant}`;
      context.stderr.write(`error: ${shownLine(what)}\n`);
    }
    return record === undefined ? FAILED : undefined;
  }
  const { items, next } = page;
  await printListing(context, args, recordsListing(target.record, items, { items, next: next ?? null }));
  if (args.json) return undefined;
  if (items.length === 0) context.stderr.write('nothing\n');
  if (next !== undefined) context.stderr.write(`more with --after ${shownLine(next)}\n`);
  return undefined;
};

/** By its own name, or by that of the job whose rows it has. */
function targetNamed({ wired }: Context, name: string): Target {
  const targets = targetsOf(wired.platform.jobs);
  const target =
    wired.platform.jobs.find((job) => job.name === name)?.row ?? targets.find((each) => each.name === name);
  if (target !== undefined) return target;
  throw usage(
    `there is no projection ${name}${hint(
      name,
      targets.map((each) => each.name),
    )}`,
  );
}

function pageOf(context: Context, target: Target, args: Args): Promise<Page<Found>> {
  switch (target.kind) {
    case 'table':
      return fromTable(context, target, args);
    case 'index':
      return fromIndex(context, target, args);
    case 'cache':
      return fromCache(context, target, args);
  }
}

function fromTable({ wired }: Context, table: TableDef, { tenant, key, limit, after }: Args): Promise<Page<Found>> {
  return wired.stores.tables.select(table, [tenant, ...key], { limit, after: after ?? undefined });
}

/** An index has no reads by key: the hits of a search are compared with the given key. */
async function fromIndex(
  { wired }: Context,
  index: IndexDef,
  { tenant, key, limit, after }: Args,
): Promise<Page<Found>> {
  const given = keyFields(index)
    .slice(0, key.length)
    .map((name, i) => [name, key[i] as string] as const);
  const words = given
    .filter(([name]) => index.text.includes(name))
    .map(([, value]) => value)
    .join(' ');
  const filter = Object.fromEntries(given.filter(([name]) => !index.text.includes(name)));
  const isTheOne = (record: Found): boolean => given.every(([name, value]) => record[name] === value);
  const items: Found[] = [];
  let next = after ?? undefined;
  do {
    const page = await wired.stores.search.search(index, { tenant, words, filter, limit, after: next });
    items.push(...page.items.filter(isTheOne));
    next = page.next;
  } while (next !== undefined && items.length < limit && words !== '');
  return { items, next };
}

async function fromCache(
  { wired }: Context,
  cache: CacheDef,
  { tenant, key, limit, after }: Args,
): Promise<Page<Found>> {
  if (key.length < cache.key.length)
    throw usage(`${cache.name} is a cache, which is read by its key: give ${cache.key.join(', ')}`);
  if (after !== null) throw usage(`${cache.name} is a cache, which has no pages`);
  const records = await wired.stores.cache.read(cache, [tenant, ...key.slice(0, cache.key.length)]);
  const sort = key.slice(cache.key.length);
  const items = records.filter((record) => sort.every((value, i) => record[cache.sort[i] as string] === value));
  return { items: items.slice(0, limit), next: undefined };
}
