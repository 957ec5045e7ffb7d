/** Ports of 127.0.0.1, and whether a server with the right protocol answers there. */
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';

// Below the range from which Linux takes local ports of outgoing connections. Otherwise a client that tries to reach a stopped server might
// take its port, or connect to itself.
const LOWEST = 12_000;
const HIGHEST = 32_000;
const PROBE_MS = 2000;
const PATIENCE_MS = 60_000;
const PAUSE_MS = 50;

/** Distinct ports on which nothing listens now. */
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

/** The wanted port, or a free one if none is wanted. */
export async function portFor(wanted: number | undefined): Promise<number> {
  const [port = 0] = wanted === undefined ? await freePorts(1) : [wanted];
  return port;
}

export async function isFree(port: number): Promise<boolean> {
  const server = await listenOn(port);
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  return server !== undefined;
}

/** Undefined if the port is taken. */
const listenOn = (port: number): Promise<Server | undefined> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined)).listen(port, '127.0.0.1', () => resolve(server));
  });

/**
 * Sends a request of the server's protocol. Returns whether the answer is that of a ready server. Only the first bytes are examined. False
 * if the connection ends, or no bytes arrive within 2 s.
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

/** Repeats the check until it succeeds. Throws after a minute. Errors count as "not yet". */
export async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
    await sleep(PAUSE_MS);
  }
}

/** Whether a GET is answered with this status, or with any if none is given. */
export async function answersHttp(url: string, status?: number): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_MS) });
  await response.body?.cancel();
  return status === undefined || response.status === status;
}
