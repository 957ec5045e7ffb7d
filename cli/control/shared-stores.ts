/**
 * The stores of this process, for its own commands and for those of other processes, which cannot open the folder. A process that can do
 * without the folder releases it when another one asks, so that a process that only displays data does not keep jobs from running.
 */
import type { Writable } from 'node:stream';
import { differenceOf, identityOf } from '../../app/platform/identity.ts';
import type { Access, Setup, Wired } from '../../app/stores/wiring.ts';
import { VERSION } from '../../app/version.ts';
import { messageOf } from '../../core/errors.ts';
import { execute } from '../commands.ts';
import type { GoOn } from '../context.ts';
import { FAILED } from '../errors.ts';
import { type Call, type Control, type Streams, serveControl, socketOf } from './server.ts';

export type Command = Omit<Call, 'version' | 'platform'>;

export interface SharedStores {
  /** Undefined if the stores were released before the command began. */
  run(command: Command, streams: Streams): Promise<number | GoOn | undefined>;
  close(): Promise<void>;
}

/**
 * Throws the errors of opening the stores: FOLDER_IN_USE if another process has the folder. Releasable stores are closed when another
 * process asks for the folder.
 */
export async function openShared(
  setup: Setup,
  access: Access,
  isReleasable: boolean,
  stderr: Writable,
): Promise<SharedStores> {
  const { wire } = await import('../../app/stores/wiring.ts');
  const wired = await wire(setup, 'nothing', access);
  const handover = new AbortController();
  let running = 0;
  let control: Control | undefined;
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      if (handover.signal.aborted) await control?.drain();
      else await control?.stop();
      await wired.close();
    })();
    return closed;
  };
  const perform = ({ command, args, debug }: Command, streams: Streams): Promise<number | GoOn> =>
    execute(command, args, { wired, ...streams, handover: handover.signal }, debug);
  control = await listen(wired, stderr, perform, () => {
    if (!isReleasable) return false;
    handover.abort();
    if (running === 0) void close();
    return true;
  });
  return {
    async run(command, streams) {
      if (handover.signal.aborted) {
        await close();
        return undefined;
      }
      running += 1;
      try {
        return await perform(command, streams);
      } finally {
        running -= 1;
        if (handover.signal.aborted) await close();
      }
    },
    close,
  };
}

/** Other processes can use the stores at the same time: only an embedded folder is limited to one process. */
async function listen(
  wired: Wired,
  stderr: Writable,
  perform: (command: Command, streams: Streams) => Promise<number | GoOn>,
  ask: () => boolean,
): Promise<Control | undefined> {
  if (wired.embedded === undefined) return undefined;
  const path = socketOf(wired.config.data);
  try {
    return await serveControl(path, {
      ask,
      async execute({ version, platform, ...command }, streams) {
        if (version === VERSION) {
          const difference = platform && differenceOf(platform, identityOf(wired.platform));
          if (difference !== undefined) streams.stderr.write(`warning: ${difference}\n`);
          return perform(command, streams);
        }
        streams.stderr.write(
          `error: the process that has the data folder is tributary ${VERSION}, and this is ${version}; use the same version, or stop that process\n`,
        );
        return FAILED;
      },
    });
  } catch (error) {
    stderr.write(
      `warning: other commands cannot be run meanwhile, since ${path} cannot be opened: ${messageOf(error)}\n`,
    );
    return undefined;
  }
}
