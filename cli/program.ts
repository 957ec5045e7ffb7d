/** The command line: which commands there are, what they take, and what runs them. */
import { Readable } from 'node:stream';
import { Command, CommanderError, Option } from 'commander';
import type { ArgsOf, CommandName } from './commands.ts';
import { docOf, flagOf, KEYS, loadConfig, type Sources } from './config.ts';
import { Interrupted } from './context.ts';
import type { Streams } from './control.ts';
import { runAnywhere, runHere } from './dispatch.ts';
import { INTERRUPTED, report, USED_WRONGLY, usage } from './errors.ts';
import { inputOf } from './input.ts';
import { addOffsets } from './offsets.ts';
import { type Add, addOperating } from './operating.ts';
import {
  after,
  code,
  collect,
  job,
  json,
  keysHelp,
  limitOf,
  momentOrAgo,
  natural,
  ofTopic,
  tenant,
  whole,
} from './options.ts';
import { VERSION } from './version.ts';

/** Answers the exit code. */
export async function main(argv: readonly string[]): Promise<number> {
  const { stdout, stderr } = process;
  // Who reads no further, as `head` does, has what he wanted.
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const signal = interruptions();
  let exitCode = 0;
  const program = describe(async (work) => {
    exitCode = await work({ stdin: Readable.from([]), stdout, stderr, signal });
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

type Work = (streams: Streams) => Promise<number>;

function describe(perform: (work: Work) => Promise<void>): Command {
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
  const debug = (): boolean => program.opts()['debug'] === true;
  const start =
    (runs: typeof runAnywhere) =>
    <C extends CommandName>(command: C, args: ArgsOf<C>, input?: string) =>
      perform(async (streams) => {
        const { config } = loadConfig(sources());
        const stdin = input === undefined ? streams.stdin : (await inputOf(input)).stream;
        try {
          return await runs(config, { command, args, debug: debug() }, { ...streams, stdin });
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
        const { config } = loadConfig(sources());
        const { produce } = await import('./producing.ts');
        return produce(config, { topic, file: file ?? '-', fromLine, json: json === true, debug: debug() }, streams);
      }),
    );

  add(
    program,
    'tail <topic>',
    'Show the newest events of a topic, decoded, one a line.',
    'tail enrollment.events --follow',
  )
    .option('--from-beginning', 'begin with the oldest record')
    .addOption(
      new Option('--since <time>', 'begin with the first record of that time, in ISO 8601 or as 90m, 12h or 7d ago')
        .argParser(momentOrAgo)
        .conflicts('fromBeginning'),
    )
    .option('--partition <n>', 'only this one', natural)
    .addOption(
      new Option('--offset <n>', 'begin with this record of --partition')
        .argParser(natural)
        .conflicts(['fromBeginning', 'since']),
    )
    .option('--key <key>', 'only records with this key')
    .option('--type <type>', 'only events of this type')
    .option('-f, --follow', 'go on with what comes, until stopped')
    .option('--limit <n>', 'at most so many records (default: 10, or all from where it begins)', whole)
    .addOption(new Option('--json', 'one object a line, as `produce` takes it'))
    .action((topic: string, { fromBeginning, since, partition, offset, key, type, follow, limit, json }) => {
      if (offset !== undefined && partition === undefined)
        throw usage('--offset is of one partition: give --partition');
      return anywhere('tail', {
        topic,
        fromBeginning: fromBeginning === true,
        since: since ?? null,
        partition: partition ?? null,
        offset: offset ?? null,
        key: key ?? null,
        type: type ?? null,
        follow: follow === true,
        limit: limit ?? null,
        json: json === true,
      });
    });

  addOperating(program, add, anywhere);
  addOffsets(program, add, (command, args, file) => anywhere(command, args, file));

  add(program, 'lag', 'Show how far behind each job is.', 'lag --wait --timeout-ms 60000')
    .option('--job <name>', 'only this job')
    .option('--wait', 'wait until nothing is left to read')
    .option('--timeout-ms <n>', 'how long to wait at most, in ms', whole, 60_000)
    .addOption(json())
    .action(({ job, wait, timeoutMs, json }) =>
      anywhere('lag', { job: job ?? null, wait: wait === true, timeoutMs, json: json === true }),
    );

  add(
    program,
    'show <projection> [key...]',
    'Show one record of a table, an index or a cache; with a part of its key, or none, a list. A job stands for the rows it keeps.',
    'show learner_progress learner-1 AAA-2013J',
  )
    .addOption(tenant())
    .addOption(limitOf(20))
    .addOption(after())
    .addOption(json())
    .action((projection: string, key: string[], { tenant, limit, after, json }) =>
      anywhere('show', { projection, key, tenant, limit, after: after ?? null, json: json === true }),
    );

  add(
    program,
    'search <index> [words...]',
    'Find documents by words; a last word with * matches beginnings.',
    'search enrollments algebra --filter state=completed',
  )
    .option('--filter <field=value>', 'only with this value; may be given again', collect, [])
    .addOption(tenant())
    .addOption(limitOf(20))
    .addOption(after())
    .addOption(json())
    .action((index: string, words: string[], { filter, tenant, limit, after, json }) =>
      anywhere('search', {
        index,
        words: words.join(' '),
        filter,
        tenant,
        limit,
        after: after ?? null,
        json: json === true,
      }),
    );

  const letters = program.command('dead-letters').description('Records that no fold could apply.');
  add(
    letters,
    'list',
    'List the dead letters that were not replayed.',
    'dead-letters list --job track-progress --code DATA_INVALID',
  )
    .addOption(job())
    .addOption(code())
    .addOption(ofTopic())
    .option('--all', 'also those that were replayed')
    .addOption(json())
    .action(({ job, code, topic, all, json }) =>
      anywhere('dead-letters list', {
        job: job ?? null,
        code: code ?? null,
        topic: topic ?? null,
        all: all === true,
        json: json === true,
      }),
    );
  add(
    letters,
    'show <id>',
    'Show one dead letter: what was wrong with it, and what it is. Its id is <topic>/<partition>/<offset>.',
    'dead-letters show enrollment.events/3/1042',
  )
    .addOption(json())
    .action((id: string, { json }) => anywhere('dead-letters show', { id, json: json === true }));
  add(
    letters,
    'replay [id...]',
    'Send records once more to the job that rejected them.',
    'dead-letters replay --all --code SCHEMA_UNKNOWN',
  )
    .option('--all', 'all that match')
    .addOption(job())
    .addOption(code())
    .addOption(ofTopic())
    .option('--again', 'also what was replayed before')
    .addOption(json())
    .action((ids: string[], { all, job, code, topic, again, json }) =>
      anywhere('dead-letters replay', {
        ids,
        all: all === true,
        job: job ?? null,
        code: code ?? null,
        topic: topic ?? null,
        again: again === true,
        json: json === true,
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
        return run(sources(), streams, { tenant, json: json === true, debug: debug() });
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
  return program;
}
