/** `tributary report status`. */

import { isoOf } from '../../../app/text/time-text.ts';
import type { Request, RequestState } from '../../../sinks/requests/port.ts';
import { printJson, type Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';
import { read, requestJson } from './following.ts';

interface Args extends Form {
  readonly request: string | null;
  readonly tenant: string;
  readonly report: string | null;
  readonly state: readonly string[];
  readonly user: string | null;
  readonly limit: number;
  readonly after: string | null;
}

export const run: Run<Args> = async (context, args) => {
  const { request: id, tenant, report, state, user, limit, after, ...form } = args;
  const { requests } = context.wired;
  if (id !== null) {
    const request = await read(context, { tenant, id });
    await printJson(context, { ...requestJson(request), askers: await requests.askers(tenant, id) });
    return undefined;
  }
  const filter = {
    ...(state.length > 0 && { states: state as RequestState[] }),
    ...(report !== null && { report }),
    ...(user !== null && { asker: user }),
  };
  const page = await requests.list(tenant, filter, { limit, cursor: after });
  await printListing(context, form, {
    head: ['request', 'report', 'state', 'rows', 'by', 'asked at', 'what'],
    rows: page.requests.map((each) => [
      each.id,
      each.report,
      each.state,
      each.result?.rows ?? each.progress,
      each.requestedBy,
      isoOf(each.createdAt),
      whatOf(each),
    ]),
    json: { requests: page.requests.map(requestJson), next: page.next },
    style: (row) => ({ failed: 'red', running: 'yellow', done: 'green' })[page.requests[row]?.state as string] as never,
  });
  if (form.json) return undefined;
  if (page.requests.length === 0) context.stderr.write('nothing\n');
  if (page.next !== null) context.stderr.write(`more with --after ${page.next}\n`);
  return undefined;
};

function whatOf({ state, error, result, attempt }: Request): string {
  if (error !== null) return `${error.code}: ${error.message}`;
  if (result !== null) return `${result.truncated ? 'cut; ' : ''}kept until ${isoOf(result.expiresAt)}`;
  return state === 'running' && attempt > 1 ? `attempt ${attempt}` : '';
}
