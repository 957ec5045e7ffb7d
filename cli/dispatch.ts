/** Runs a command: by the process that has the data folder already, or else here with stores of its own. */
import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { messageOf, TributaryError } from '../schemas/errors.ts';
import { type CommandName, execute } from './commands.ts';
import type { Config } from './config.ts';
import { pause } from './context.ts';
import { type Control, type Streams, serveControl, socketOf } from './control.ts';
import { callHolder } from './control-client.ts';
import { FAILED } from './errors.ts';
import { VERSION } from './version.ts';
import type { Wired } from './wire.ts';

/** How long a command waits for another one that has the folder for a moment. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

export interface Invocation {
  readonly command: CommandName;
  /** What the command's module takes; `program.ts` sees to it that it fits. */
  readonly args: unknown;
  readonly debug: boolean;
}

/**
 * Runs the command with whatever stores there are: those of the process that has the folder, or its own. Throws what
 * opening them throws; what the command itself meets is said on `stderr`.
 */
export async function runAnywhere(config: Config, invocation: Invocation, streams: Streams): Promise<number> {
  const { command, args, debug } = invocation;
  const path = socketOf(config.data);
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    const code = existsSync(path)
      ? await callHolder(path, { version: VERSION, command, args, debug }, streams)
      : undefined;
    if (code !== undefined) return code;
    try {
      return await runHere(config, invocation, streams);
    } catch (error) {
      const isInUse = error instanceof TributaryError && error.code === 'FOLDER_IN_USE';
      if (!isInUse || performance.now() > giveUpAt) throw error;
      await pause(LOOK_AGAIN_MS, streams.signal);
      streams.signal.throwIfAborted();
    }
  }
}

/** Runs the command with stores of its own. Meanwhile other commands are run for other processes. */
export async function runHere(config: Config, { command, args, debug }: Invocation, streams: Streams): Promise<number> {
  const { wire } = await import('./wire.ts');
  const wired = await wire(config, 'nothing');
  let control: Control | undefined;
  try {
    control = await listen(wired, streams.stderr);
    return await execute(command, args, { wired, ...streams }, debug);
  } finally {
    await control?.stop();
    await wired.close();
  }
}

/** Nobody else has to go without the stores: only an embedded folder has one process alone. */
async function listen(wired: Wired, stderr: Writable): Promise<Control | undefined> {
  if (wired.embedded === undefined) return undefined;
  const path = socketOf(wired.config.data);
  try {
    return await serveControl(path, async ({ version, command, args, debug }, streams) => {
      if (version === VERSION) return execute(command, args, { wired, ...streams }, debug);
      streams.stderr.write(
        `error: the process that has the data folder is tributary ${VERSION}, and this is ${version}; use the same version, or stop that process\n`,
      );
      return FAILED;
    });
  } catch (error) {
    stderr.write(
      `warning: other commands cannot be run meanwhile, since ${path} cannot be opened: ${messageOf(error)}\n`,
    );
    return undefined;
  }
}
