/** Every command by its name, imported when it is used. */
import { addAbortSignal } from 'node:stream';
import type { Access, Prepare } from '../app/wiring.ts';
import type { Context, GoOn, Run } from './context.ts';
import { FAILED, INTERRUPTED, report } from './errors.ts';

/** Commands that need stores. */
const WITH_STORES = {
  up: () => import('./commands/up.ts'),
  run: () => import('./commands/run.ts'),
  demo: () => import('./commands/demo.ts'),
  produce: () => import('./commands/produce/piece.ts'),
  tail: () => import('./commands/tail.ts'),
  topics: () => import('./commands/topics.ts'),
  'topics verify': () => import('./commands/topics/verify.ts'),
  'topics apply': () => import('./commands/topics/apply.ts'),
  tables: () => import('./commands/tables.ts'),
  'tables apply': () => import('./commands/tables/apply.ts'),
  indexes: () => import('./commands/indexes.ts'),
  'indexes apply': () => import('./commands/indexes/apply.ts'),
  'indexes renew': () => import('./commands/indexes/renew.ts'),
  rebuild: () => import('./commands/rebuild.ts'),
  'rebuild-views': () => import('./commands/rebuild-views.ts'),
  lag: () => import('./commands/lag.ts'),
  'offsets show': () => import('./commands/offsets/show.ts'),
  'offsets seek': () => import('./commands/offsets/seek.ts'),
  show: () => import('./commands/show.ts'),
  search: () => import('./commands/search.ts'),
  'dead-letters list': () => import('./commands/dead-letters/list.ts'),
  'dead-letters show': () => import('./commands/dead-letters/show.ts'),
  'dead-letters replay': () => import('./commands/dead-letters/replay.ts'),
  'dead-letters dismiss': () => import('./commands/dead-letters/dismiss.ts'),
  inspect: () => import('./commands/doctor/inspect.ts'),
};

/**
 * What is made before a command runs. Who only looks makes nothing on servers, which may be the wrong ones; `up` and `run`
 * prepare by themselves, since they wait for what is away.
 */
const PREPARES: Readonly<Record<CommandName, Prepare>> = {
  up: 'nothing',
  run: 'nothing',
  demo: 'all',
  produce: 'all',
  tail: 'embedded',
  topics: 'embedded',
  'topics verify': 'nothing',
  'topics apply': 'nothing',
  tables: 'nothing',
  'tables apply': 'nothing',
  indexes: 'nothing',
  'indexes apply': 'nothing',
  'indexes renew': 'nothing',
  rebuild: 'nothing',
  'rebuild-views': 'all',
  lag: 'embedded',
  'offsets show': 'embedded',
  'offsets seek': 'embedded',
  show: 'embedded',
  search: 'embedded',
  'dead-letters list': 'embedded',
  'dead-letters show': 'embedded',
  'dead-letters replay': 'embedded',
  'dead-letters dismiss': 'embedded',
  inspect: 'embedded',
};

/** Commands that begin a data folder where there is none. The others are told that there is none. */
const MAKES: ReadonlySet<CommandName> = new Set([
  'up',
  'run',
  'demo',
  'produce',
  'topics apply',
  'tables apply',
  'indexes apply',
]);

export function accessOf(command: CommandName, args: unknown): Access {
  if (!MAKES.has(command)) return 'looks';
  return (args as { readonly dryRun?: boolean }).dryRun === true ? 'tries' : 'makes';
}

export type CommandName = keyof typeof WITH_STORES;
/** What the command is told: what its operands and options said. */
export type ArgsOf<C extends CommandName> =
  Awaited<ReturnType<(typeof WITH_STORES)[C]>> extends { run: Run<infer Args> } ? Args : never;

/** Runs a command to its end and answers its exit code, or how it goes on elsewhere. Never throws. */
export async function execute(
  command: string,
  args: unknown,
  context: Context,
  debug: boolean,
): Promise<number | GoOn> {
  try {
    if (!Object.hasOwn(WITH_STORES, command)) throw new Error(`there is no command ${command}`);
    // Otherwise a command that waits for somebody to type would not hear the signal.
    addAbortSignal(context.signal, context.stdin);
    await context.wired.prepare(PREPARES[command as CommandName]);
    const { run } = await WITH_STORES[command as CommandName]();
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
