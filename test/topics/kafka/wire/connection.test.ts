/** The internal parts of kafkajs that are used. If a version changes them, these tests fail before production does. */
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { heartbeat, joinGroup } from '../../../../topics/kafka/wire/calls/group.ts';
import { Connection } from '../../../../topics/kafka/wire/connection.ts';

const HEARTBEAT = 12;
const JOIN = 11;
const API_VERSIONS = 18;
const OPTIONS = { clientId: 'test', connectMs: 300, requestMs: 300, security: { tls: undefined, sasl: undefined } };
const BEAT = heartbeat({ group: 'g', member: 'm', generation: 1 });

/** Node warns about a negative delay only once, whichever test causes it first. */
const warnings: string[] = [];
process.on('warning', ({ name }) => warnings.push(name));

const require = createRequire(import.meta.url);

test('the version of kafkajs is the supported one, and other users in the process find it unchanged', () => {
  assert.equal(require('kafkajs/package.json').version, '2.2.4');
  const { scheduleCheckPendingRequests } = require('kafkajs/src/network/requestQueue/index.js').prototype;
  assert.match(String(scheduleCheckPendingRequests), /CHECK_PENDING_REQUESTS_INTERVAL/);
});

test('a broker that raised its lowest version causes an error that says so', async (t) => {
  const port = await listening(t, (socket, correlation) => socket.write(versions(correlation, [[HEARTBEAT, 9, 12]])));
  const connection = connectionTo(t, port);
  await assert.rejects(connection.send(BEAT), { code: 'CONFIG_INVALID', message: /does not support .* Heartbeat/ });
});

test('a broker that accepts connections and never answers is given up', async (t) => {
  const port = await listening(t, () => {});
  await assert.rejects(connectionTo(t, port).send(BEAT), { name: /Unreachable|TimedOut/ });
});

test('a broker that ends the connection during a request is an error, and the next request connects again', async (t) => {
  let connections = 0;
  const port = await listening(t, (socket, correlation, api) => {
    if (api === API_VERSIONS) {
      connections += 1;
      socket.write(versions(correlation, [[HEARTBEAT, 0, 4]]));
    } else socket.end();
  });
  const connection = connectionTo(t, port);
  for (let i = 0; i < 2; i++) {
    await assert.rejects(connection.send(BEAT), /[Cc]losed/);
  }
  assert.equal(connections, 2);
});

test('a missing answer fails its own request, and the next one uses another connection', async (t) => {
  const sockets = new Set<Socket>();
  const joins: [Socket, number][] = [];
  const waiting = Promise.withResolvers<void>();
  const port = await listening(t, (socket, correlation, api) => {
    sockets.add(socket);
    const offered = [HEARTBEAT, JOIN].map((key) => [key, 0, 5] as const);
    if (api === API_VERSIONS) socket.write(versions(correlation, offered));
    else if (api === JOIN) {
      joins.push([socket, correlation]);
      waiting.resolve();
    } else if (sockets.size > 1) socket.write(framed(correlation, 4 + 2));
  });
  const connection = connectionTo(t, port);
  const beat = () => connection.send(BEAT);
  // A join may take longer than other requests.
  const joining = joinGroup({
    ...{ group: 'g', member: '', sessionMs: 60_000, rebalanceMs: 60_000, protocol: 'p', metadata: Buffer.alloc(0) },
  });
  const join = connection.send(joining);
  await waiting.promise;
  await assert.rejects(beat(), { name: 'TimedOut' });
  assert.equal(await beat(), 0);
  assert.equal(sockets.size, 2);
  const [[socket, correlation]] = joins as [[Socket, number]];
  const ended = new Promise((resolve) => socket.once('close', resolve));
  socket.write(framed(correlation, 4 + 2 + 4 + 3 * 2 + 4));
  assert.equal((await join).generation, 0);
  await ended;
});

test('nothing is sent for as long as the last answer of the broker demands', async (t) => {
  const seen: number[] = [];
  const port = await listening(t, (socket, correlation, api) => {
    seen.push(api);
    if (api === API_VERSIONS) socket.write(versions(correlation, [[HEARTBEAT, 0, 4]]));
    else if (seen.length > 3) socket.write(framed(correlation, 4 + 2));
    else socket.write(throttled(correlation));
  });
  const [connection, other] = [connectionTo(t, port), connectionTo(t, port)];
  await connection.send(BEAT);
  const waiting = connection.send(BEAT);
  for (let i = 0; i < 2; i++) await other.send(BEAT);
  assert.equal(seen.filter((api) => api === HEARTBEAT).length, 3);
  connection.close();
  await assert.rejects(waiting, { name: 'Unreachable' });
});

test('no answer starts a timer that Node warns about', () => {
  assert.deepEqual(warnings, []);
});

test('a closed connection is not opened again', async (t) => {
  const connection = connectionTo(t, 1);
  connection.close();
  await assert.rejects(connection.send(BEAT), { code: 'USAGE' });
});

function connectionTo(t: TestContext, port: number): Connection {
  const connection = new Connection({ host: '127.0.0.1', port }, OPTIONS);
  t.after(() => connection.close());
  return connection;
}

/** `answer` gets the correlation id and the API key of each request. Returns the port. */
async function listening(
  t: TestContext,
  answer: (socket: Socket, correlation: number, api: number) => void,
): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => answer(socket, data.readInt32BE(8), data.readInt16BE(4)));
    t.after(() => socket.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return (server.address() as { port: number }).port;
}

/** A response of this many zero bytes. */
function framed(correlation: number, length: number): Buffer {
  const answer = Buffer.alloc(8 + length);
  answer.writeInt32BE(4 + length, 0);
  answer.writeInt32BE(correlation, 4);
  return answer;
}

/** A response to a heartbeat that throttles for an hour. */
function throttled(correlation: number): Buffer {
  const answer = framed(correlation, 4 + 2);
  answer.writeInt32BE(3_600_000, 8);
  return answer;
}

/** A response to ApiVersions 2: error, [key, lowest, highest], throttle. */
function versions(correlation: number, apis: readonly (readonly [number, number, number])[]): Buffer {
  const body = Buffer.alloc(4 + 2 + 4 + 6 * apis.length + 4);
  body.writeInt32BE(correlation, 0);
  body.writeInt32BE(apis.length, 6);
  for (const [i, api] of apis.entries())
    for (const [j, value] of api.entries()) body.writeInt16BE(value, 10 + 6 * i + 2 * j);
  const size = Buffer.alloc(4);
  size.writeInt32BE(body.length);
  return Buffer.concat([size, body]);
}
