/** `tributary report run`: makes the report in this process, unless a worker has begun it. */
import { reportSources } from '../../../app/reports/sources.ts';
import { workerParts } from '../../../app/reports/worker.ts';
import { attempt } from '../../../reports/worker/attempt.ts';
import { announceEnded } from '../../../reports/worker/tending.ts';
import type { Request } from '../../../sinks/requests/port.ts';
import { type Context, endOf, GoOn, type Run } from '../../context.ts';
import { type AskedFor, ask } from './asked.ts';
import { ended, follow } from './following.ts';

interface Args {
  readonly asked: AskedFor;
  readonly out: string | null;
  readonly json: boolean;
  readonly progress: boolean;
}

export const run: Run<Args> = async (context, args) => {
  const { out, json, progress } = args;
  const request = await ask(context, args.asked);
  const done = await made(context, request, progress);
  return done === undefined ? new GoOn(args) : ended(context, done, { out, json, roles: args.asked.roles });
};

/** The request after it has ended; undefined if another process continues. */
async function made(context: Context, request: Request, progress: boolean): Promise<Request | undefined> {
  const { wired } = context;
  const sources = reportSources(wired);
  const parts = workerParts(wired, sources, () => {});
  const { requests, clock, settings, owner } = parts;
  try {
    return await follow(context, request, {
      progress,
      async work() {
        const now = clock.now();
        const leased = await requests.leaseOne(request.id, owner, now, now + settings.leaseMs);
        if (leased !== undefined) await attempt(leased, parts, endOf(context));
        await announceEnded(parts);
      },
    });
  } catch (error) {
    if (context.signal.aborted) {
      context.stderr.write(
        `the request waits for a worker now; if nobody needs it: tributary report cancel ${request.id}\n`,
      );
    }
    throw error;
  } finally {
    await sources.close();
  }
}
