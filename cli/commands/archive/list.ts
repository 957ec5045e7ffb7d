/** `tributary archive list`: the archives of the topics, with their sizes and positions. */
import { archiveTables } from '../../../app/stores/kept-tables.ts';
import { print, type Run } from '../../context.ts';
import type { Form } from '../../output/listing.ts';
import { listTables } from '../rollup/tables.ts';

export const run: Run<Form> = async (context, form) => {
  const { platform, config } = context.wired;
  await listTables(context, form, archiveTables(platform));
  if (config.archive === 'off' && !form.json && form.csv !== true) {
    await print(context, '`tributary up` keeps no archive: start one with --archive on.');
  }
  return undefined;
};
