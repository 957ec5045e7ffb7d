/** `tributary dead-letters list`. */

import type { Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';
import { isoOf } from '../../output/record.ts';
import { type Filter, isOpen, readLetters } from './letters.ts';

export const run: Run<Filter & Form & { readonly all: boolean }> = async (
  context,
  { all, json, csv = false, ...filter },
) => {
  const letters = (await readLetters(context.wired, filter, context.signal))
    .filter((letter) => all || isOpen(letter))
    .map(({ id, job, code, message, rejectedAt, replayed, dismissed }) => {
      return { id, job, code, message, rejectedAt: isoOf(rejectedAt), replayed, dismissed };
    });
  const rows = letters.map(({ id, job, rejectedAt, code, message, replayed, dismissed }) => {
    const state = [...(replayed ? ['replayed'] : []), ...(dismissed ? ['dismissed'] : [])].join(' ');
    return [id, job, rejectedAt, code, ...(all ? [state || 'open'] : []), message];
  });
  const head = ['id', 'job', 'rejected at', 'code', ...(all ? ['state'] : []), 'why'];
  await printListing(context, { json, csv }, { head, rows, json: letters });
  if (!json) context.stderr.write(`${letters.length} dead letter${letters.length === 1 ? '' : 's'}\n`);
  return undefined;
};
