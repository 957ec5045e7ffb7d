/** `tributary tables apply`: makes the tables and columns that are missing; with --dry-run it says by which statements. */

import { tablesOf } from '../../../modules/derived.ts';
import { type ApplyArgs, applyMissing } from '../../apply.ts';
import type { Run } from '../../context.ts';

export const run: Run<ApplyArgs> = async (context, args) => {
  const { tables } = context.wired.stores;
  const declared = tablesOf(context.wired.platform.jobs);
  const missing = await tables.missing(declared);
  await applyMissing(context, args, `all ${declared.length} tables`, ';', missing, () => tables.prepare(declared));
  return undefined;
};
