/** Runs commands that need stores, by their names. */
import { addAbortSignal } from 'node:stream';
import type { Access } from '../app/stores/wiring.ts';
import type { Context, GoOn, Run } from './context.ts';
import type { StoresCommand } from './descriptor.ts';
import { COMMANDS, type CommandName } from './descriptors/index.ts';
import { FAILED, INTERRUPTED, report } from './errors.ts';

export type { CommandName } from './descriptors/index.ts';

/** Undefined for a name that another process sends and that this version does not have. */
function commandNamed(name: string): StoresCommand | undefined {
  return COMMANDS.find((each): each is StoresCommand => each.kind === 'stores' && each.name === name);
}

export function accessOf(name: CommandName, args: unknown): Access {
  if (commandNamed(name)?.makesFolder !== true) return 'looks';
  return (args as { readonly dryRun?: boolean }).dryRun === true ? 'tries' : 'makes';
}

/** Runs the command to its end. Returns its exit code, or how it continues elsewhere. Never throws. */
export async function execute(name: string, args: unknown, context: Context, debug: boolean): Promise<number | GoOn> {
  try {
    const command = commandNamed(name);
    if (command === undefined) throw new Error(`there is no command ${name}`);
    // Otherwise a command that waits for typed input would not see the signal.
    addAbortSignal(context.signal, context.stdin);
    await context.wired.prepare(command.prepares);
    const { run } = await command.load();
    return (await (run as Run<unknown>)(context, args)) ?? 0;
  } catch (error) {
    if (isInterruption(error, context.signal)) return INTERRUPTED;
    if (context.stderr.destroyed) return FAILED;
    return report(error, context.stderr, debug);
  }
}

function isInterruption(error: unknown, signal: AbortSignal): boolean {
  return signal.aborted && (error === signal.reason || (error as Error | null)?.name === 'AbortError');
}
