/** Commands by which an operator sees to topics, tables, indexes and views. */
import type { Command } from 'commander';
import type { ArgsOf, CommandName } from './commands.ts';
import { csv, dryRun, json, only } from './options.ts';
import { wantsColors } from './output/colors.ts';

/** Adds a command with its description and an example. */
export type Add = (parent: Command, synopsis: string, description: string, example: string) => Command;
/** Runs a command that needs stores. */
export type Anywhere = <C extends CommandName>(command: C, args: ArgsOf<C>) => Promise<void>;

/** Of a command below one that has the option, too: the upper one takes it. */
const isJson = (command: Command): boolean => command.optsWithGlobals()['json'] === true;

export function addOperating(program: Command, add: Add, anywhere: Anywhere): void {
  const topics = add(
    program,
    'topics [topic]',
    'List the topics, or the events of one of them. Or compare them with what is declared.',
    'topics enrollment.events',
  )
    .addOption(json())
    .addOption(csv())
    .action((topic: string | undefined, { json, csv }) =>
      anywhere('topics', {
        topic: topic ?? null,
        json: json === true,
        csv: csv === true,
        colors: wantsColors(process.stdout),
      }),
    );
  add(
    topics,
    'verify',
    'Show how the topics differ from what is declared; end with 1 if they do.',
    'topics verify --json',
  )
    .addOption(json())
    .action((_, command) => anywhere('topics verify', { json: isJson(command) }));
  add(
    topics,
    'apply',
    'Create the topics that are missing, and expand those that no job reads and none has anything left to read of. Nothing ever gets smaller.',
    'topics apply --dry-run',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun }, command) => anywhere('topics apply', { dryRun: dryRun === true, json: isJson(command) }));

  const tables = add(program, 'tables', 'List the tables, and which job writes each.', 'tables')
    .addOption(json())
    .addOption(csv())
    .action(({ json, csv }) => anywhere('tables', { json: json === true, csv: csv === true }));
  add(
    tables,
    'apply',
    'Make the tables and columns that are missing. Nothing is ever dropped.',
    'tables apply --dry-run > tables.cql',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun }, command) => anywhere('tables apply', { dryRun: dryRun === true, json: isJson(command) }));

  const indexes = add(program, 'indexes', 'List the search indexes, and which job writes each.', 'indexes')
    .addOption(json())
    .addOption(csv())
    .action(({ json, csv }) => anywhere('indexes', { json: json === true, csv: csv === true }));
  add(
    indexes,
    'apply',
    'Make the search indexes and fields that are missing. Nothing is ever dropped.',
    'indexes apply --dry-run',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun }, command) => anywhere('indexes apply', { dryRun: dryRun === true, json: isJson(command) }));
  add(
    indexes,
    'renew <index>',
    'Begin a search index anew, empty and as it is declared now. Then fill it with rebuild-views.',
    'indexes renew enrollments',
  )
    .addOption(json())
    .action((index: string, _, command) => anywhere('indexes renew', { index, json: isJson(command) }));

  add(
    program,
    'rebuild-views [job...]',
    'Write every view record again, from the rows: after a cache or an index was lost. Jobs may go on meanwhile.',
    'rebuild-views track-progress --only cache',
  )
    .addOption(only())
    .addOption(json())
    .action((jobs: string[], { only, json }) => anywhere('rebuild-views', { jobs, only, json: json === true }));
}
