/** Follows a request until it ends, and saves its file. */

import { isoOf } from '../../../app/text/time-text.ts';
import { TributaryError } from '../../../core/errors.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { fileNameOf } from '../../../reports/requesting/named.ts';
import type { Request } from '../../../sinks/requests/port.ts';
import { type Context, endOf, print } from '../../context.ts';
import { FAILED } from '../../errors.ts';
import { progressLine } from '../../output/progress-line.ts';
import { save } from './saving.ts';

const LOOK_AGAIN_MS = 100;
const END_STATES = ['done', 'failed', 'cancelled', 'expired'];

interface Following {
  readonly progress: boolean;
  /** Makes the report, if no worker does. */
  readonly work?: () => Promise<void>;
}

/** Undefined when another process asks for the folder. */
export async function follow(
  context: Context,
  first: Request,
  { progress, work }: Following,
): Promise<Request | undefined> {
  const { stderr, signal, handover } = context;
  const line = progressLine(stderr, progress);
  const startedAt = performance.now();
  let request = first;
  let working: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    while (!END_STATES.includes(request.state)) {
      if (request.state === 'waiting' && work !== undefined && working === undefined) {
        working = work()
          .catch((error: unknown) => {
            failure = { error };
          })
          .finally(() => {
            working = undefined;
          });
      }
      line.show(progressOf(request, performance.now() - startedAt));
      await systemClock.sleep(LOOK_AGAIN_MS, endOf(context));
      if (failure !== undefined) throw failure.error;
      signal.throwIfAborted();
      if (handover?.aborted) return undefined;
      request = await read(context, request);
    }
    return request;
  } finally {
    line.clear();
    await working;
  }
}

export async function read(
  { wired }: Pick<Context, 'wired'>,
  { tenant, id }: Pick<Request, 'tenant' | 'id'>,
): Promise<Request> {
  const request = await wired.requests.get(tenant, id);
  if (request !== undefined) return request;
  throw new TributaryError(
    'NOT_FOUND',
    `${tenant} has no request ${id}: \`tributary report status\` lists the requests`,
  );
}

/** `learner-progress: 12,000 of about 50,000 rows, 40,000/s, about 1 s left`. */
function progressOf({ report, state, progress, estimateRows, attempt }: Request, elapsedMs: number): string {
  if (state === 'waiting') return `${report}: waits for ${attempt === 0 ? 'a worker' : 'its next attempt'}`;
  const rate = (progress * 1000) / Math.max(1, elapsedMs);
  const left =
    rate > 0 && estimateRows > progress ? `, about ${Math.ceil((estimateRows - progress) / rate)} s left` : '';
  const of = estimateRows > progress ? ` of about ${estimateRows.toLocaleString('en')}` : '';
  return `${report}: ${progress.toLocaleString('en')}${of} rows, ${Math.round(rate).toLocaleString('en')}/s${left}`;
}

interface Wanted {
  readonly out: string | null;
  readonly json: boolean;
  readonly roles: readonly string[];
}

/** Reports the outcome, and saves the file if wanted. Returns the exit code. */
export async function ended(
  context: Context,
  request: Request,
  { out, json, roles }: Wanted,
): Promise<number | undefined> {
  const { state, error, result, report, id } = request;
  if (result === null) {
    if (json) await print(context, JSON.stringify(requestJson(request)));
    const why =
      error === null
        ? ''
        : `: ${error.code}: ${error.message}${error.whatToDo === undefined ? '' : `. ${error.whatToDo}`}`;
    context.stderr.write(`error: ${report} is ${state}${why}\n`);
    return FAILED;
  }
  if (out !== null) await save(context, request, { out, roles });
  if (json) {
    await print(context, JSON.stringify(requestJson(request)));
    return undefined;
  }
  const rows = `${result.rows.toLocaleString('en')} ${result.rows === 1 ? 'row' : 'rows'}`;
  const cut = result.truncated ? ', and there are more: the file says so' : '';
  const summary = `${rows}${cut}, ${result.bytes.toLocaleString('en')} bytes`;
  const where = out === null || out === '-' ? '' : ` in ${out}`;
  context.stderr.write(`${summary}${where}\n`);
  if (out === null) {
    context.stderr.write(
      `fetch it: tributary report download ${id} --out ${fileNameOf(request)} (until ${isoOf(result.expiresAt)})\n`,
    );
    await print(context, id);
  }
  return undefined;
}

/** A request for scripts. */
export function requestJson(request: Request) {
  const { parameters, ...others } = request;
  return { ...others, parameters: JSON.parse(parameters) as unknown };
}
