/** `tributary indexes`: lists the search indexes. */

import { keyFields } from '../../core/target.ts';
import { indexesOf } from '../../modules/derived.ts';
import type { Run } from '../context.ts';
import { type Form, printListing } from '../output/listing.ts';

export const run: Run<Form> = async (context, form) => {
  const { jobs } = context.wired.platform;
  const indexes = indexesOf(jobs).map((index) => ({
    index: index.name,
    jobs: jobs.filter(({ views }) => views.some(({ into }) => into === index)).map(({ name }) => name),
    key: keyFields(index),
    text: index.text,
    doc: index.doc,
  }));
  await printListing(context, form, {
    head: ['index', 'of', 'key', 'words in', 'what it is'],
    rows: indexes.map(({ index, jobs, key, text, doc }) => [index, jobs.join(' '), key.join(' '), text.join(' '), doc]),
    json: indexes,
  });
  return undefined;
};
