/** The command that makes the rows of a job again from its topic. */
import type { Args } from '../commands/rebuild.ts';
import { command, flag, one, value } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { json, natural } from '../options.ts';
import { checkYes, whatOf } from './generations.ts';

export const rebuild = command('rebuild', {
  description:
    'Rebuild the rows of a job from its topic while the job runs. The new rows are another generation of its table, which you can compare with the current one and make current. A rebuild emits no events and calls no channels. If it is interrupted, run it again to continue where it stopped.',
  examples: [
    'rebuild track-progress',
    'rebuild track-progress --from-archive',
    'rebuild track-progress --compare',
    'rebuild track-progress --swap --yes',
  ],
  operands: { job: one('job', 'jobs') },
  options: {
    fromArchive: flag("use the topic's archive for records that retention has deleted"),
    follow: flag('keep reading after it has caught up, until another generation becomes current'),
    status: flag('list the generations'),
    compare: flag('compare the newest other generation with the current one'),
    swap: flag('show what making the newest generation current would do, or do it with --yes'),
    back: flag('the same for the generation before the current one'),
    drop: value(
      'n',
      'show what deleting this generation would do, or do it with --yes; it must not be the current one',
      {
        parse: natural,
      },
    ),
    yes: flag('do it; without this, nothing changes'),
    json,
  },
  args: ({ job, fromArchive, follow, status, compare, swap, back, drop, yes, json }, { progress }): Args => {
    const what = whatOf({ status, compare, swap, back, drop });
    if (follow && what !== 'make') throw usage('--follow goes with none of the others');
    if (fromArchive && !['make', 'swap', 'back'].includes(what)) {
      throw usage('--from-archive goes with --swap or --back, or with none');
    }
    checkYes(what, yes);
    return { job, what, generation: drop, follow, archive: fromArchive, yes, json, progress };
  },
  prepares: 'nothing',
  load: () => import('../commands/rebuild.ts'),
});
