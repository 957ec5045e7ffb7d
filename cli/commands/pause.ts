/** `tributary pause`. */
import type { Run } from '../context.ts';
import { type TurningArgs, turning } from './pause/turning.ts';

export const run: Run<TurningArgs> = turning('paused', {
  did: (job) => `${job} is paused: its workers stop within a few seconds; \`tributary resume ${job}\` ends it`,
  would: (job) => `${job} would be paused`,
  was: (job, text) => `${job} ${text}`,
});
