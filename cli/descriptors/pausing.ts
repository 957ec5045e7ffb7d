/** Commands that pause and resume jobs in all processes. */
import { command, some } from '../descriptor.ts';
import { dryRun, json } from '../options.ts';
import { recorded, why } from '../recorded.ts';

const operands = { jobs: some('job', 'jobs and rollups') };
const options = { why, dryRun, json };

export const pause = command('pause', {
  description: 'Pause jobs: all their workers stop reading within a few seconds, until you run `resume`.',
  examples: ["pause deliver-message --why 'the mail server moves'"],
  operands,
  options,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/pause.ts'),
});

export const resume = command('resume', {
  description: 'Resume paused jobs. They continue where they stopped.',
  examples: ['resume deliver-message'],
  operands,
  options,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/resume.ts'),
});
