/** `tributary indexes apply`: makes the missing search indexes and fields; with --dry-run it shows the requests instead. */

import { indexesOf } from '../../../modules/derived.ts';
import { type ApplyArgs, applyMissing } from '../../apply.ts';
import type { Run } from '../../context.ts';

export const run: Run<ApplyArgs> = async (context, args) => {
  const { search } = context.wired.stores;
  const declared = indexesOf(context.wired.platform.jobs);
  const missing = await search.missing(declared);
  const prepare = () => search.prepare(declared);
  await applyMissing(context, args, { what: `all ${declared.length} indexes`, ending: '', missing, prepare });
  return undefined;
};
