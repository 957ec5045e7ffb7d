/** The command line: a process that runs one command. */
import { Readable } from 'node:stream';
import { CommanderError } from 'commander';
import type { LoadedPlatform } from '../app/platform/file.ts';
import type { Platform } from '../modules/define.ts';
import type { CommandName } from './commands.ts';
import { Interrupted } from './context.ts';
import { runAnywhere, runHere } from './control/dispatch.ts';
import type { Streams } from './control/server.ts';
import type { RunForCaller, StoresCommand } from './descriptor.ts';
import { INTERRUPTED, outputFailed, report, USED_WRONGLY } from './errors.ts';
import { inputOf } from './input.ts';
import { type Invoked, parserOf } from './parser.ts';
import { setupOf } from './setup.ts';

/** Returns the exit code. Without `given`, the platform is that of the working folder. */
export async function main(argv: readonly string[], given?: Platform): Promise<number> {
  const { stdout, stderr } = process;
  stdout.on('error', (error) => process.exit(outputFailed(error, stderr)));
  // Lines that cannot be logged are lost; the process goes on.
  stderr.on('error', () => {});
  const signal = interruptions();
  let exitCode = 0;
  let loaded: Promise<LoadedPlatform> | undefined;
  const platform = (): Promise<LoadedPlatform> => {
    loaded ??= given === undefined ? platformHere() : Promise.resolve({ platform: given, file: undefined });
    return loaded;
  };
  const program = parserOf(async (invoked) => {
    exitCode = await run(invoked, { stdin: Readable.from([]), stdout, stderr, signal });
  }, platform);
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USED_WRONGLY;
    if (signal.aborted) return INTERRUPTED;
    return report(error, stderr, program.opts()['debug'] === true);
  }
}

/** Imported when needed: it imports every job, and help needs none. */
async function platformHere(): Promise<LoadedPlatform> {
  const { loadPlatform } = await import('../app/platform/file.ts');
  return loadPlatform(process.cwd());
}

/** Aborted by the first signal. The second one ends the process at once. */
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

async function run(invoked: Invoked, streams: Streams): Promise<number> {
  const { command, args, caller } = invoked;
  if (command.kind === 'stores') return runWithStores(command, invoked, streams);
  const { run } = await command.load();
  return (run as RunForCaller<unknown>)(caller, streams, args);
}

/** Runs in the process that has the folder, or else in this one. */
async function runWithStores(
  command: StoresCommand,
  { args, caller, input }: Invoked,
  streams: Streams,
): Promise<number> {
  const setup = await setupOf(caller, streams.stderr);
  const stdin = input === null ? streams.stdin : (await inputOf(input, streams.signal)).stream;
  const invocation = { command: command.name as CommandName, args, debug: caller.debug };
  const runs = command.runsHere ? runHere : runAnywhere;
  try {
    return await runs(setup, invocation, { ...streams, stdin });
  } finally {
    stdin.destroy();
  }
}
