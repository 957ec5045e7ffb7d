/** `tributary tables`: the tables that the jobs write. */

import { TributaryError } from '../../core/errors.ts';
import { keyFields } from '../../core/target.ts';
import { generationsOf, tableOf } from '../../jobs/runtime/rows/generations/state.ts';
import { tablesOf } from '../../modules/derived.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import type { Run } from '../context.ts';
import { type Form, printListing } from '../output/listing.ts';

export const run: Run<Form> = async (context, form) => {
  const { platform, stores } = context.wired;
  const { jobs } = platform;
  const tables = await Promise.all(
    tablesOf(jobs).map(async (table) => {
      const owner = jobs.find(({ row }) => row === table);
      const writers = jobs.filter(({ views }) => views.some(({ into }) => into === table));
      const current = owner === undefined ? 1 : await currentOf(stores.tables, owner.name);
      return {
        table: tableOf(table, current).name,
        kind: owner === undefined ? 'view' : 'rows',
        jobs: (owner === undefined ? writers : [owner]).map(({ name }) => name),
        key: keyFields(table),
        doc: table.doc,
      };
    }),
  );
  await printListing(context, form, {
    head: ['table', 'what', 'of', 'key', 'what it is'],
    rows: tables.map(({ table, kind, jobs, key, doc }) => [table, kind, jobs.join(' '), key.join(' '), doc]),
    json: tables,
  });
  return undefined;
};

/** If there are no data yet, the first generation will be the current one. */
async function currentOf(tables: Tables, job: string): Promise<number> {
  try {
    return (await generationsOf(tables, job)).current;
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'NOT_FOUND') return 1;
    throw error;
  }
}
