/** Commands by which an operator sees and moves where the groups of the jobs stand. */
import { type Command, Option } from 'commander';
import type { To } from './commands/offsets/seek.ts';
import type { ArgsOf, CommandName } from './commands.ts';
import { usage } from './errors.ts';
import type { Add } from './operating.ts';
import { csv, json, moment, natural } from './options.ts';

/** Runs a command that needs stores, with a file to read if it is given one. */
type Anywhere = <C extends CommandName>(command: C, args: ArgsOf<C>, file?: string) => Promise<void>;

interface SeekOptions {
  readonly partition?: number;
  readonly all?: true;
  readonly to?: number;
  readonly toTime?: number;
  readonly toBegin?: true;
  readonly toEnd?: true;
  readonly toSaved?: string;
  readonly restored?: true;
  readonly apply?: true;
  readonly json?: true;
}

export function addOffsets(program: Command, add: Add, anywhere: Anywhere): void {
  const offsets = program.command('offsets').description('Where the groups of the jobs stand.');
  add(
    offsets,
    'show [job...]',
    'Show where the jobs stand in each partition, and what they have committed there. With --json, something to be kept beside a backup.',
    'offsets show track-progress\n  $ tributary offsets show --json > offsets.json',
  )
    .addOption(json())
    .addOption(csv())
    .action((jobs: string[], { json, csv }) =>
      anywhere('offsets show', { jobs, json: json === true, csv: csv === true }),
    );
  add(
    offsets,
    'seek <job>',
    'Say what moving a job to other offsets would do, and do it with --apply. Rows stay as they are: what they know is not applied again.',
    'offsets seek track-progress --all --to-time 2026-03-01T04:00:00Z\n  $ tributary offsets seek track-progress --all --to-saved offsets.json --restored --apply',
  )
    .option('--partition <n>', 'only this one', natural)
    .option('--all', 'every partition')
    .option('--to <offset>', 'to this offset', natural)
    .option('--to-begin', 'to the first record that is there')
    .option('--to-end', 'behind the last one')
    .addOption(
      new Option('--to-time <time>', 'to the first record of that time or later, in ISO 8601').argParser(moment),
    )
    .option('--to-saved <file>', 'to where `offsets show --json` saw it')
    .option(
      '--restored',
      'the rows were restored to an older state, or lost: marks and the rest become those of the offset',
    )
    .option('--apply', 'do it')
    .addOption(json())
    .action((job: string, options: SeekOptions) => {
      const { partition, all, restored, apply, json, toSaved } = options;
      if ((partition === undefined) === (all === undefined)) throw usage('give either --partition or --all');
      const args = {
        job,
        partition: partition ?? null,
        to: targetOf(options),
        restored: restored === true,
        apply: apply === true,
        json: json === true,
      };
      return anywhere('offsets seek', args, toSaved);
    });
}

function targetOf({ to, toTime, toBegin, toEnd, toSaved }: SeekOptions): To {
  const given: To[] = [];
  if (to !== undefined) given.push({ kind: 'offset', offset: to });
  if (toTime !== undefined) given.push({ kind: 'time', time: toTime });
  if (toBegin) given.push({ kind: 'begin' });
  if (toEnd) given.push({ kind: 'end' });
  if (toSaved !== undefined) given.push({ kind: 'saved' });
  const [one, ...others] = given;
  if (one !== undefined && others.length === 0) return one;
  throw usage('give one of --to, --to-begin, --to-end, --to-time and --to-saved');
}
