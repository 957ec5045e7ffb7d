/** Commands by which an operator sees to topics, tables, indexes and views. */
import type { Command } from 'commander';
import type { ArgsOf, CommandName } from './commands.ts';
import { dryRun, json, only } from './options.ts';

/** Adds a command with its description and an example. */
export type Add = (parent: Command, synopsis: string, description: string, example: string) => Command;
/** Runs a command that needs stores. */
type Anywhere = <C extends CommandName>(command: C, args: ArgsOf<C>) => Promise<void>;

export function addOperating(program: Command, add: Add, anywhere: Anywhere): void {
  const topics = add(
    program,
    'topics [topic]',
    'List the topics, or the events of one of them. Or compare them with what is declared.',
    'topics enrollment.events',
  )
    .addOption(json())
    .action((topic: string | undefined, { json }) => anywhere('topics', { topic: topic ?? null, json: json === true }));
  add(
    topics,
    'verify',
    'Show how the topics differ from what is declared; end with 1 if they do.',
    'topics verify --json',
  )
    .addOption(json())
    .action((_, command) => anywhere('topics verify', { json: command.optsWithGlobals()['json'] === true }));
  add(
    topics,
    'apply',
    'Create the topics that are missing, and expand those that no job reads and none has anything left to read of. Nothing ever gets smaller.',
    'topics apply --dry-run',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun }, command) =>
      anywhere('topics apply', { dryRun: dryRun === true, json: command.optsWithGlobals()['json'] === true }),
    );

  const tables = program.command('tables').description('What rows are kept in.');
  add(
    tables,
    'apply',
    'Make the tables and columns that are missing. Nothing is ever dropped.',
    'tables apply --dry-run > tables.cql',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun, json }) => anywhere('tables apply', { dryRun: dryRun === true, json: json === true }));

  const indexes = program.command('indexes').description('What documents are searched in.');
  add(
    indexes,
    'apply',
    'Make the search indexes and fields that are missing. Nothing is ever dropped.',
    'indexes apply --dry-run',
  )
    .addOption(dryRun())
    .addOption(json())
    .action(({ dryRun, json }) => anywhere('indexes apply', { dryRun: dryRun === true, json: json === true }));
  add(
    indexes,
    'renew <index>',
    'Begin a search index anew, empty and as it is declared now. Then fill it with rebuild-views.',
    'indexes renew enrollments',
  )
    .addOption(json())
    .action((index: string, { json }) => anywhere('indexes renew', { index, json: json === true }));

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
