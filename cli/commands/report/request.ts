/** `tributary report request`: a worker makes the report. */
import type { Run } from '../../context.ts';
import { GoOn, print } from '../../context.ts';
import { type AskedFor, ask } from './asked.ts';
import { ended, follow, requestJson } from './following.ts';

interface Args {
  readonly asked: AskedFor;
  readonly wait: boolean;
  readonly out: string | null;
  readonly json: boolean;
  readonly progress: boolean;
}

export const run: Run<Args> = async (context, args) => {
  const { wait, out, json, progress } = args;
  const request = await ask(context, args.asked);
  if (!wait) {
    await print(context, json ? JSON.stringify(requestJson(request)) : request.id);
    return undefined;
  }
  const done = await follow(context, request, { progress });
  // The command is run again, and finds the same request.
  return done === undefined ? new GoOn(args) : ended(context, done, { out, json, roles: args.asked.roles });
};
