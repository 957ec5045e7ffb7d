/** The command line: which commands there are, what they take, and what runs them. */
import { Readable } from 'node:stream';
import { Command, CommanderError, Option } from 'commander';
import { docOf, flagOf, KEYS, loadConfig, type Sources } from '../app/config.ts';
import { type LoadedPlatform, loadPlatform } from '../app/platform-file.ts';
import { VERSION } from '../app/version.ts';
import type { Setup } from '../app/wiring.ts';
import type { Platform } from '../modules/define.ts';
import type { ArgsOf, CommandName } from './commands.ts';
import { Interrupted } from './context.ts';
import { runAnywhere, runHere } from './control/dispatch.ts';
import type { Streams } from './control/server.ts';
import { INTERRUPTED, outputFailed, report, USED_WRONGLY } from './errors.ts';
import { inputOf } from './input.ts';
import { addOffsets } from './offsets.ts';
import { type Add, addOperating } from './operating.ts';
import { csv, json, keysHelp, tenant, whole } from './options.ts';
import { wantsColors } from './output/colors.ts';
import { addReading } from './reading.ts';
import { addRebuilding } from './rebuilding.ts';

/** Answers the exit code. Without a platform it is the one that the working folder names. */
export async function main(argv: readonly string[], given?: Platform): Promise<number> {
  const { stdout, stderr } = process;
  stdout.on('error', (error) => process.exit(outputFailed(error, stderr)));
  // What cannot be logged is lost; whoever logs goes on.
  stderr.on('error', () => {});
  const signal = interruptions();
  let exitCode = 0;
  const perform: Perform = async (work) => {
    exitCode = await work({ stdin: Readable.from([]), stdout, stderr, signal });
  };
  // Read when the first command needs it, so that no mistake in it keeps anybody from the help.
  let loaded: Promise<LoadedPlatform> | undefined;
  const program = describe(perform, () => {
    loaded ??=
      given === undefined ? loadPlatform(process.cwd()) : Promise.resolve({ platform: given, file: undefined });
    return loaded;
  });
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USED_WRONGLY;
    if (signal.aborted) return INTERRUPTED;
    return report(error, stderr, program.opts()['debug'] === true);
  }
}

/** Aborted by the first signal; the second one ends the process at once. */
function interruptions(): AbortSignal {
  const controller = new AbortController();
  for (const [name, code] of [
    ['SIGINT', INTERRUPTED],
    ['SIGTERM', 143],
  ] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) process.exit(code);
      controller.abort(new Interrupted());
    });
  }
  return controller.signal;
}

type Perform = (work: (streams: Streams) => Promise<number>) => Promise<void>;

function describe(perform: Perform, platform: () => Promise<LoadedPlatform>): Command {
  const program = new Command('tributary');
  program
    .description('Turns the events of a learning platform into what people and services read.')
    .version(VERSION)
    .exitOverride()
    .option('--debug', 'show where an error came from')
    .option('--config <file>', 'the configuration (default: tributary.json, if there is one)')
    .helpCommand(false)
    .addHelpText(
      'after',
      '\nThe flags of the configuration go before or after a command; `tributary config --help` lists them.',
    );
  for (const key of KEYS) {
    const option = new Option(`${flagOf(key)} <value>`, docOf(key));
    program.addOption(key === 'data' ? option : option.hideHelp());
  }

  const sources = (): Sources => {
    const given = program.opts();
    const flags = Object.fromEntries(
      KEYS.flatMap((key) => (given[key] === undefined ? [] : [[key, String(given[key])]])),
    );
    return { flags, env: process.env, file: given['config'], folder: process.cwd() };
  };
  const setupFor = async ({ stderr }: Streams): Promise<Setup> => {
    const { config, warnings } = loadConfig(sources());
    for (const each of warnings) stderr.write(`warning: ${each}\n`);
    return { config, platform: (await platform()).platform };
  };
  const debug = (): boolean => program.opts()['debug'] === true;
  const start =
    (runs: typeof runAnywhere) =>
    <C extends CommandName>(command: C, args: ArgsOf<C>, input?: string) =>
      perform(async (streams) => {
        const setup = await setupFor(streams);
        const stdin = input === undefined ? streams.stdin : (await inputOf(input)).stream;
        try {
          return await runs(setup, { command, args, debug: debug() }, { ...streams, stdin });
        } finally {
          stdin.destroy();
        }
      });
  /** By the process that has the folder, if there is one. */
  const anywhere = start(runAnywhere);
  const here = start(runHere);

  /** The first sentence of the description is its summary. */
  const add: Add = (parent, synopsis, description, example) =>
    parent
      .command(synopsis)
      .description(description)
      .summary(description.slice(0, description.search(/[.:]/)))
      .addHelpText('after', `\nExample:\n  $ tributary ${example}`);

  add(program, 'demo', 'Import a real data set, run all jobs over it and show what came out.', 'demo')
    .addOption(json())
    .option(
      '--presentations <ids>',
      'only these presentations, such as AAA-2013J,AAA-2014J',
      (ids) => ids.split(','),
      [],
    )
    .action(({ json, presentations }) => here('demo', { json: json === true, presentations }));

  add(
    program,
    'up',
    'Run all jobs in this process, until it is stopped.',
    'up --data /var/lib/tributary --metrics-port 9464',
  ).action(() => here('up', {}));

  add(
    program,
    'run <job...>',
    'Run some of the jobs in this process, until it is stopped.',
    'run track-progress summarize-batch',
  ).action((jobs: string[]) => here('run', { jobs }));

  add(
    program,
    'produce <topic> [file]',
    'Send events to a topic: NDJSON from a file or the standard input. Every line is a CloudEvent, or an object with type, data and perhaps time, id, tenant and source, or a record as `tail --json` shows it. All lines of a file are checked before any is sent; those of a pipe are sent as they come.',
    `produce enrollment.events events.ndjson\n  $ echo '{"type":"enrollment.enrolled","data":{"userId":"u1","courseId":"c1","batchId":"b1"}}' | tributary produce enrollment.events`,
  )
    .option('--from-line <n>', 'go on with this line, when those before were sent', whole, 1)
    .addOption(json())
    .action((topic: string, file: string | undefined, { fromLine, json }) =>
      perform(async (streams) => {
        const setup = await setupFor(streams);
        const { produce } = await import('./commands/produce.ts');
        return produce(setup, { topic, file: file ?? '-', fromLine, json: json === true, debug: debug() }, streams);
      }),
    );

  addReading(program, add, anywhere);
  addOperating(program, add, anywhere);
  addRebuilding(program, add, anywhere);
  addOffsets(program, add, (command, args, file) => anywhere(command, args, file));

  add(
    program,
    'lag [job...]',
    'Show how far behind each job is, or some of them.',
    'lag track-progress --wait --timeout-ms 60000',
  )
    .addOption(new Option('--job <name>', 'the same').hideHelp())
    .option('--wait', 'wait until nothing is left to read')
    .option('--timeout-ms <n>', 'how long to wait at most, in ms', whole, 60_000)
    .addOption(json())
    .addOption(csv())
    .action((jobs: string[], { job, wait, timeoutMs, json, csv }) =>
      anywhere('lag', {
        jobs: job === undefined ? jobs : [...jobs, job],
        wait: wait === true,
        timeoutMs,
        json: json === true,
        csv: csv === true,
        colors: wantsColors(process.stdout),
        progress: process.stderr.isTTY === true,
      }),
    );

  add(
    program,
    'doctor',
    'Look for everything that is wrong with the installation, and say what to do about it.',
    'doctor --json',
  )
    .addOption(tenant())
    .addOption(json())
    .action(({ tenant, json }) =>
      perform(async (streams) => {
        const { run } = await import('./commands/doctor.ts');
        return run(sources(), streams, {
          platform,
          tenant,
          json: json === true,
          debug: debug(),
          colors: wantsColors(process.stdout),
        });
      }),
    );

  add(
    program,
    'config',
    'Show the configuration that is in effect, and where each value is from. Secrets are masked.',
    'config --json',
  )
    .addOption(json())
    .addHelpText('after', () => `\n${keysHelp()}`)
    .action(({ json }) =>
      perform(async (streams) => {
        const { run } = await import('./commands/config.ts');
        return run(sources(), streams, { json: json === true });
      }),
    );

  add(
    program,
    'docs <folder>',
    'Write a page of all topics and events and one of all projections into a folder, in Markdown.',
    'docs docs/events',
  )
    .option('--check', 'write nothing; end with 1 if a page is not what the platform declares')
    .action((folder: string, { check }) =>
      perform(async (streams) => {
        const { run } = await import('./commands/docs.ts');
        return run((await platform()).platform, streams, { folder, check: check === true });
      }),
    );
  return program;
}
