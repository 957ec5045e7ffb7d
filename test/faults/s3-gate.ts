/**
 * Stands between one process and an S3 server, and does something at a chosen point: before an object is stored, or after it is stored
 * but before the answer is sent.
 */
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Point {
  /** Text that the path of the object contains. */
  readonly path: string;
  readonly when: 'before' | 'after';
}

export interface Gate {
  readonly url: string;
  /** Resolves when the point is reached and `act` has been called. The request does not continue. */
  at(point: Point, act: () => void): Promise<void>;
  stop(): void;
}

export async function startGate(endpoint: string): Promise<Gate> {
  let armed: { readonly point: Point; readonly reached: () => void } | undefined;
  const server = createServer((incoming, outgoing) => {
    const { url = '', method, headers } = incoming;
    const isHere = (when: Point['when']): boolean =>
      armed !== undefined && method === 'PUT' && armed.point.when === when && url.includes(armed.point.path);
    const stopHere = (): void => {
      armed?.reached();
      armed = undefined;
      outgoing.destroy();
    };
    outgoing.on('error', () => undefined);
    if (isHere('before')) return stopHere();
    // Forwarded unchanged, with the host that the request was signed for.
    const asked = request(endpoint + url, { method, headers, agent: false }, (answer) => {
      if (isHere('after')) {
        answer.resume();
        return stopHere();
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    asked.on('error', () => outgoing.destroy());
    incoming.on('error', () => asked.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    at: (point, act) =>
      new Promise((resolve) => {
        armed = {
          point,
          reached: () => {
            act();
            resolve();
          },
        };
      }),
    stop() {
      server.close();
      server.closeAllConnections();
    },
  };
}
