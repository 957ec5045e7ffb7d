/** `tributary dead-letters edit`: reads the correction from the standard input, or from the file given instead. */
import { buffer } from 'node:stream/consumers';
import { editAll } from '../../../app/dead-letters/edit.ts';
import { parseJson } from '../../../topics/codec/json-value.ts';
import { print, type Run } from '../../context.ts';
import { usage } from '../../errors.ts';
import { printOutcome, type ResolveArgs, resolveChosen } from './chosen.ts';

export const run: Run<ResolveArgs> = async (context, args) => {
  const parsed = parseJson(await buffer(context.stdin));
  if (parsed.kind === 'rejected')
    throw usage(`the correction is not JSON; give a part of an event, such as {"data": {"courseId": "rivers"}}`);
  const outcome = await resolveChosen(context, args, 'edit', (log, letters, resolving, signal) =>
    editAll(log, letters, { ...resolving, patch: parsed.value }, signal),
  );
  const { corrections } = outcome;
  const code = await printOutcome(context, outcome, args, {
    verb: 'edit',
    how: 'edited',
    did: ({ id, job }, dryRun) => `${id} ${dryRun ? 'would be' : 'was'} sent to ${job} once more, corrected`,
    more: (deadLetter) => corrections.get(deadLetter) ?? {},
  });
  if (!args.json)
    for (const deadLetter of outcome.done) {
      const { event, leftOut = [] } = corrections.get(deadLetter) ?? {};
      await print(context, `${deadLetter.id}: ${JSON.stringify(event, null, 2)}`);
      for (const each of leftOut) context.stderr.write(`warning: ${deadLetter.id}: ${each}\n`);
    }
  return code;
};
