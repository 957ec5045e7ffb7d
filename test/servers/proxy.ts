/** A proxy between a client and a local server that loses an answer: the server did what was asked, but the client does not know. */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

export interface Proxy {
  readonly port: number;
  /** Cuts the connection at the first byte of the answer to a request with this text. Resolves when that has happened. */
  loseAnswerTo(text: string): Promise<void>;
  /** Resolves when a client sends this text. */
  asked(text: string): Promise<void>;
  /** Resolves when no client is connected. */
  deserted(): Promise<void>;
  stop(): Promise<void>;
}

/** `at`: the port on which the proxy listens, if it matters. */
export async function startProxy(port: number, at = 0): Promise<Proxy> {
  const sockets = new Set<Socket>();
  let wanted: { readonly text: string; readonly lost: () => void } | undefined;
  let awaited: { readonly text: string; readonly asked: () => void } | undefined;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let losing: (() => void) | undefined;
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        sockets.delete(socket);
        // Delivers what is still buffered first.
        other.destroySoon();
      });
    }
    client.on('data', (chunk) => {
      if (awaited !== undefined && chunk.includes(awaited.text)) {
        awaited.asked();
        awaited = undefined;
      }
      if (wanted !== undefined && chunk.includes(wanted.text)) {
        losing = wanted.lost;
        wanted = undefined;
      }
      upstream.write(chunk);
    });
    upstream.on('data', (chunk) => {
      if (losing === undefined) client.write(chunk);
      else {
        client.destroy();
        losing();
      }
    });
  });
  await new Promise((resolve) => server.listen(at, '127.0.0.1', () => resolve(undefined)));
  return {
    port: (server.address() as { port: number }).port,
    loseAnswerTo: (text) =>
      new Promise((lost) => {
        wanted = { text, lost };
      }),
    asked: (text) =>
      new Promise((asked) => {
        awaited = { text, asked };
      }),
    async deserted() {
      for (const socket of sockets) await once(socket, 'close');
    },
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
