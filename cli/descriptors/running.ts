/** Commands that run jobs, and show their lag. */
import { any, callerCommand, command, flag, innerCommand, preset, some, value } from '../descriptor.ts';
import { csv, json, whole } from '../options.ts';

export const demo = callerCommand('demo', {
  description:
    'Import a real data set, run all jobs on it, and show the results. On a terminal, it then serves the page until it is stopped.',
  examples: ['demo', 'demo --once'],
  options: {
    json,
    once: flag('exit after the summary, also on a terminal'),
    presentations: preset<readonly string[]>(
      'ids',
      'only these presentations, such as AAA-2013J,AAA-2014J',
      [],
      (ids) => ids.split(','),
    ),
  },
  load: () => import('../commands/demo.ts'),
});

export const importDemo = innerCommand('import-demo', {
  prepares: 'all',
  makesFolder: true,
  load: () => import('../commands/demo/import.ts'),
});

/** `up` and `run` prepare the stores themselves, since they wait for those that do not answer. */
export const up = command('up', {
  description: 'Run all jobs in this process, until it is stopped.',
  examples: ['up --data /var/lib/tributary --metrics-port 9464'],
  prepares: 'nothing',
  makesFolder: true,
  runsHere: true,
  load: () => import('../commands/up.ts'),
});

export const run = command('run', {
  description: 'Run some of the jobs in this process, until it is stopped.',
  examples: ['run track-progress summarize-batch'],
  operands: { jobs: some('job', 'jobs and rollups') },
  prepares: 'nothing',
  makesFolder: true,
  runsHere: true,
  load: () => import('../commands/run.ts'),
});

export const lag = command('lag', {
  description: 'Show how far behind the jobs are, all or some of them.',
  examples: ['lag track-progress --wait --timeout-ms 60000'],
  operands: { jobs: any('job', 'jobs and rollups') },
  options: {
    job: value('name', 'the same', { isHidden: true, names: 'jobs and rollups' }),
    wait: flag('wait until nothing is left to read'),
    timeoutMs: preset('n', 'how long to wait at most, in ms', 60_000, whole),
    json,
    csv,
  },
  args: ({ jobs, job, ...others }, { colors, progress }) => ({
    ...others,
    jobs: job === null ? jobs : [...jobs, job],
    colors,
    progress,
  }),
  prepares: 'embedded',
  load: () => import('../commands/lag.ts'),
});
