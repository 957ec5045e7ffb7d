/** Shared by `tables apply` and `indexes apply`: shows what is missing, then makes it. */
import { type Context, print, printJson } from './context.ts';

export interface ApplyArgs {
  readonly dryRun: boolean;
  readonly json: boolean;
}

export interface Missing {
  readonly what: string;
  /** The characters that end a statement when people copy it. */
  readonly ending: string;
  /** The statements or requests that make what is missing. */
  readonly missing: readonly string[];
  readonly prepare: () => Promise<void>;
}

export async function applyMissing(
  context: Context,
  { dryRun, json }: ApplyArgs,
  { what, ending, missing, prepare }: Missing,
): Promise<void> {
  if (!dryRun && missing.length > 0) await prepare();
  if (json) return printJson(context, { dryRun, [dryRun ? 'missing' : 'made']: missing });
  if (missing.length === 0) return print(context, `${what} are as they are declared`);
  for (const statement of missing) await print(context, `${statement.trim()}${dryRun ? ending : ''}`);
  const [count, verb] = [missing.length, dryRun ? 'would be made; nothing was changed' : 'made'];
  context.stderr.write(`${count === 1 ? '1 change' : `${count} changes`} ${verb}\n`);
}
