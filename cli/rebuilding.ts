/** The command that makes a job's rows anew from its topic. */
import type { Command } from 'commander';
import type { Args } from './commands/rebuild.ts';
import { usage } from './errors.ts';
import type { Add, Anywhere } from './operating.ts';
import { json, whole } from './options.ts';

interface Options {
  readonly follow?: true;
  readonly status?: true;
  readonly compare?: true;
  readonly swap?: true;
  readonly back?: true;
  readonly drop?: number;
  readonly yes?: true;
  readonly json?: true;
}

export function addRebuilding(program: Command, add: Add, anywhere: Anywhere): void {
  add(
    program,
    'rebuild <job>',
    'Make the rows of a job anew from its topic, beside the job: as another generation of its table, which can be compared and made current. It says no events and calls nobody. Ended and begun again, it goes on where it was.',
    'rebuild track-progress\n  $ tributary rebuild track-progress --compare\n  $ tributary rebuild track-progress --swap --yes',
  )
    .option('--follow', 'go on when it has caught up, until another generation becomes current')
    .option('--status', 'show the generations that there are')
    .option('--compare', 'compare the newest other generation with the current one')
    .option('--swap', 'say what making the newest generation current would do; do it with --yes')
    .option('--back', 'the same for the generation before the current one')
    .option('--drop <n>', 'say what deleting a generation that is not current would do; do it with --yes', whole)
    .option('--yes', 'do it')
    .addOption(json())
    .action((job: string, options: Options) =>
      anywhere('rebuild', { ...argsOf(job, options), json: options.json === true }),
    );
}

function argsOf(job: string, { follow, status, compare, swap, back, drop, yes }: Options): Omit<Args, 'json'> {
  const named: Args['what'][] = [];
  if (status) named.push('status');
  if (compare) named.push('compare');
  if (swap) named.push('swap');
  if (back) named.push('back');
  if (drop !== undefined) named.push('drop');
  if (named.length > 1) throw usage('give one of --status, --compare, --swap, --back and --drop');
  const what = named[0] ?? 'make';
  if (follow && what !== 'make') throw usage('--follow goes with none of the others');
  if (yes && !['swap', 'back', 'drop'].includes(what)) throw usage('--yes goes with --swap, --back or --drop');
  return {
    job,
    what,
    generation: drop ?? null,
    follow: follow === true,
    yes: yes === true,
    progress: process.stderr.isTTY === true,
  };
}
