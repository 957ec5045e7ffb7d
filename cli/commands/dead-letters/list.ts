/** `tributary dead-letters list`. */
import { type Filter, isOpen, readDeadLetters, stateOf } from '../../../app/dead-letters/letters.ts';
import { isoOf } from '../../../app/text/time-text.ts';
import type { Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';
import { resolutionsJson } from './show.ts';

export const run: Run<Filter & Form & { readonly all: boolean }> = async (
  context,
  { all, json, csv = false, ...filter },
) => {
  const deadLetters = (await readDeadLetters(context.wired, filter, context.signal)).filter(
    (deadLetter) => all || isOpen(deadLetter),
  );
  const rows = deadLetters.map((deadLetter) => {
    const { id, job, rejectedAt, code, message } = deadLetter;
    return [id, job, isoOf(rejectedAt), code, ...(all ? [stateOf(deadLetter)] : []), message];
  });
  const head = ['id', 'job', 'rejected at', 'code', ...(all ? ['state'] : []), 'why'];
  const shown = deadLetters.map((deadLetter) => {
    const { id, job, code, message, rejectedAt } = deadLetter;
    return { id, job, code, message, rejectedAt: isoOf(rejectedAt), ...resolutionsJson(deadLetter) };
  });
  await printListing(context, { json, csv }, { head, rows, json: shown });
  if (!json) context.stderr.write(`${deadLetters.length} dead letter${deadLetters.length === 1 ? '' : 's'}\n`);
  return undefined;
};
