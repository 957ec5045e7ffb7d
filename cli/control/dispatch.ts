/** Runs a command: in the process that already has the data folder, or else here, with its own stores. */

import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { identityOf } from '../../app/platform/identity.ts';
import type { Setup } from '../../app/stores/wiring.ts';
import { VERSION } from '../../app/version.ts';
import { TributaryError } from '../../core/errors.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { accessOf, type CommandName } from '../commands.ts';
import { GoOn } from '../context.ts';
import { askForFolder, callHolder } from './client.ts';
import { type Call, type Streams, socketOf } from './server.ts';
import { openShared, type SharedStores } from './shared-stores.ts';

/** How long a command waits for another one that has the folder only briefly. */
const PATIENCE_MS = 5000;
const LOOK_AGAIN_MS = 50;

export interface Invocation {
  readonly command: CommandName;
  /** The arguments of the command's implementation; its descriptor ensures that they fit. */
  readonly args: unknown;
  readonly debug: boolean;
}

/**
 * Runs the command with the stores of the process that has the folder, or with its own. Throws errors of opening them;
 * errors of the command itself go to `stderr`.
 */
export async function runAnywhere(setup: Setup, invocation: Invocation, streams: Streams): Promise<number> {
  const session = new Session(setup);
  try {
    return await session.run(invocation, streams);
  } finally {
    await session.close();
  }
}

/**
 * Runs commands one after another. Stores that were opened for one stay open for the next, unless another process asks
 * for the folder.
 */
export class Session {
  readonly #setup: Setup;
  readonly #path: string;
  /** The process that has the folder knows this one's platform. */
  #hasSentPlatform = false;
  #own: SharedStores | undefined;

  constructor(setup: Setup) {
    this.#setup = setup;
    this.#path = socketOf(setup.config.data);
  }

  async run(invocation: Invocation, streams: Streams): Promise<number> {
    let { args } = invocation;
    for (;;) {
      const ended = await this.#once({ ...invocation, args }, streams);
      if (!(ended instanceof GoOn)) return ended;
      args = ended.args;
      await this.#taken(streams.signal);
    }
  }

  async close(): Promise<void> {
    await this.#own?.close();
  }

  async #once({ command, args, debug }: Invocation, streams: Streams): Promise<number | GoOn> {
    const call = { command, args, debug };
    const giveUpAt = performance.now() + PATIENCE_MS;
    for (;;) {
      const ended = await this.#own?.run(call, streams);
      if (ended !== undefined) return ended;
      this.#own = undefined;
      const answer = existsSync(this.#path)
        ? await callHolder(this.#path, { version: VERSION, ...call, ...this.#platform() }, streams)
        : undefined;
      if (answer !== undefined) {
        this.#hasSentPlatform = true;
        return answer;
      }
      try {
        this.#own = await openShared(this.#setup, accessOf(command, args), true, streams.stderr);
      } catch (error) {
        if (!isInUse(error) || performance.now() > giveUpAt) throw error;
        await systemClock.sleep(LOOK_AGAIN_MS, streams.signal);
        streams.signal.throwIfAborted();
      }
    }
  }

  /** Sent once, so that a command with many calls is warned only once. */
  #platform(): Pick<Call, 'platform'> {
    return this.#hasSentPlatform ? {} : { platform: identityOf(this.#setup.platform) };
  }

  /**
   * Settles when another process has the released folder. If the folder stays free, the process that wanted it is gone.
   */
  async #taken(signal: AbortSignal): Promise<void> {
    const giveUpAt = performance.now() + PATIENCE_MS;
    do await systemClock.sleep(LOOK_AGAIN_MS, signal);
    while (!existsSync(this.#path) && performance.now() < giveUpAt && !signal.aborted);
  }
}

/** Runs the command with its own stores, for as long as it takes. Meanwhile it runs commands for other processes. */
export async function runHere(setup: Setup, invocation: Invocation, streams: Streams): Promise<number> {
  const stores = await obtain(setup, streams.signal, streams.stderr);
  try {
    // The folder is not released meanwhile, so the command always ends with an exit code.
    return (await stores.run(invocation, streams)) as number;
  } finally {
    await stores.close();
  }
}

/** Opens the stores, and asks the process that has the folder to release it. */
async function obtain(setup: Setup, signal: AbortSignal, stderr: Writable): Promise<SharedStores> {
  const path = socketOf(setup.config.data);
  const giveUpAt = performance.now() + PATIENCE_MS;
  for (;;) {
    try {
      return await openShared(setup, 'makes', false, stderr);
    } catch (error) {
      if (!isInUse(error)) throw error;
      const answer = existsSync(path) ? await askForFolder(path, signal) : 'nobody';
      signal.throwIfAborted();
      if (answer === 'refused' || (answer === 'nobody' && performance.now() > giveUpAt)) throw error;
      await systemClock.sleep(LOOK_AGAIN_MS, signal);
      signal.throwIfAborted();
    }
  }
}

const isInUse = (error: unknown): boolean => error instanceof TributaryError && error.code === 'FOLDER_IN_USE';
