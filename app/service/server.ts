/** Routes over HTTP: sign-in, input, rate and time limits, and the form of responses. */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import rateLimit from '@fastify/rate-limit';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { kindOf, messageOf, TributaryError } from '../../core/errors.ts';
import { type Problem, problem, problemOf } from '../../reports/service/problems.ts';
import { readCall } from '../../reports/service/reading.ts';
import type { Answer, Caller, Route, Service } from '../../reports/service/route.ts';
import type { ServiceMetrics } from '../telemetry/service-metrics.ts';
import type { Logger } from '../telemetry/telemetry.ts';
import { methodsAt, methodsOf } from './methods.ts';
import { addPage } from './page.ts';
import type { SignIn } from './sign-in.ts';
import { Turns } from './turns.ts';

export interface ServerParts {
  readonly routes: readonly Route[];
  readonly service: Service;
  readonly signIn: SignIn;
  /** The OpenAPI document, made at the first request for it. */
  readonly document: () => unknown;
  /** Calls per minute of one caller. */
  readonly rate: number;
  readonly logger: Pick<Logger, 'error' | 'warn'>;
  readonly metrics: ServiceMetrics | undefined;
  /** Aborted when the process is asked to stop. */
  readonly stopping: AbortSignal;
  /** Where people sign in. The page may call these. */
  readonly signInOrigins: readonly string[];
  /** How long a call may take, in ms, unless its route is meant to take long. */
  readonly answerMs: number;
}

const BODY_BYTES = 256 * 1024;
/** For the whole request to arrive. */
const REQUEST_MS = 30_000;
const MINUTE_MS = 60_000;
const DOCUMENT = '/v1/openapi.json';

const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox",
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'strict-transport-security': 'max-age=31536000',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** The server, not listening yet. */
export async function serverOf(parts: ServerParts): Promise<FastifyInstance> {
  const { routes, metrics, document, logger } = parts;
  const app = Fastify({
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    exposeHeadRoutes: false,
    // Routes check the parts of keys. Escaped, a part is several times as long. Node accepts no more in one line.
    routerOptions: { maxParamLength: 16_384, caseSensitive: true },
  });
  app.removeContentTypeParser('text/plain');
  await app.register(rateLimit, { global: false });
  const limitOf = app.createRateLimit({
    max: parts.rate,
    timeWindow: MINUTE_MS,
    keyGenerator: (request) => callerKeys.get(request) ?? `address ${request.ip}`,
  });
  const callerKeys = new WeakMap<FastifyRequest, string>();
  const turns = new Turns();

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS);
    metrics?.open.inc();
    reply.raw.once('close', () => metrics?.open.dec());
  });
  app.addHook('onResponse', async (request, reply) => {
    const route = nameOf(request);
    metrics?.calls.inc({ route, status: reply.statusCode });
    metrics?.seconds.observe({ route }, reply.elapsedTime / 1000);
    // A connection with nothing left to answer would keep the process alive.
    if (parts.stopping.aborted) setImmediate(() => app.server.closeIdleConnections());
  });
  app.setErrorHandler((error: FastifyError, request, reply) => {
    const isHttp = !(error instanceof TributaryError) && error.statusCode !== undefined && error.statusCode < 500;
    const answer = isHttp ? problem(error.statusCode as number, 'USAGE', error.message) : problemOf(error);
    const fields = { route: nameOf(request), code: answer.code };
    if (answer.status === 500) logger.error({ ...fields, stack: error.stack }, messageOf(error));
    else if (kindOf(error) === 'retry') logger.warn(fields, messageOf(error));
    return sendProblem(reply, answer);
  });
  const methods = methodsAt([...routes, { method: 'GET', path: DOCUMENT, answers: {} }]);
  // Before the body is read: otherwise its type would be refused first.
  app.addHook('onRequest', async (request, reply) => {
    if (!request.is404) return;
    const { method, url } = request;
    const allowed = methods(url.split('?')[0] as string);
    if (allowed.length === 0) return sendMissing(request, reply);
    reply.header('allow', allowed.join(', '));
    return sendProblem(reply, problem(405, 'USAGE', `there is no ${method} here: use ${allowed.join(' or ')}`));
  });
  // A route that finds nothing at its address also ends here.
  app.setNotFoundHandler(sendMissing);
  let text: string | undefined;
  app.route({
    method: ['GET', 'HEAD'],
    url: DOCUMENT,
    config: { name: 'openapi' },
    handler: async (request, reply) => {
      text ??= JSON.stringify(document());
      return sendJson(request, reply, 200, text);
    },
  });

  addPage(app, parts.signInOrigins);

  const limit = async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const found = await limitOf(request);
    if (found.isAllowed || !found.isExceeded) return;
    reply.header('retry-after', String(found.ttlInSeconds));
    throw new TributaryError(
      'TOO_MANY',
      `more than ${parts.rate} calls a minute: try again in ${found.ttlInSeconds} s`,
    );
  };

  const addRoute = (to: FastifyInstance, route: Route): void => {
    to.route({
      method: [...methodsOf(route)],
      url: urlOf(route.path),
      config: { name: route.name },
      ...(route.mostBytes !== undefined && { bodyLimit: route.mostBytes }),
      // Before the body is read: the body of an unknown caller is never read.
      async onRequest(request, reply) {
        if (route.scope === null) {
          await limit(request, reply);
          return;
        }
        try {
          const caller = await parts.signIn(headersOf(request), parts.service.clock.now());
          callerKeys.set(request, keyOf(caller));
          callers.set(request, caller);
        } catch (error) {
          await limit(request, reply);
          if (error instanceof TributaryError && error.code === 'NOT_SIGNED_IN')
            reply.header('www-authenticate', 'Bearer realm="tributary"');
          throw error;
        }
        await limit(request, reply);
        checkScope(route, callers.get(request) as Caller);
      },
      handler: (request, reply) => answerCall(route, request, reply),
    });
  };
  for (const route of routes) {
    const types = Object.keys(route.bodyTypes ?? {}).filter((type) => type !== 'application/json');
    if (types.length === 0) addRoute(app, route);
    else
      await app.register(async (alone) => {
        alone.addContentTypeParser(types, { parseAs: 'string' }, alone.getDefaultJsonParser('error', 'error'));
        addRoute(alone, route);
      });
  }
  const callers = new WeakMap<FastifyRequest, Caller>();

  async function takeTurn(
    { mostAtOnce: most, isLong = false }: Route,
    caller: string,
    reply: FastifyReply,
    signal: AbortSignal,
  ): Promise<void> {
    if (most === undefined) return;
    const end = await turns.take(`${most} ${caller}`, { most, mayWait: !isLong, signal });
    if (reply.raw.closed) end();
    else reply.raw.once('close', end);
  }

  async function answerCall(route: Route, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const caller = callers.get(request) ?? NOBODY;
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    const signal = route.isLong ? gone.signal : AbortSignal.any([gone.signal, AbortSignal.timeout(parts.answerMs)]);
    const { '*': rest, ...path } = request.params as Record<string, string>;
    const given = {
      path: rest === undefined ? path : { ...path, name: rest },
      query: request.query,
      body: request.body,
    };
    const isHead = request.method === 'HEAD';
    const { stopping } = parts;
    const call = { ...readCall(route, given), caller, headers: headersOf(request), isHead, signal, stopping };
    const answered = async (): Promise<Answer> => {
      await takeTurn(route, callerKeys.get(request) ?? `address ${request.ip}`, reply, signal);
      return route.run(call, parts.service);
    };
    const answer = await orTimeout(answered(), signal);
    return send(request, reply, answer);
  }

  return app;
}

const NOBODY: Caller = { user: '', tenant: '', roles: [], scopes: [] };

const keyOf = ({ tenant, user }: Caller): string => JSON.stringify([tenant, user]);

const nameOf = (request: FastifyRequest): string =>
  (request.routeOptions.config as { readonly name?: string } | undefined)?.name ?? 'none';

const urlOf = (path: string): string => path.replace(/\{\w+\*\}$/, '*').replaceAll(/\{(\w+)\}/g, ':$1');

function headersOf({ headers }: FastifyRequest): Readonly<Record<string, string | undefined>> {
  const texts = Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]);
  return Object.fromEntries(texts) as Record<string, string | undefined>;
}

function checkScope({ scope, name }: Route, { scopes }: Caller): void {
  if (scope === null || scope === 'any' || scopes.includes(scope)) return;
  throw new TributaryError('NOT_ALLOWED', `${name} needs the scope ${scope}: make a key that has it`);
}

/** A store that hangs must not hold up callers. */
async function orTimeout(answer: Promise<Answer>, signal: AbortSignal): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const give = () => late.reject(signal.reason);
  signal.addEventListener('abort', give, { once: true });
  answer.catch(() => {});
  late.promise.catch(() => {});
  try {
    return await Promise.race([answer, late.promise]);
  } catch (error) {
    // The error of an aborted call depends on where the call was.
    if (!signal.aborted) throw error;
    throw new TributaryError('QUERY_LIMIT', 'it took too long: ask for less, or try again later', { cause: error });
  } finally {
    signal.removeEventListener('abort', give);
  }
}

function send(request: FastifyRequest, reply: FastifyReply, { status, headers, body, stream }: Answer): FastifyReply {
  if (headers !== undefined) reply.headers(headers);
  if (stream !== undefined) return reply.code(status).send(Readable.from(stream, { objectMode: false }));
  if (body === undefined) return reply.code(status).send();
  if (status >= 400) return sendProblem(reply, body as Problem);
  return sendJson(request, reply, status, JSON.stringify(body));
}

/** Responses that can be read again have an ETag. */
function sendJson(request: FastifyRequest, reply: FastifyReply, status: number, text: string): FastifyReply {
  reply.type('application/json; charset=utf-8');
  if (request.method !== 'GET' && request.method !== 'HEAD') return reply.code(status).send(text);
  const etag = `"${createHash('sha256').update(text).digest('base64url').slice(0, 22)}"`;
  reply.headers({ etag, 'cache-control': 'private, no-cache' });
  const known = headersOf(request)
    ['if-none-match']?.split(',')
    .map((each) => each.trim().replace(/^W\//, ''));
  return known?.includes(etag) === true ? reply.code(304).send() : reply.code(status).send(text);
}

const sendMissing = ({ url }: FastifyRequest, reply: FastifyReply): FastifyReply =>
  sendProblem(reply, problem(404, 'NOT_FOUND', `there is no ${url.slice(0, 200)}: see ${DOCUMENT}`));

function sendProblem(reply: FastifyReply, answer: Problem): FastifyReply {
  if (answer.status === 503) reply.header('retry-after', '5');
  return reply.code(answer.status).type('application/problem+json; charset=utf-8').send(JSON.stringify(answer));
}
