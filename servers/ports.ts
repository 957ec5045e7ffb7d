/** Ports of 127.0.0.1, and whether somebody who speaks the right protocol answers there. */
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

// Below the range that Linux takes the local ports of outgoing connections from: a client that tries to reach a server that is
// down must neither take its port nor connect to itself.
const LOWEST = 12_000;
const HIGHEST = 32_000;
const PROBE_MS = 2000;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/** Ports that nobody listens on now: all of them different. */
export async function freePorts(count: number): Promise<number[]> {
  const listening = new Map<number, Server>();
  while (listening.size < count) {
    const port = LOWEST + Math.floor(Math.random() * (HIGHEST - LOWEST));
    const server = await listenOn(port);
    if (server !== undefined) listening.set(port, server);
  }
  await Promise.all([...listening.values()].map((server) => new Promise((resolve) => server.close(resolve))));
  return [...listening.keys()];
}

/** That port, or a free one if none is asked for. */
export async function portFor(wanted: number | undefined): Promise<number> {
  const [port = 0] = wanted === undefined ? await freePorts(1) : [wanted];
  return port;
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  return server !== undefined;
}

/** Undefined if somebody else listens there. */
const listenOn = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server));
  });

/**
 * Sends a request of the server's protocol: whether what comes back is the answer of one who is ready. Only the first bytes
 * are looked at. False if the connection ends or 2 s pass before there are any.
 */
export function answers(
  port: number,
  request: string | Buffer,
  fits: (reply: Buffer) => boolean,
  secure: boolean = false,
): Promise<boolean> {
  return new Promise((resolve) => {
    const socket: Socket = secure
      ? connectTls({ host: '127.0.0.1', port, rejectUnauthorized: false })
      : connectTcp(port, '127.0.0.1');
    const end = (ready: boolean): void => {
      socket.destroy();
      resolve(ready);
    };
    socket.setTimeout(PROBE_MS, () => end(false));
    socket.on('error', () => end(false)).on('close', () => end(false));
    socket.once('data', (reply) => end(fits(reply)));
    socket.write(request);
  });
}

/** Asks until it is so. Throws after a minute. Errors count as "not yet". */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await sleep(PAUSE_MS);
  }
}

/** Whether a GET answers with such a status; any, if none is given. */
export async function answersHttp(url: string, status?: number): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
  await response.body?.cancel();
  return status === undefined || response.status === status;
}
