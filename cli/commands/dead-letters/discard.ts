/** `tributary dead-letters discard`. */
import { discardAll } from '../../../app/dead-letters/discard.ts';
import { resolving } from './chosen.ts';

export const run = resolving(discardAll, {
  verb: 'discard',
  how: 'discarded',
  did: ({ id, job }, dryRun) => `${id} of ${job} ${dryRun ? 'would be' : 'is'} discarded`,
});
