/** Shared by the commands about tables of segments. */

import { type KeptTable, keptTables } from '../../../app/stores/kept-tables.ts';
import { isoOf } from '../../../app/text/time-text.ts';
import { hint } from '../../../core/hint.ts';
import { currentTable, type Extent, extentOf, type KeptStores } from '../../../reports/operate/kept.ts';
import { behindTopic } from '../../../reports/operate/rebuild.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';
import { type Form, printListing } from '../../output/listing.ts';

/** The named tables, or all. */
export function tablesNamed({ wired }: Context, names: readonly string[]): KeptTable[] {
  const all = keptTables(wired.platform);
  if (names.length === 0) return all;
  return [...new Set(names)].map((name) => {
    const found = all.find((each) => each.name === name || each.source.name === name);
    if (found !== undefined) return found;
    const known = all.map((each) => each.name);
    throw usage(`there is no datasource and no archive ${name}${hint(name, known)}`);
  });
}

export type Found = NonNullable<Awaited<ReturnType<typeof currentTable>>>;

/** The named tables that exist. */
export async function* foundTables(
  context: Context,
  names: readonly string[],
  stores: KeptStores,
): AsyncGenerator<KeptTable & Found> {
  for (const kept of tablesNamed(context, names)) {
    context.signal.throwIfAborted();
    const found = await currentTable(stores, kept.source);
    if (found !== undefined) yield { ...kept, ...found };
  }
}

interface Listed extends Extent {
  readonly name: string;
  readonly topic: string;
  /** Null if nothing was ever published. */
  readonly table: string | null;
  readonly generation: number | null;
  readonly version: number | null;
  /** How many offsets of the topic the table has yet to count. */
  readonly behind: number | null;
}

const NOTHING: Extent = { segments: 0, rows: 0, bytes: 0, firstDay: null, lastDay: null, writtenAt: null };

export async function listTables(context: Context, form: Form, tables: readonly KeptTable[]): Promise<void> {
  const { wired } = context;
  const stores = await wired.segments();
  const listed: Listed[] = [];
  for (const { name, source } of tables) {
    context.signal.throwIfAborted();
    const found = await currentTable(stores, source);
    listed.push({
      name,
      topic: source.from.name,
      table: found?.table.table ?? null,
      generation: found?.generation ?? null,
      version: found?.snapshot.version ?? null,
      ...(found === undefined ? NOTHING : extentOf(found.snapshot)),
      behind: found === undefined ? null : await behindTopic(found.snapshot, source, wired.stores.transport),
    });
  }
  const now = stores.now();
  const head = ['name', 'table', 'version', 'rows', 'segments', 'bytes', 'first day', 'last day', 'behind', 'written'];
  const rows = listed.map((each) => {
    const { name, table, version, rows: count, segments, bytes, firstDay, lastDay, behind, writtenAt } = each;
    const age = writtenAt === null ? null : ageText(now - writtenAt);
    return [name, table, version ?? '', count, segments, bytes, firstDay, lastDay, behind ?? '', age];
  });
  const json = listed.map(({ writtenAt, ...each }) => ({
    ...each,
    writtenAt: writtenAt === null ? null : isoOf(writtenAt),
  }));
  await printListing(context, form, { head, rows, json });
}

const UNITS: readonly (readonly [unit: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1000],
];

/** In the largest unit that gives at least two. */
function ageText(ms: number): string {
  const [unit, size] = UNITS.find(([, each]) => ms >= 2 * each) ?? (['s', 1000] as const);
  return `${Math.max(0, Math.floor(ms / size))} ${unit} ago`;
}

export const megabytes = (bytes: number): string =>
  bytes < 100_000 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

export const counted = (count: number, what: string): string =>
  `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`;
