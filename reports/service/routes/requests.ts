/** Requesting reports, and following what becomes of the requests. */
import { z } from 'zod';
import { TributaryError } from '../../../core/errors.ts';
import type { NewRequest } from '../../../sinks/requests/port.ts';
import type { Report } from '../../define-report.ts';
import { isPersonal } from '../../requesting/allowed.ts';
import { hashOf, planned } from '../../requesting/asking.ts';
import { submit } from '../../requesting/submit.ts';
import { isOperator, mayDecide, requestFor } from '../finding.ts';
import { askSchema } from '../parameter-schema.ts';
import { progressEvents } from '../progress.ts';
import { type Caller, defineRoute, type Route } from '../route.ts';
import { askBody, askedRequestShape, pageQuery, requestPath, requestShape, STATES } from '../shapes.ts';
import { requestView } from '../views.ts';

const IDEMPOTENCY = 'idempotency-key';
const KEY = /^[\x21-\x7E]{1,200}$/;

/** A route for each report, so that generated clients know its parameters. */
export const requestReport = (report: Report): Route =>
  defineRoute({
    name: `request_${report.name.replaceAll('-', '_')}`,
    method: 'POST',
    path: `/v1/reports/${report.name}/requests`,
    summary: `Ask for ${report.title}.`,
    doc: report.answers,
    scope: 'reports:write',
    takes: {
      body: askBody,
      headers: {
        [IDEMPOTENCY]:
          'Sending the same key and body again returns the same request, as long as its file is kept. The same key with another body makes another request.',
      },
    },
    bodySchema: askSchema(report, askBody),
    answers: {
      200: { doc: 'The same report was already requested. This is its request.', body: askedRequestShape },
      201: { doc: 'A new request.', body: askedRequestShape, headers: { location: 'Where its state is.' } },
    },
    async run({ caller, body, headers }, service) {
      const { requests, reports, keys, clock, sources, keepMs } = service;
      const { tenant, user, roles } = caller;
      const { maxAgeMs, protection, ...asked } = body;
      const ask = { ...asked, tenant, report: report.name, requestedBy: user, roles, freshMs: maxAgeMs };
      const now = clock.now();
      const key = headers[IDEMPOTENCY];
      if (key !== undefined && !KEY.test(key)) throw badKey();
      const context = { reports, keys, now };
      const { request: fresh, notes } = await planned(
        { ...ask, protection: given(protection) },
        context,
        sources.reads(tenant),
      );
      const { request, isNew } = await submit(requests, key === undefined ? fresh : keyed(fresh, key, keepMs), now);
      const personal = isPersonal(report, request);
      service.audit(caller, { action: 'request', report: report.name, request: request.id, personal });
      const location = `/v1/requests/${request.id}`;
      return { status: isNew ? 201 : 200, headers: { location }, body: { ...requestView(request), notes: [...notes] } };
    },
  });

/** Without the missing fields. */
export function given({ kind, password, passphrase, recipients }: z.output<typeof askBody>['protection']) {
  return {
    kind,
    ...(password !== undefined && { password }),
    ...(passphrase !== undefined && { passphrase }),
    ...(recipients !== undefined && { recipients }),
  };
}

function badKey(): TributaryError {
  const message = 'it must have 1 to 200 visible ASCII characters, such as a UUID';
  return new TributaryError('USAGE', `${IDEMPOTENCY}: ${message}`, { problems: [{ field: IDEMPOTENCY, message }] });
}

/** Requests of one user with the same key share a file, as long as it is kept. No other request shares it. */
function keyed(request: NewRequest, key: string, keepMs: number): NewRequest {
  return { ...request, hash: hashOf([request.hash, request.requestedBy, key]), freshMs: keepMs };
}

const listQuery = z.object({
  ...pageQuery,
  report: z.string().min(1).max(300).optional().describe('Only requests for this report.'),
  state: z.enum(STATES).optional().describe('Only requests in this state.'),
  mine: z.enum(['true', 'false']).default('true').describe('false: the requests of all users, for operators.'),
});

export const listRequests = defineRoute({
  name: 'listRequests',
  method: 'GET',
  path: '/v1/requests',
  summary: 'Requests, newest first.',
  scope: 'reports:read',
  takes: { query: listQuery },
  answers: {
    200: {
      doc: 'A page of requests.',
      body: z.object({
        requests: z.array(requestShape),
        next: z.string().nullable().describe('The cursor of the next page. Null at the end.'),
      }),
    },
  },
  async run({ caller, query }, { requests }) {
    const { limit, cursor, report, state, mine } = query;
    if (mine === 'false') needOperator(caller);
    const filter = {
      ...(state !== undefined && { states: [state] }),
      ...(report !== undefined && { report }),
      ...(mine === 'true' && { asker: caller.user }),
    };
    const page = await requests.list(caller.tenant, filter, { limit, cursor: cursor ?? null });
    return { status: 200, body: { requests: page.requests.map(requestView), next: page.next } };
  },
});

function needOperator(caller: Caller): void {
  if (isOperator(caller)) return;
  const message = 'requests of others need the role operator: leave mine=false out';
  throw new TributaryError('NOT_ALLOWED', message, { problems: [{ field: 'query.mine', message }] });
}

export const getRequest = defineRoute({
  name: 'getRequest',
  method: 'GET',
  path: '/v1/requests/{request}',
  summary: 'The state of a request.',
  scope: 'reports:read',
  takes: { path: requestPath },
  answers: { 200: { doc: 'The request.', body: requestShape } },
  async run({ caller, path }, service) {
    return { status: 200, body: requestView(await requestFor(caller, path.request, service)) };
  },
});

export const followRequest = defineRoute({
  name: 'followRequest',
  method: 'GET',
  path: '/v1/requests/{request}/events',
  summary: 'The state of a request, live.',
  doc: 'Server-sent events: `request` whenever it changes, with the whole request, and `end` when it has ended. A client that reconnects after that gets 204, so it does not connect again.',
  scope: 'reports:read',
  takes: { path: requestPath, headers: { 'last-event-id': 'Sent by browsers when they reconnect.' } },
  isLong: true,
  mostAtOnce: 20,
  answers: { 200: { doc: 'The events.', type: 'text/event-stream' }, 204: { doc: 'The end was already sent.' } },
  async run({ caller, path, headers, signal, stopping }, service) {
    const first = await requestFor(caller, path.request, service);
    if (headers['last-event-id'] === 'end') return { status: 204 };
    const until = AbortSignal.any([signal, stopping]);
    const stream = progressEvents(first, service, until);
    return { status: 200, headers: { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' }, stream };
  },
});

export const cancelRequest = defineRoute({
  name: 'cancelRequest',
  method: 'POST',
  path: '/v1/requests/{request}/cancel',
  summary: 'Cancel a waiting or running request.',
  doc: 'If others asked for the same request, only an operator can cancel it.',
  mayConflict: true,
  scope: 'reports:write',
  takes: { path: requestPath },
  answers: { 200: { doc: 'It is cancelled.', body: requestShape } },
  async run({ caller, path }, service) {
    const { requests, clock } = service;
    const request = await requestFor(caller, path.request, service);
    const { id } = request;
    if (!isOperator(caller) && !(await mayDecide(caller, request, requests)).isAlone)
      throw new TributaryError('NOT_ALLOWED', `others asked for ${id}, too: only an operator may cancel it`);
    const isCancelled = await requests.cancel(caller.tenant, id, clock.now());
    const after = await requestFor(caller, id, service);
    if (!isCancelled && after.state !== 'cancelled')
      throw new TributaryError('WRONG_STATE', `the request ${id} is ${after.state}: there is nothing to cancel`);
    service.audit(caller, { action: 'cancel', report: request.report, request: id });
    return { status: 200, body: requestView(after) };
  },
});
