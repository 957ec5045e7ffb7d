/** Turns the descriptors of the commands into a parser of command lines, which also writes their help. */
import { Argument, Command as CommanderCommand, Option as CommanderOption } from 'commander';
import { flagOf, type Sources } from '../app/config/config.ts';
import { docOf, KEYS } from '../app/config/keys.ts';
import { VERSION } from '../app/version.ts';
import { type Caller, type Command, type Operand, type Option, summaryOf, type Terminal } from './descriptor.ts';
import { COMMANDS, GROUPS } from './descriptors/index.ts';
import { wantsColors } from './output/colors.ts';

/** A parsed command line. */
export interface Invoked {
  readonly command: Command;
  readonly args: unknown;
  /** The file to use as standard input. */
  readonly input: string | null;
  readonly caller: Caller;
}

type Perform = (invoked: Invoked) => Promise<void>;

export function parserOf(perform: Perform, platform: Caller['platform']): CommanderCommand {
  const program = new CommanderCommand('tributary');
  program
    .description('Turns the events of a learning platform into what people and services read.')
    .version(VERSION)
    .exitOverride()
    .option('--debug', 'show where an error came from')
    .option('--config <file>', 'the configuration file (default: tributary.json, if it exists)')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nFlags of the configuration may come before or after the command; `tributary config --help` lists them.',
    );
  for (const key of KEYS) {
    const option = new CommanderOption(`${flagOf(key)} <value>`, docOf(key));
    program.addOption(key === 'data' ? option : option.hideHelp());
  }
  const callerOf = (): Caller => ({ sources: sourcesOf(program), platform, debug: program.opts()['debug'] === true });
  for (const command of COMMANDS) add(program, command, (understood) => perform({ ...understood, caller: callerOf() }));
  return program;
}

function add(
  program: CommanderCommand,
  command: Command,
  perform: (understood: Omit<Invoked, 'caller'>) => Promise<void>,
): void {
  const { typed } = command;
  if (typed === undefined) return;
  const [name, parent] = wordAndParentOf(program, command.name);
  const { description, examples, operands, options } = typed;
  const added = parent
    .command(name, { hidden: typed.isHidden })
    .description(description)
    .summary(summaryOf(description))
    .addHelpText('after', exampleText(examples));
  const { more } = typed;
  if (more !== undefined) added.addHelpText('after', () => `\n${more()}`);
  for (const operand of Object.values(operands)) added.addArgument(argumentOf(operand));
  for (const [name, option] of Object.entries(options)) added.addOption(optionOf(name, option));
  added.action(() => {
    const values = valuesOf(added, operands, options);
    const args = typed.args(values as never, terminal());
    const input = 'input' in typed ? typed.input(values as never) : null;
    return perform({ command, args, input });
  });
}

/** The last word of the command's name, and its parent: a group, which may be nested in another. */
function wordAndParentOf(program: CommanderCommand, name: string): [string, CommanderCommand] {
  const words = name.split(' ');
  const last = words.pop() as string;
  let parent = program;
  for (const [i, word] of words.entries()) {
    const found = parent.commands.find((each) => each.name() === word);
    const description = GROUPS[words.slice(0, i + 1).join(' ')] ?? '';
    parent = found ?? parent.command(word).description(description).summary(summaryOf(description));
  }
  return [last, parent];
}

const exampleText = (examples: readonly string[]): string =>
  ['\nExample:', ...examples.map((each) => `  $ ${each.startsWith('echo ') ? '' : 'tributary '}${each}`)].join('\n');

const SYNOPSES = {
  one: (shown: string) => `<${shown}>`,
  optional: (shown: string) => `[${shown}]`,
  any: (shown: string) => `[${shown}...]`,
  some: (shown: string) => `<${shown}...>`,
} as const;

const argumentOf = ({ shown, count }: Operand): Argument => new Argument(SYNOPSES[count](shown));

function optionOf(name: string, { doc, shown, short, parse, isList, preset, conflicts, isHidden }: Option) {
  const flags = [short, flagOf(name)].filter((each) => each !== undefined).join(', ');
  const option = new CommanderOption(shown === undefined ? flags : `${flags} <${shown}>`, doc);
  if (shown !== undefined) {
    const read = isList ? (text: string, before: readonly unknown[] = []) => [...before, parse(text)] : parse;
    option.argParser(read as (text: string) => unknown);
  }
  // Help shows the default. An empty default is not worth showing.
  if (typeof preset === 'number' || typeof preset === 'string') option.default(preset);
  return option.conflicts([...conflicts]).hideHelp(isHidden);
}

function valuesOf(
  command: CommanderCommand,
  operands: Readonly<Record<string, Operand>>,
  options: Readonly<Record<string, Option>>,
): Readonly<Record<string, unknown>> {
  const given = Object.keys(operands).map((name, i) => [name, command.processedArgs[i] ?? null]);
  const chosen = Object.entries(options).map(([name, { preset }]) => [name, optionValue(command, name) ?? preset]);
  return Object.fromEntries([...given, ...chosen]);
}

/** If a parent command has the option, too, the parent takes it, wherever it was typed. */
function optionValue(command: CommanderCommand, name: string): unknown {
  for (let each: CommanderCommand | null = command; each?.parent; each = each.parent) {
    if (each.getOptionValueSource(name) === 'cli') return each.getOptionValue(name);
  }
  return undefined;
}

const terminal = (): Terminal => ({
  colors: wantsColors(process.stdout),
  progress: process.stderr.isTTY === true,
});

function sourcesOf(program: CommanderCommand): Sources {
  const given = program.opts();
  const flags = Object.fromEntries(
    KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, String(given[key])]])),
  );
  return { flags, env: process.env, file: given['config'], folder: process.cwd() };
}
