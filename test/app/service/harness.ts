/** The service on an embedded installation, with keys of two tenants, called over HTTP. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import type { TestContext } from 'node:test';
import { loadConfig } from '../../../app/config/config.ts';
import { reportWorker } from '../../../app/reports/worker.ts';
import { writeKeys } from '../../../app/service/keys-file.ts';
import { startService } from '../../../app/service/serve.ts';
import { type Wired, wire } from '../../../app/stores/wiring.ts';
import { createServiceMetrics } from '../../../app/telemetry/service-metrics.ts';
import { createLogger } from '../../../app/telemetry/telemetry.ts';
import { SILENT } from '../../../jobs/runtime/telemetry.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import type { Role } from '../../../reports/define-report.ts';
import { SCOPES, type Scope } from '../../../reports/rights.ts';
import { type ApiKey, apiKeyText, hashOfKey } from '../../../reports/service/api-keys.ts';
import { problemStatusesOf } from '../../../reports/service/openapi.ts';
import type { Route } from '../../../reports/service/route.ts';
import { routesOf } from '../../../reports/service/routes/index.ts';
import { problemShape } from '../../../reports/service/shapes.ts';
import { temporaryFolder } from '../../cli/harness.ts';

export const ROUTES = routesOf(learningPlatform);

export const routeNamed = (name: string): Route => {
  const route = ROUTES.find((each) => each.name === name);
  assert.ok(route !== undefined, name);
  return route;
};

interface KeyParts {
  readonly name: string;
  readonly tenant?: string;
  readonly roles?: readonly Role[];
  readonly scopes?: readonly Scope[];
  readonly expiresAt?: string;
}

export function keyOf({ name, tenant = 'acme', roles = ['analyst'], scopes = SCOPES, expiresAt }: KeyParts) {
  const id = randomBytes(6).toString('hex');
  const text = apiKeyText(id, randomBytes(32));
  const key: ApiKey = {
    id,
    name,
    tenant,
    roles: [...roles],
    scopes: [...scopes],
    hash: hashOfKey(text),
    createdAt: '2026-01-01T00:00:00.000Z',
    expiresAt: expiresAt ?? '2999-01-01T00:00:00.000Z',
  };
  return { key, text };
}

export interface Asked {
  /** The values for each `{name}` in the path. */
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly body?: unknown;
  /** An API key or a token. */
  readonly as?: string | undefined;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // The parsed body, which tests look into.
  // biome-ignore lint/suspicious/noExplicitAny: the shape is that of the route, and was checked.
  readonly json: any;
}

/** Calls a route, and checks that the OpenAPI document declares the answer. */
export async function call(address: string, name: string, asked: Asked = {}): Promise<Answered> {
  const route = routeNamed(name);
  const response = await fetch(address + urlOf(route, asked), requestOf(route, asked));
  const text = await response.text();
  const { status } = response;
  const type = response.headers.get('content-type') ?? '';
  const json = type.includes('json') && text !== '' ? JSON.parse(text) : undefined;
  if (status >= 400) {
    assert.ok(problemStatusesOf(route).includes(status), `${name} does not say that it may answer ${status}: ${text}`);
    assert.match(type, /^application\/problem\+json/);
    problemShape.strict().parse(json);
  } else if (status !== 304) {
    const answer = route.answers[status];
    assert.ok(answer !== undefined, `${name} does not say that it may answer ${status}`);
    answer.body?.parse(json);
    if (answer.type !== undefined) assert.equal(type.split(';')[0], answer.type);
  }
  return { status, headers: response.headers, text, json };
}

export const urlOf = ({ path }: Route, asked: Asked): string =>
  path.replaceAll(/\{(\w+)\*?\}/g, (_, part: string) => asked.path?.[part] ?? '') + (asked.query ?? '');

export function requestOf({ method }: Route, { as, body, headers = {} }: Asked): RequestInit {
  return {
    method,
    headers: {
      ...(as !== undefined && { authorization: `Bearer ${as}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  };
}

interface Served {
  readonly keys?: readonly ApiKey[];
  readonly flags?: Readonly<Record<string, string>>;
  readonly port?: number;
  /** An existing data folder, instead of an empty one. */
  readonly data?: string;
}

/** The service, its address and its log. Without keys, it serves only this machine. */
export async function service(t: TestContext, { keys = [], flags = {}, port = 0, data }: Served) {
  const folder = temporaryFolder(t);
  const access = keys.length > 0 ? { serveAccess: 'signed-in' } : {};
  const loaded = loadConfig({ flags: { ...access, ...(data !== undefined && { data }), ...flags }, env: {}, folder });
  const wired = await wire({ config: loaded.config, platform: learningPlatform });
  const keysFile = join(loaded.config.data, 'service-keys.json');
  if (keys.length > 0) writeKeys(keysFile, keys);
  const lines: string[] = [];
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      lines.push(
        ...String(chunk)
          .split('\n')
          .filter((line) => line !== ''),
      );
      done();
    },
  });
  const { Registry } = await import('prom-client');
  const registry = new Registry();
  const metrics = await createServiceMetrics(registry);
  const running = await startService(wired, { logger: createLogger('error', stderr), metrics, port });
  t.after(async () => {
    await running.close();
    await wired.close();
  });
  return {
    ...running,
    wired,
    registry,
    keysFile,
    /** The lines of the log, as objects. */
    log: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}

/** Runs a report worker while `work` is done. */
export async function withWorker<T>(wired: Wired, work: () => Promise<T>): Promise<T> {
  await wired.prepareJobs();
  const stop = new AbortController();
  const worker = reportWorker(wired, { runtime: wired.runtime(SILENT), tell() {} });
  const serving = worker.run(stop.signal);
  try {
    return await work();
  } finally {
    stop.abort();
    await serving;
    await worker.close();
  }
}

/** Follows a request to its end. Returns its server-sent events. */
export async function followed(address: string, request: string, as: string | undefined): Promise<string[]> {
  const { status, text } = await call(address, 'followRequest', { path: { request }, as });
  assert.equal(status, 200);
  return text.split('\n\n').filter((each) => each !== '');
}
