/**
 * Metrics and probes over HTTP. `/metrics` is for Prometheus. `/livez` answers as long as the process does. `/readyz` succeeds while all
 * jobs run and none has waited long for a store; otherwise it names the jobs and the reasons.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import { messageOf, TributaryError } from '../../core/errors.ts';
import type { Config } from '../config/keys.ts';

export interface Probes {
  readonly address: string;
  close(): Promise<void>;
}

export async function serveProbes(
  { metricsHost, metricsPort }: Config,
  registry: Registry,
  /** Why this process is not ready; empty if it is. */
  whyNotReady: () => string,
): Promise<Probes> {
  const server = createServer(async (request, response) => {
    const answer = (status: number, body: string, type = 'text/plain; charset=utf-8') =>
      response.writeHead(status, { 'content-type': type }).end(request.method === 'HEAD' ? undefined : body);
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'only GET\n');
    switch (request.url?.split('?')[0]) {
      case '/metrics':
        return answer(200, await registry.metrics(), registry.contentType);
      case '/livez':
        return answer(200, 'alive\n');
      case '/readyz': {
        const why = whyNotReady();
        return why === '' ? answer(200, 'ready\n') : answer(503, `${why}\n`);
      }
      default:
        return answer(404, 'there are /metrics, /livez and /readyz\n');
    }
  });
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen(metricsPort, metricsHost, resolve);
  try {
    await promise;
  } catch (error) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `metrics cannot be served at ${metricsHost}:${metricsPort}: ${messageOf(error)}; choose another --metrics-port`,
      { cause: error },
    );
  }
  const { address, family, port } = server.address() as AddressInfo;
  return {
    address: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      }),
  };
}
