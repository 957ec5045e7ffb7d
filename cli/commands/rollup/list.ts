/** `tributary rollup list`: the tables of the datasources, with their sizes and positions. */
import { rollupTables } from '../../../app/stores/kept-tables.ts';
import type { Run } from '../../context.ts';
import type { Form } from '../../output/listing.ts';
import { listTables } from './tables.ts';

export const run: Run<Form> = async (context, form) => {
  await listTables(context, form, rollupTables(context.wired.platform));
  return undefined;
};
