/** `tributary search`: finds documents by words, exact values and ranges. */

import { found } from '../../app/platform/names.ts';
import { shownLine } from '../../app/text/shown.ts';
import { indexesOf } from '../../modules/derived.ts';
import type { Run } from '../context.ts';
import { type Form, printListing, recordsListing } from '../output/listing.ts';
import { sortOf, termsOf } from './search/terms.ts';

interface Args extends Form {
  readonly index: string;
  readonly words: string;
  readonly filter: readonly string[];
  readonly sort?: string | null;
  readonly tenant: string;
  readonly limit: number;
  readonly after: string | null;
}

export const run: Run<Args> = async (
  context,
  { index: name, words, filter, sort = null, tenant, limit, after, ...form },
) => {
  const index = found('index', name, indexesOf(context.wired.platform.jobs));
  const page = await context.wired.stores.search.search(index, {
    tenant,
    words,
    ...termsOf(index, filter),
    sort: sort === null ? undefined : sortOf(index, sort),
    limit,
    after: after ?? undefined,
  });
  const { total, items, next } = page;
  await printListing(context, form, recordsListing(index.record, items, { total, items, next: next ?? null }));
  if (form.json) return undefined;
  context.stderr.write(`${items.length} of ${total} found\n`);
  if (next !== undefined) context.stderr.write(`more with --after ${shownLine(next)}\n`);
  return undefined;
};
