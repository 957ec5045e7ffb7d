/** The requests of the client and its handling of responses, with a server in this process that gives the test's answers. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConfluentOptions, confluentRegistry } from '../../../topics/confluent/registry.ts';

type Answer = readonly [status: number, body: unknown];
interface Asked {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
  readonly body: string;
}

const UNKNOWN_SCHEMA: Answer = [404, { error_code: 40403, message: 'Schema not found' }];
const UNKNOWN_SUBJECT: Answer = [404, { error_code: 40401, message: 'Subject not found' }];

/** A node that gives these answers in order, and then repeats the last one. A function handles its response itself. */
async function node(t: TestContext, ...answers: readonly (Answer | ((response: ServerResponse) => void))[]) {
  const asked: Asked[] = [];
  const server = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const answer = answers[Math.min(asked.length, answers.length - 1)];
      const { method = '', url = '', headers } = request;
      asked.push({ method, path: url, authorization: headers.authorization, body });
      if (typeof answer === 'function') return answer(response);
      const [status, content] = answer as Answer;
      response.writeHead(status).end(typeof content === 'string' ? content : JSON.stringify(content));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function client(t: TestContext, options: ConfluentOptions, now?: () => number) {
  const registry = confluentRegistry({ timeoutMs: 5000, ...options }, now);
  t.after(() => registry.close());
  return registry;
}

/** A URL without a listener. */
async function deadUrl(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return `http://127.0.0.1:${port}`;
}

test('a schema that its subject has is looked up, and nothing is written', async (t) => {
  const { url, asked } = await node(t, [200, { subject: 'a', id: 7, version: 1, schema: '"int"' }]);
  assert.equal(await client(t, { url }).register('orders-shop.Placed', '"int"'), 7);
  assert.deepEqual(asked, [
    { method: 'POST', path: '/subjects/orders-shop.Placed', authorization: undefined, body: '{"schema":"\\"int\\""}' },
  ]);
});

test('a new schema is registered, and known from then on', async (t) => {
  const { url, asked } = await node(t, UNKNOWN_SUBJECT, [200, { id: 8 }]);
  const registry = client(t, { url });
  assert.equal(await registry.register('a/b c', '"int"'), 8);
  assert.equal(await registry.register('a/b c', '"int"'), 8);
  assert.deepEqual(
    asked.map(({ method, path }) => [method, path]),
    [
      ['POST', '/subjects/a%2Fb%20c'],
      ['POST', '/subjects/a%2Fb%20c/versions'],
    ],
  );
});

test('a schema is read once, however many callers ask for it at the same time and later', async (t) => {
  const { url, asked } = await node(t, [200, { schema: '"int"' }]);
  const registry = client(t, { url });
  assert.deepEqual(await Promise.all([1, 2, 3].map(() => registry.schema(5))), ['"int"', '"int"', '"int"']);
  assert.equal(await registry.schema(5), '"int"');
  assert.deepEqual(
    asked.map(({ path }) => path),
    ['/schemas/ids/5'],
  );
});

test('an unknown id is not requested again for a while, and then it is', async (t) => {
  let time = 1000;
  const { url, asked } = await node(t, UNKNOWN_SCHEMA, [200, { schema: '"int"' }]);
  const registry = client(t, { url, missingMs: 5000 }, () => time);
  assert.equal(await registry.schema(5), undefined);
  time = 5999;
  assert.equal(await registry.schema(5), undefined);
  assert.equal(asked.length, 1);
  time = 6000;
  assert.equal(await registry.schema(5), '"int"');
});

test('numbers that cannot be ids are not requested', async (t) => {
  const { url, asked } = await node(t, [500, {}]);
  const registry = client(t, { url });
  for (const id of [2 ** 31, 2 ** 32 - 1, -1, 1.5]) assert.equal(await registry.schema(id), undefined);
  assert.deepEqual(asked, []);
});

test('an id is missing only when every answering node reports it missing', async (t) => {
  const follower = await node(t, UNKNOWN_SCHEMA);
  const leader = await node(t, [200, { schema: '"int"' }]);
  const dead = await deadUrl();
  assert.equal(await client(t, { url: `${follower.url},${dead},${leader.url}` }).schema(5), '"int"');
  assert.equal(await client(t, { url: `${dead},${follower.url}` }).schema(5), undefined);
});

test('nodes are asked in turn, and the one that answered is asked first the next time', async (t) => {
  const overloaded = await node(t, [503, 'try later']);
  const sound = await node(t, [200, { schema: '"int"' }]);
  const registry = client(t, { url: `${await deadUrl()}, ${overloaded.url} ,${sound.url}` });
  assert.equal(await registry.schema(1), '"int"');
  assert.equal(await registry.schema(2), '"int"');
  assert.deepEqual([overloaded.asked.length, sound.asked.length], [1, 2]);
});

test('without an answer of any node the registry is away, and the message names each and its problem', async (t) => {
  const dead = await deadUrl();
  const overloaded = await node(t, [503, '']);
  const host = (url: string) => new URL(url).host;
  await assert.rejects(client(t, { url: `${dead},${overloaded.url}` }).register('a', '"int"'), {
    code: 'REGISTRY_AWAY',
    message: `looking up a schema under a: the registry does not answer: ${host(dead)}: connect ECONNREFUSED ${host(dead)}; ${host(overloaded.url)}: it answered 503`,
  });
});

const HANGS: readonly (readonly [what: string, hang: (response: ServerResponse) => void])[] = [
  ['says nothing', () => {}],
  ['begins an answer and does not end it', (response) => response.writeHead(200).write('{"schema":')],
];

for (const [what, hang] of HANGS) {
  test(`a node that ${what} is away after its share of the time, and the next one is asked`, async (t) => {
    const hanging = await node(t, hang);
    const sound = await node(t, [200, { schema: '"int"' }]);
    assert.equal(await client(t, { url: `${hanging.url},${sound.url}`, timeoutMs: 1000 }).schema(1), '"int"');
    await assert.rejects(client(t, { url: hanging.url, timeoutMs: 50 }).schema(1), {
      code: 'REGISTRY_AWAY',
      message: /it did not answer within \d+ ms/,
    });
  });
}

test('a node that ends the connection in the middle of its answer is away', async (t) => {
  const { url } = await node(t, (response) => {
    response.writeHead(200, { 'content-length': 100 });
    response.write('{"schema":', () => response.destroy());
  });
  await assert.rejects(client(t, { url }).schema(1), { code: 'REGISTRY_AWAY' });
});

test('an endless answer is not read to its end', async (t) => {
  const { url } = await node(t, (response) => {
    const more = () => {
      while (!response.destroyed && response.write('x'.repeat(65_536)));
      response.once('drain', more);
    };
    more();
  });
  await assert.rejects(client(t, { url }).schema(1), { code: 'REGISTRY_AWAY', message: /larger than 8388608 bytes/ });
});

test('user and password are sent, also to nodes without them in the URL, and never shown', async (t) => {
  const first = await node(t, [503, '']);
  const second = await node(t, [401, { error_code: 401, message: 'Unauthorized' }]);
  const url = `${first.url.replace('//', '//r%40ta:p%3Ass@')},${second.url}`;
  await assert.rejects(client(t, { url }).schema(1), (error: Error & { code: string }) => {
    assert.equal(error.code, 'ACCESS_REFUSED');
    assert.equal(
      error.message,
      'reading schema 1: the registry does not allow it (401 Unauthorized); check its user, password and rights',
    );
    return true;
  });
  const basic = `Basic ${Buffer.from('r@ta:p:ss').toString('base64')}`;
  assert.deepEqual([first.asked[0]?.authorization, second.asked[0]?.authorization], [basic, basic]);
});

test('a path of the URL is put before every path, with or without a final slash', async (t) => {
  const { url, asked } = await node(t, [200, { schema: '"int"' }]);
  await client(t, { url: `${url}/apis/ccompat/v7/` }).schema(1);
  await client(t, { url: `${url}/apis/ccompat/v7` }).schema(2);
  assert.deepEqual(
    asked.map(({ path }) => path),
    ['/apis/ccompat/v7/schemas/ids/1', '/apis/ccompat/v7/schemas/ids/2'],
  );
});

const ANSWERS: readonly (readonly [what: string, answer: Answer, code: string, message: RegExp])[] = [
  [
    'an incompatible schema',
    [409, { message: 'reader\nfield missing' }],
    'DECLARATION_INVALID',
    /under a: it is not compatible with .* \(409 reader field missing\)/,
  ],
  ['no valid schema', [422, { message: 'bad' }], 'DECLARATION_INVALID', /under a: the registry refuses it \(422 bad\)/],
  [
    'a forbidden write',
    [403, '<html>no</html>'],
    'ACCESS_REFUSED',
    /under a: the registry does not allow it \(403 <html>no<\/html>\)/,
  ],
  [
    'a page of somebody else',
    [404, '<html>not here</html>'],
    'CONFIG_INVALID',
    /not a schema registry \(404 .*check the URL and its path/,
  ],
  ['a 404 with another code', [404, { error_code: 404 }], 'CONFIG_INVALID', /not a schema registry/],
  ['a redirect', [302, ''], 'CONFIG_INVALID', /not a schema registry \(302\)/],
  ['something without an id', [200, { ok: true }], 'CONFIG_INVALID', /not a schema registry \(200 /],
  ['an id that is none', [200, { id: 2 ** 31 }], 'CONFIG_INVALID', /not a schema registry/],
  ['a text', [200, '"7"'], 'CONFIG_INVALID', /not a schema registry/],
  ['null', [200, 'null'], 'CONFIG_INVALID', /not a schema registry/],
];

for (const [what, answer, code, message] of ANSWERS) {
  test(`${what} in answer to a registration ends it with ${code}`, async (t) => {
    const { url } = await node(t, UNKNOWN_SUBJECT, answer);
    await assert.rejects(client(t, { url }).register('a', '"int"'), { code, message });
  });
}

test('whoever registers what another process registers at the same moment gets its id', async (t) => {
  const overtaken: Answer = [409, { message: "An artifact with ID 'a' in group 'null' already exists." }];
  const { url } = await node(t, UNKNOWN_SUBJECT, overtaken, [200, { id: 7 }]);
  assert.equal(await client(t, { url }).register('a', '"int"'), 7);
});

test('error messages of a registry are truncated', async (t) => {
  const { url } = await node(t, [409, { message: 'x'.repeat(100_000) }]);
  await assert.rejects(client(t, { url }).register('a', '"int"'), (error: Error) => error.message.length < 1000);
});

test('a response without a schema is not used as one', async (t) => {
  const { url } = await node(t, [200, { schema: 5 }]);
  await assert.rejects(client(t, { url }).schema(1), { code: 'CONFIG_INVALID' });
});

for (const url of [
  '',
  'registry:8081',
  'ftp://registry',
  'http://',
  'http://a,',
  'http://user:secret@',
  'http://%zz:secret@a',
]) {
  test(`the URL ${JSON.stringify(url)} is a wrong configuration, and is not shown`, () => {
    assert.throws(
      () => confluentRegistry({ url }),
      (error: Error & { code: string }) => {
        assert.equal(error.code, 'CONFIG_INVALID');
        assert.doesNotMatch(error.message, /secret/);
        return true;
      },
    );
  });
}
