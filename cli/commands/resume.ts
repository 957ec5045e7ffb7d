/** `tributary resume`. */
import type { Run } from '../context.ts';
import { type TurningArgs, turning } from './pause/turning.ts';

export const run: Run<TurningArgs> = turning('running', {
  did: (job) => `${job} is resumed: its workers continue within a few seconds`,
  would: (job) => `${job} would be resumed`,
  was: (job) => `${job} is not paused`,
});
