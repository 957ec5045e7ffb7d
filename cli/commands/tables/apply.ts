/** `tributary tables apply`: makes the missing tables and columns; with --dry-run it shows the statements instead. */

import { storedTablesOf } from '../../../modules/derived.ts';
import { type ApplyArgs, applyMissing } from '../../apply.ts';
import type { Run } from '../../context.ts';

export const run: Run<ApplyArgs> = async (context, args) => {
  const { tables } = context.wired.stores;
  const declared = storedTablesOf(context.wired.platform.jobs);
  const missing = await tables.missing(declared);
  const prepare = () => tables.prepare(declared);
  await applyMissing(context, args, { what: `all ${declared.length} tables`, ending: ';', missing, prepare });
  return undefined;
};
