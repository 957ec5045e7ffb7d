/** What `tables apply` and `indexes apply` have in common: what is missing is shown, then made. */
import { type Context, print, printJson } from './context.ts';

export interface ApplyArgs {
  readonly dryRun: boolean;
  readonly json: boolean;
}

/** `ending` is what a statement ends with when people copy it. */
export async function applyMissing(
  context: Context,
  { dryRun, json }: ApplyArgs,
  what: string,
  ending: string,
  missing: readonly string[],
  prepare: () => Promise<void>,
): Promise<void> {
  if (!dryRun && missing.length > 0) await prepare();
  if (json) return printJson(context, { dryRun, [dryRun ? 'missing' : 'made']: missing });
  if (missing.length === 0) return print(context, `${what} are as they are declared`);
  for (const statement of missing) await print(context, `${statement.trim()}${dryRun ? ending : ''}`);
  const [count, verb] = [missing.length, dryRun ? 'would be made; nothing was' : 'made'];
  context.stderr.write(`${count === 1 ? '1 change' : `${count} changes`} ${verb}\n`);
}
