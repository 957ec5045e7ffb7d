/** `tributary tables`: the tables that the jobs write. */

import { keyFields } from '../../core/target.ts';
import { tablesOf } from '../../modules/derived.ts';
import type { Run } from '../context.ts';
import { type Form, printListing } from '../output/listing.ts';

export const run: Run<Form> = async (context, form) => {
  const { jobs } = context.wired.platform;
  const tables = tablesOf(jobs).map((table) => {
    const owner = jobs.find(({ row }) => row === table);
    const writers = jobs.filter(({ views }) => views.some(({ into }) => into === table));
    return {
      table: table.name,
      kind: owner === undefined ? 'view' : 'rows',
      jobs: (owner === undefined ? writers : [owner]).map(({ name }) => name),
      key: keyFields(table),
      doc: table.doc,
    };
  });
  await printListing(context, form, {
    head: ['table', 'what', 'of', 'key', 'what it is'],
    rows: tables.map(({ table, kind, jobs, key, doc }) => [table, kind, jobs.join(' '), key.join(' '), doc]),
    json: tables,
  });
  return undefined;
};
