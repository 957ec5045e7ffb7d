/** The part of `tributary doctor` that runs in the process with the stores. Prints the findings as JSON. */
import type { Port } from '../../../app/config/keys.ts';
import { inspect } from '../../../app/doctor/inspect.ts';
import { printJson, type Run } from '../../context.ts';

interface Args {
  readonly tenant: string;
  readonly away: readonly Port[];
}

export const run: Run<Args> = async (context, args) => {
  await printJson(context, await inspect(context, args));
  return undefined;
};
