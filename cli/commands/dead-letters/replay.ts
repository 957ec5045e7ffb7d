/** `tributary dead-letters replay`. */
import { replayAll } from '../../../app/dead-letters/replay.ts';
import { resolving } from './chosen.ts';

export const run = resolving(replayAll, {
  verb: 'replay',
  how: 'replayed',
  did: ({ id, job }, dryRun) => `${id} ${dryRun ? 'would be' : 'was'} sent to ${job} once more`,
});
