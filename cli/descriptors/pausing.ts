/** Commands by which an operator pauses jobs in all processes. */
import { command, some } from '../descriptor.ts';
import { dryRun, json } from '../options.ts';
import { recorded, why } from '../recorded.ts';

const operands = { jobs: some('job', 'jobs and rollups') };
const options = { why, dryRun, json };

export const pause = command('pause', {
  description: 'Pause jobs: within some seconds all their workers stop reading, until `resume`.',
  examples: ["pause deliver-message --why 'the mail server moves'"],
  operands,
  options,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/pause.ts'),
});

export const resume = command('resume', {
  description: 'Resume jobs that were paused. They go on where they were.',
  examples: ['resume deliver-message'],
  operands,
  options,
  args: recorded,
  prepares: 'embedded',
  load: () => import('../commands/resume.ts'),
});
