/** Messages as signed webhook calls, to servers in this process. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import { Webhook } from 'standardwebhooks';
import { bridgeChannel, type WebhookOptions, webhookChannel } from '../../sinks/channels/webhook/channel.ts';
import { channelsContract, message } from '../contracts/channels.ts';

const SECRET = `whsec_${Buffer.alloc(24, 'one').toString('base64')}`;
const OTHER_SECRET = `whsec_${Buffer.alloc(32, 'two').toString('base64')}`;

interface Call {
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the receiver does with a call. `turn` counts calls from 0. */
type Answering = (response: ServerResponse, call: Call, turn: number) => void;
const accepts: Answering = (response) => response.writeHead(204).end();
const answering =
  (status: number, headers: Record<string, string> = {}): Answering =>
  (response) =>
    response.writeHead(status, headers).end('a body that nobody reads');

async function receiver(t: TestContext, answering: Answering = accepts) {
  const calls: Call[] = [];
  let connections = 0;
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const call = { path: request.url, headers: request.headers, body };
      answering(response, call, calls.push(call) - 1);
    });
  });
  server.on('connection', () => {
    connections += 1;
  });
  const stop = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    server.closeAllConnections();
    await closed;
  };
  const start = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await start(0);
  t.after(() => (server.listening ? stop() : undefined));
  const { port } = server.address() as AddressInfo;
  const interrupt = async () => {
    await stop();
    return () => start(port);
  };
  return { url: `http://127.0.0.1:${port}`, calls, server, interrupt, connections: () => connections };
}

function opened(t: TestContext, options: Partial<WebhookOptions> = {}) {
  const channel = webhookChannel({ secrets: { '*': SECRET }, networks: ['127.0.0.0/8'], http: true, ...options });
  t.after(() => channel.close());
  return channel;
}

const shown = ({ body }: Call, address: string) => {
  const { data } = JSON.parse(body);
  return { addresses: [data.to ?? address], title: data.title, text: data.text };
};

/** The last call with each `webhook-id`, since a receiver by Standard Webhooks ignores repeats. */
const eachOnce = (calls: readonly Call[]): Call[] => [
  ...new Map(calls.map((call) => [call.headers['webhook-id'], call])).values(),
];

for (const repeats of ['at-least-once', 'honours-key'] as const) {
  channelsContract(`webhook ${repeats}`, async (t) => {
    const { url, calls, interrupt } = await receiver(t);
    const address = `${url}/hooks/1?a=b`;
    return {
      channel: opened(t, { repeats }),
      address,
      impossible: [
        ...[
          '',
          'hooks.example.org',
          'ftp://example.org',
          'https://',
          'https://a b/',
          'http://a/\r\nX: y',
          'http://10.0.0.1/',
        ],
        ...['http://[::1]/', 'http://169.254.169.254/latest/meta-data', 'http://0x0a.1/', 'http://[::ffff:10.0.0.1]/'],
      ],
      received: async () => (repeats === 'honours-key' ? eachOnce(calls) : calls).map((call) => shown(call, address)),
      interrupt,
    };
  });
}

for (const [channel, address, impossible] of [
  ['push', 'fcm:APA91bHun4MxP5egoKMwt2KZFBaFUH-1RYqx', ['', 'two words', 'a\nb', 'ü']],
  ['sms', '+44 20 7946 0958', ['', 'abc', '12', '+44\n123456', '1'.repeat(50)]],
] as const) {
  channelsContract(`${channel} by a bridge`, async (t) => {
    const { url, calls, interrupt } = await receiver(t);
    const bridge = bridgeChannel({ url, channel, from: 'campus', secrets: SECRET, repeats: 'honours-key' });
    t.after(() => bridge.close());
    return {
      channel: bridge,
      address,
      impossible,
      received: async () => eachOnce(calls).map((call) => shown(call, address)),
      interrupt,
    };
  });
}

test('a call is signed as Standard Webhooks specifies, and has the same id at every attempt', async (t) => {
  const { url, calls } = await receiver(t);
  const channel = opened(t);
  const asked = message(`${url}/hooks/1`, { title: 'Prüfung' });
  await channel.send(asked);
  await channel.send(asked);
  await channel.send({ ...asked, key: 'another' });
  const ids = calls.map(({ headers }) => headers['webhook-id']);
  assert.equal(ids[0], ids[1]);
  assert.notEqual(ids[0], ids[2]);
  for (const { headers, body } of calls) {
    const verified = new Webhook(SECRET).verify(body, headers as Record<string, string>);
    assert.deepEqual(verified, {
      type: 'notification.message',
      timestamp: '2026-03-29T01:30:00.000Z',
      data: {
        title: 'Prüfung',
        body: 'Room 4, nine o’clock.',
        link: 'https://learn.example.org/exams/1?a=b&c=d',
        text: 'Room 4, nine o’clock.\n\nhttps://learn.example.org/exams/1?a=b&c=d\n',
      },
    });
    assert.equal(headers['content-type'], 'application/json');
  }
});

test('a bridge gets the address, the sender and the channel', async (t) => {
  const { url, calls } = await receiver(t);
  const bridge = bridgeChannel({
    url: url.replace('//', '//user:pass@'),
    channel: 'sms',
    from: 'Campus',
    secrets: [SECRET],
  });
  t.after(() => bridge.close());
  assert.equal((await bridge.send(message('+442079460958', {}))).outcome, 'sent');
  const { type, data } = JSON.parse(calls[0]?.body ?? '');
  assert.deepEqual([type, data.channel, data.from, data.to], ['sms.message', 'sms', 'Campus', '+442079460958']);
  assert.equal(calls[0]?.headers.authorization, `Basic ${Buffer.from('user:pass').toString('base64')}`);
});

test('with two secrets both sign, so that receivers can rotate from one to the other', async (t) => {
  const { url, calls } = await receiver(t);
  await opened(t, { secrets: { '*': [SECRET, OTHER_SECRET] } }).send(message(url, {}));
  const [{ headers, body } = assert.fail()] = calls;
  for (const secret of [SECRET, OTHER_SECRET]) new Webhook(secret).verify(body, headers as Record<string, string>);
});

test('each receiver has its own secret; without one nothing is sent and nothing is lost', async (t) => {
  const { url, calls } = await receiver(t);
  const channel = opened(t, { secrets: { [`${url}/a`]: SECRET, [`${url}/a/b/`]: OTHER_SECRET } });
  const expected = { '/a': SECRET, '/a/x': SECRET, '/a/b': OTHER_SECRET, '/a/b/c?d': OTHER_SECRET };
  for (const [path, secret] of Object.entries(expected)) {
    assert.equal((await channel.send(message(url + path, {}))).outcome, 'sent');
    const { headers, body } = calls.at(-1) ?? assert.fail();
    new Webhook(secret).verify(body, headers as Record<string, string>);
  }
  for (const path of ['', '/', '/ab', '/b']) {
    const answer = await channel.send(message(url + path, {}));
    assert.equal(answer.outcome, 'away');
    assert.match(answer.detail, /no secret is configured/);
  }
  assert.equal(calls.length, 4);
});

const STATUSES: readonly (readonly [status: number, webhook: string, bridge: string])[] = [
  [200, 'sent', 'sent'],
  [202, 'sent', 'sent'],
  [301, 'refused', 'away'],
  [400, 'refused', 'refused'],
  [401, 'refused', 'away'],
  [404, 'refused', 'away'],
  [408, 'away', 'away'],
  [410, 'refused', 'refused'],
  [422, 'refused', 'refused'],
  [425, 'away', 'away'],
  [429, 'away', 'away'],
  [500, 'away', 'away'],
  [503, 'away', 'away'],
];

for (const [status, webhook, bridged] of STATUSES) {
  test(`an answer of ${status} is ${webhook}, and ${bridged} of a bridge; the call is not repeated`, async (t) => {
    const elsewhere = await receiver(t);
    const { url, calls } = await receiver(t, answering(status, { location: elsewhere.url }));
    const bridge = bridgeChannel({ url, channel: 'push', from: '', secrets: SECRET });
    t.after(() => bridge.close());
    const detail = `${url} answered ${status}`;
    assert.deepEqual(await opened(t).send(message(`${url}/secret-path`, {})), { outcome: webhook, detail });
    assert.deepEqual(await bridge.send(message('device', {})), { outcome: bridged, detail });
    assert.deepEqual([calls.length, elsewhere.calls.length], [2, 0]);
  });
}

for (const [what, http, address] of [
  ['of http', false, 'http://example.org/'],
  ['of http and a public address', false, 'http://93.184.215.14/'],
] as const) {
  test(`a URL ${what} is refused unless it is allowed`, async (t) => {
    assert.equal((await opened(t, { http }).send(message(address, {}))).outcome, 'refused');
  });
}

test('a name that resolves to a private address is refused, and no connection is made', async (t) => {
  const { url, calls, connections } = await receiver(t);
  const named = url.replace('127.0.0.1', 'localhost');
  const answer = await opened(t, { networks: [] }).send(message(named, {}));
  assert.deepEqual(answer, { outcome: 'refused', detail: 'localhost has no address that may be reached' });
  assert.deepEqual([calls.length, connections()], [0, 0]);
  assert.equal((await opened(t).send(message(named, {}))).outcome, 'sent');
});

test('a message that is too large for any receiver is refused', async (t) => {
  const { url, calls } = await receiver(t);
  const answer = await opened(t).send(message(url, { body: 'x'.repeat(200_000) }));
  assert.equal(answer.outcome, 'refused');
  assert.match(answer.detail, /at most 262144 are sent/);
  assert.deepEqual(calls, []);
});

/** What happens to a call that gets no answer. */
const UNANSWERED: readonly (readonly [what: string, answering: Answering, timeoutMs: number])[] = [
  ['is not answered', () => {}, 100],
  ['is cut off', (response) => response.destroy(), 10_000],
];

for (const [what, answering, timeoutMs] of UNANSWERED) {
  test(`a call that ${what} is away, and unknown where no call may be made twice`, async (t) => {
    const { url, calls } = await receiver(t, answering);
    assert.equal((await opened(t, { timeoutMs }).send(message(url, {}))).outcome, 'away');
    assert.equal((await opened(t, { timeoutMs, repeats: 'honours-key' }).send(message(url, {}))).outcome, 'away');
    const last = await opened(t, { timeoutMs, repeats: 'at-most-once' }).send(message(url, {}));
    assert.equal(last.outcome, 'unknown', last.detail);
    assert.equal(calls.length, 3);
  });
}

test('a receiver without a listener is away, even where no call may be made twice', async (t) => {
  const { url, interrupt } = await receiver(t);
  await interrupt();
  assert.equal((await opened(t, { repeats: 'at-most-once' }).send(message(url, {}))).outcome, 'away');
});

test('an answer counts by its status, however long its body is', async (t) => {
  const endless: Answering = (response) => {
    response.writeHead(200);
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(16_384)));
      response.once('drain', more);
    };
    more();
  };
  const { url } = await receiver(t, endless);
  assert.equal((await opened(t).send(message(url, {}))).outcome, 'sent');
});

test('connections are kept open, and a call that meets the end of one is made by another', async (t) => {
  const { url, calls, connections } = await receiver(t, (response, call, turn) => {
    // Ends the connection when its second call arrives.
    if (turn === 1) response.destroy();
    else accepts(response, call, turn);
  });
  const channel = opened(t);
  for (const key of ['a', 'b', 'c']) assert.equal((await channel.send(message(url, { key }))).outcome, 'sent');
  assert.deepEqual([calls.length, connections()], [4, 2]);
});

test('where no call may be made twice no connection is kept open', async (t) => {
  const { url, connections } = await receiver(t);
  const channel = opened(t, { repeats: 'at-most-once' });
  for (const key of ['a', 'b']) assert.equal((await channel.send(message(url, { key }))).outcome, 'sent');
  assert.equal(connections(), 2);
});

test('a receiver that fails three times in a row gets no calls for a while, and then is called again', async (t) => {
  let time = Date.now();
  let sound = false;
  const { url, calls } = await receiver(t, (response, call, turn) =>
    (sound ? accepts : answering(500))(response, call, turn),
  );
  const channel = opened(t, { now: () => time, elapsed: () => time });
  const send = async (path = '') => (await channel.send(message(url + path, {}))).detail;
  for (let n = 0; n < 3; n++) assert.match(await send(), /answered 500/);
  const end = new Date(time + 5000).toISOString();
  assert.equal(await send(), `${url} failed recently and is not called until ${end}`);
  assert.match(await send('/another'), /answered 500/, 'another URL of the same host is not left alone');
  time += 4999;
  assert.match(await send(), /is not called until/);
  time += 1;
  assert.match(await send(), /answered 500/);
  time += 9999;
  assert.match(await send(), /is not called until/, 'twice as long now');
  time += 1;
  sound = true;
  assert.match(await send(), /answered 204/);
  sound = false;
  for (let n = 0; n < 3; n++) assert.match(await send(), /answered 500/, 'it counts from the beginning again');
  assert.equal(calls.length, 9);
});

test('a clock that is set back does not extend the pause', async (t) => {
  let wall = Date.UTC(2027, 0, 1);
  let elapsed = 0;
  const { url } = await receiver(t, answering(500));
  const channel = opened(t, { now: () => wall, elapsed: () => elapsed });
  const send = async () => (await channel.send(message(url, {}))).detail;
  for (let n = 0; n < 3; n++) await send();
  wall = Date.UTC(2026, 0, 1);
  assert.equal(await send(), `${url} failed recently and is not called until 2026-01-01T00:00:05.000Z`);
  elapsed += 5000;
  assert.match(await send(), /answered 500/);
});

test('a pause of an unreachable host applies to all of its URLs', async (t) => {
  const { url, interrupt } = await receiver(t);
  await interrupt();
  const channel = opened(t);
  for (const path of ['/a', '/b', '/c']) await channel.send(message(url + path, {}));
  assert.match((await channel.send(message(`${url}/d`, {}))).detail, /is not called until/);
});

const WISHES: readonly (readonly [header: string, ms: number])[] = [
  ['120', 120_000],
  ['Fri, 02 Jan 2026 00:01:00 GMT', 60_000],
  ['86400', 900_000],
];

for (const [header, ms] of WISHES) {
  test(`a receiver that answers Retry-After: ${header} gets no calls for ${ms / 1000} s`, async (t) => {
    let time = Date.UTC(2026, 0, 2);
    const { url, calls } = await receiver(t, answering(429, { 'retry-after': header }));
    const channel = opened(t, { now: () => time, elapsed: () => time });
    await channel.send(message(url, {}));
    time += ms - 1;
    assert.match((await channel.send(message(url, {}))).detail, /is not called until/);
    time += 1;
    assert.match((await channel.send(message(url, {}))).detail, /answered 429/);
    assert.equal(calls.length, 2);
  });
}

test('a dead receiver does not delay others, and its calls do not wait for each other', async (t) => {
  const dead = createTcpServer(() => {}).listen(0, '127.0.0.1');
  await once(dead, 'listening');
  t.after(() => dead.close());
  const sound = await receiver(t);
  const channel = opened(t, { timeoutMs: 500, callsAtOnce: 4 });
  const address = `http://127.0.0.1:${(dead.address() as AddressInfo).port}`;
  const order: string[] = [];
  const sending = Array.from({ length: 100 }, async (_, n) => {
    const to = n % 2 === 0 ? address : sound.url;
    const { outcome } = await channel.send(message(to, { key: `${n}` }));
    order.push(outcome);
    return outcome;
  });
  const outcomes = await Promise.all(sending);
  for (const [n, outcome] of outcomes.entries()) assert.equal(outcome, n % 2 === 0 ? 'away' : 'sent');
  assert.equal(order.indexOf('away'), 50, 'all that could be sent was sent before the first one that could not');
});

const BAD_OPTIONS: readonly (readonly [what: string, options: object])[] = [
  ['a secret that is too short', { secrets: { '*': 'whsec_c2hvcnQ=' } }],
  ['a secret that is no base64', { secrets: { '*': `whsec_${'ß'.repeat(40)}` } }],
  ['a secret of a length that base64 has not', { secrets: { '*': `whsec_${'a'.repeat(41)}` } }],
  ['no secret in a list', { secrets: { '*': [] } }],
  ['a secret for what is no URL', { secrets: { 'hooks.example.org': SECRET } }],
  ['a secret for a URL with a query', { secrets: { 'https://hooks.example.org/?a': SECRET } }],
  ['a secret for a URL without a host', { secrets: { 'mailto:a@example.org': SECRET } }],
  ['a network that is a name', { networks: ['localhost'] }],
  ['a network without bits', { networks: ['10.0.0.0'] }],
  ['a network with too many bits', { networks: ['10.0.0.0/33'] }],
];

for (const [what, options] of BAD_OPTIONS) {
  test(`${what} is a wrong configuration, and the message shows no secret`, () => {
    assert.throws(
      () => webhookChannel({ secrets: { '*': SECRET }, ...options }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.doesNotMatch(error.message, /c2hvcnQ|ßß|aaaa/);
        return true;
      },
    );
  });
}

for (const url of ['', 'bridge', 'ftp://bridge']) {
  test(`a bridge at ${JSON.stringify(url)} is a wrong configuration`, () => {
    assert.throws(() => bridgeChannel({ url, channel: 'sms', from: '', secrets: SECRET }), { code: 'CONFIG_INVALID' });
  });
}
