/** Commands that show and move the committed offsets of the jobs. */
import type { To } from '../commands/offsets/seek.ts';
import { any, command, flag, one, type Values, value } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { csv, json, moment, natural } from '../options.ts';

export const show = command('offsets show', {
  description:
    'Show the offset of each job in each partition, and what was committed with it. Keep the output of --json with a backup.',
  examples: ['offsets show track-progress', 'offsets show --json > offsets.json'],
  operands: { jobs: any('job', 'jobs and rollups') },
  options: { json, csv },
  prepares: 'embedded',
  load: () => import('../commands/offsets/show.ts'),
});

const targets = {
  to: value('offset', 'to this offset', { parse: natural }),
  toBegin: flag('to the oldest record'),
  toEnd: flag('to the end, after the last record'),
  toTime: value('time', 'to the first record at or after this time, in ISO 8601', { parse: moment }),
  toSaved: value('file', 'to the offsets in this file, the output of `offsets show --json`', { names: 'files' }),
};

export const seek = command('offsets seek', {
  description:
    'Show what moving a job to other offsets would do, or move it with --apply. Rows stay as they are: records that they have applied are not applied again.',
  examples: [
    'offsets seek track-progress --all --to-time 2026-03-01T04:00:00Z',
    'offsets seek track-progress --all --to-saved offsets.json --restored --apply',
  ],
  operands: { job: one('job', 'jobs') },
  options: {
    partition: value('n', 'only this partition', { parse: natural }),
    all: flag('all partitions'),
    ...targets,
    restored: flag(
      'for rows that were restored to an older state, or lost: dedupe positions and other progress are reset to the offset',
    ),
    apply: flag('move the job'),
    json,
  },
  args: ({ job, partition, all, restored, apply, json, ...target }) => {
    if ((partition === null) === !all) throw usage('give either --partition or --all');
    return { job, partition, to: targetOf(target), restored, apply, json };
  },
  input: ({ toSaved }) => toSaved,
  prepares: 'embedded',
  load: () => import('../commands/offsets/seek.ts'),
});

function targetOf({ to, toTime, toBegin, toEnd, toSaved }: Values<Record<never, never>, typeof targets>): To {
  const given: To[] = [];
  if (to !== null) given.push({ kind: 'offset', offset: to });
  if (toTime !== null) given.push({ kind: 'time', time: toTime });
  if (toBegin) given.push({ kind: 'begin' });
  if (toEnd) given.push({ kind: 'end' });
  if (toSaved !== null) given.push({ kind: 'saved' });
  const [one, ...others] = given;
  if (one !== undefined && others.length === 0) return one;
  throw usage('give one of --to, --to-begin, --to-end, --to-time and --to-saved');
}
