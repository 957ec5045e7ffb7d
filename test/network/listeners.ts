/** Servers of each protocol, plain or within TLS, that go as far as the exchange before a login. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import { createServer as createHttps } from 'node:https';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext } from 'node:test';
import { createServer as createTls } from 'node:tls';
import { certificates } from '../../servers/certificates.ts';

const folder = mkdtempSync(join(tmpdir(), 'tributary-tls-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const files = certificates(folder);
export const CA_FILE = files.ca;
export const CA = readFileSync(files.ca, 'utf8');
const KEYS = { cert: readFileSync(files.cert), key: readFileSync(files.key) };

type Answer = (request: Buffer) => string | Uint8Array | undefined;

/** The answer of each protocol; undefined: it waits for more. A server that gets TLS in plain mode sees meaningless bytes. */
const PROTOCOLS = {
  redis: (request) => (request.includes('PING') ? '+PONG\r\n' : undefined),
  // An error for an unknown version, which includes the first bytes of TLS; otherwise the options that it supports.
  cassandra: (request) => Uint8Array.of(0x84, 0, 0, 0, request[0] === 4 ? 6 : 0, 0, 0, 0, 0),
  // Answers only the request for TLS.
  postgres: (request) => (request.length === 8 ? 'N' : undefined),
} satisfies Record<string, Answer>;

export type Spoken = keyof typeof PROTOCOLS | 'http' | 'smtp';

/** Starts a server. Returns `127.0.0.1:<port>`. */
export async function listening(t: TestContext, spoken: Spoken, over: 'plain' | 'tls'): Promise<string> {
  const server = serverOf(spoken, over);
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serverOf(spoken: Spoken, over: 'plain' | 'tls'): Server {
  if (spoken === 'http') {
    return over === 'tls'
      ? createHttps(KEYS, (_, response) => response.end('{}'))
      : createHttp((_, response) => response.end('{}'));
  }
  const serve = (socket: Socket): void => {
    socket.on('error', () => {});
    if (spoken === 'smtp') socket.write('220 mail.example.org ESMTP\r\n');
    else {
      socket.on('data', (request) => {
        const answer = PROTOCOLS[spoken](request);
        if (answer !== undefined) socket.write(answer);
      });
    }
  };
  return over === 'tls' ? createTls(KEYS, serve) : createServer(serve);
}
