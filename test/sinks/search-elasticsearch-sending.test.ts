/** How the search client handles answers that a real server gives only in trouble. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { type ElasticsearchOptions, elasticsearchSearch } from '../../sinks/search/elasticsearch/search.ts';
import { Together } from '../../sinks/search/elasticsearch/together.ts';
import { courses, put, remove } from '../contracts/search-samples.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly lines: readonly string[];
  readonly authorization: string | undefined;
}
interface Answer {
  readonly status?: number;
  readonly body?: unknown;
  /** Whether the answer identifies its server as Elasticsearch. */
  readonly product?: boolean;
}
/** The answer to a request; undefined if there is none. `count` counts requests from 1. */
type Answering = (asked: Asked, count: number) => Answer | undefined;

const PATIENT = 60_000;
const one = [put('t', 'a', { title: 'algebra' })];
const three = ['a', 'b', 'c'].map((course) => put('t', course, {}));
const failed = (status: number, type: string, reason = 'so it is') => ({ status, error: { type, reason } });
const items = (...all: { status: number }[]): Answer => ({ body: { items: all.map((item) => ({ index: item })) } });
const written = ({ lines }: Asked): Answer =>
  items(...lines.filter((_, at) => at % 2 === 0).map(() => ({ status: 201 })));
/** The courses whose documents were in the request. */
const sent = ({ lines }: Asked): string[] =>
  lines.filter((_, at) => at % 2 === 0).map((line) => JSON.parse(line).index._id.slice(6));

describe('writing', () => {
  test('temporary failures are sent again, and nothing else', async (t) => {
    const { search, asked } = await answering(t, (request, count) => {
      if (count === 1) return items({ status: 429 }, { status: 201 }, { status: 503 });
      if (count === 2) return items(failed(403, 'cluster_block_exception'), { status: 409 });
      return written(request);
    });
    assert.deepEqual(await search.apply(courses, three), ['written', 'written', 'stale']);
    assert.deepEqual(asked.map(sent), [['a', 'b', 'c'], ['a', 'c'], ['a']]);
  });

  test('a document that Elasticsearch does not accept is refused with its reason, and the others are written', async (t) => {
    const error = {
      type: 'document_parsing_exception',
      reason: 'no long',
      caused_by: { reason: 'For input: "x"\n at y' },
    };
    const { search } = await answering(t, () =>
      items({ status: 200 }, { status: 400, error } as never, { status: 409 }),
    );
    const refused = { refused: 'document_parsing_exception: no long: For input: "x"' };
    assert.deepEqual(await search.apply(courses, three), ['written', refused, 'stale']);
  });

  test('a request that is too large is halved, until the document that is too large is alone', async (t) => {
    const { search, asked } = await answering(t, (request) => {
      return sent(request).includes('b') ? { status: 413, body: '<html>too large</html>' } : written(request);
    });
    const [a, b, c] = await search.apply(courses, three);
    assert.deepEqual([a, c], ['written', 'written']);
    assert.match((b as { refused: string }).refused, /^the document is too large for Elasticsearch: \d{3} bytes/);
    assert.deepEqual(asked.map(sent), [['a', 'b', 'c'], ['a', 'b'], ['a'], ['b'], ['c']]);
  });

  test('many changes are sent in several requests, and the results are in the order of the changes', async (t) => {
    const { search, asked } = await answering(t, (request) => {
      return items(...sent(request).map((course) => ({ status: course.endsWith('7') ? 409 : 201 })));
    });
    const many = Array.from({ length: 5000 }, (_, number) => put('t', `c${number}`, {}));
    const long = many[4321]?.key.with(2, 'x'.repeat(20_000)) ?? [];
    const results = await search.apply(courses, many.with(4321, { ...three[0], key: long } as (typeof many)[0]));
    for (const [number, result] of results.entries()) {
      if (number === 4321) assert.match((result as { refused: string }).refused, /key is too long/);
      else assert.equal(result, number % 10 === 7 ? 'stale' : 'written');
    }
    assert.ok(asked.length > 3);
    assert.equal(asked.flatMap(sent).length, 4999);
    asked.length = 0;
    const large = three.map((change) => ({ ...change, record: { ...change.record, title: 'x'.repeat(2_000_000) } }));
    assert.deepEqual(await search.apply(courses, large), ['written', 'written', 'written']);
    assert.deepEqual(asked.map(sent).sort(), [['a', 'b'], ['c']], 'by their bytes');
  });

  test('when one request fails, no more are sent', async (t) => {
    const { search, asked } = await answering(t, () => ({ status: 403, body: { error: { type: 'x', reason: 'no' } } }));
    const many = Array.from({ length: 20_000 }, (_, number) => put('t', `c${number}`, {}));
    await assert.rejects(search.apply(courses, many), { code: 'ACCESS_REFUSED' });
    assert.ok(asked.length <= 3);
  });

  test('an index that accepts no document at all is no reason to refuse documents', async (t) => {
    const cases = [
      [failed(404, 'index_not_found_exception'), 'TABLE_DRIFTED', /indexes apply/],
      [failed(400, 'strict_dynamic_mapping_exception'), 'TABLE_DRIFTED', /indexes apply/],
      [failed(400, 'index_closed_exception'), 'STORE_BROKEN', /index_closed_exception: so it is/],
      [failed(400, 'illegal_argument_exception', 'no write index is defined'), 'STORE_BROKEN', /no write index/],
      [failed(403, 'security_exception'), 'ACCESS_REFUSED', /privileges/],
    ] as const;
    for (const [item, code, message] of cases) {
      const { search } = await answering(t, () => items({ status: 201 }, item));
      await assert.rejects(search.apply(courses, three.slice(0, 2)), { code, kind: 'fatal', message });
    }
  });
});

describe('a failure', () => {
  test('is retried, and reported when the time is up', async (t) => {
    const cases: readonly [Answer | undefined, RegExp][] = [
      [
        { status: 503, body: { error: { type: 'unavailable_shards_exception', reason: 'no shard' } } },
        /answers 503: no shard/,
      ],
      [
        { status: 429, body: { error: { type: 'es_rejected_execution_exception' } } },
        /429: es_rejected_execution_exception/,
      ],
      [{ status: 502, body: '<html>' }, /answers 502: <html>/],
      [{ status: 500, body: { error: 'a text' } }, /answers 500: a text/],
      [items({ status: 503 }), /answers 503/],
      [{ body: { items: [] } }, /answers 500: unknown/],
      [undefined, /does not answer in time/],
    ];
    await Promise.all(
      cases.map(async ([answer, message]) => {
        const { search } = await answering(t, () => answer, { patienceMs: 1500 });
        await assert.rejects(search.apply(courses, one), { code: 'SEARCH_AWAY', kind: 'retry', message });
      }),
    );
    const { search } = await answering(t, (_, count) => (count < 4 ? { status: 503 } : items({ status: 201 })));
    assert.deepEqual(await search.apply(courses, one), ['written']);
  });

  test('does not outlast the search: closing does not wait', async (t) => {
    for (const answer of [undefined, { status: 503 }]) {
      const begun = Promise.withResolvers<void>();
      const { search } = await answering(t, () => {
        begun.resolve();
        return answer;
      });
      const applying = assert.rejects(search.apply(courses, one), { code: 'SEARCH_AWAY' });
      await begun.promise;
      await search.close();
      await applying;
    }
  });

  test('of one node makes the client use another', async (t) => {
    const hung = await answering(t, () => undefined);
    const closed = await answering(t, () => undefined);
    await closed.stop();
    const good = await answering(t, written);
    for (const nodes of [`${hung.host},${good.host}`, `${closed.host},${good.host}`, `${good.host},${hung.host}`]) {
      const search = elasticsearchSearch({ url: `elasticsearch://${nodes}`, patienceMs: 2000 });
      t.after(() => search.close());
      for (let count = 0; count < 4; count += 1) assert.deepEqual(await search.apply(courses, one), ['written']);
    }
  });

  test('that waiting does not fix is thrown at once, and no message shows a secret', async (t) => {
    const cases: readonly [Answer, RegExp][] = [
      [
        {
          status: 401,
          body: { error: { type: 'security_exception', reason: 'no user [ann] for REST request [/a?b=c]' } },
        },
        /refuses the login \(no user \[ann\]\); give it the right user/,
      ],
      [
        { status: 403, body: { error: { type: 'security_exception', reason: 'no right' } } },
        /\(no right\).*privileges/,
      ],
      [{ status: 400, body: { error: { type: 'bad', reason: 'x'.repeat(1000) } } }, /answers 400: bad: x{400}…$/],
      [{ body: {}, product: false }, /is not Elasticsearch; correct its URL/],
    ];
    for (const [answer, message] of cases) {
      const { search, asked } = await answering(t, () => answer, { login: 'ann:s%40cret' });
      await assert.rejects(search.apply(courses, one), (error: { code?: string; message: string }) => {
        assert.equal(error.code, [401, 403].includes(answer.status ?? 200) ? 'ACCESS_REFUSED' : 'STORE_BROKEN');
        assert.match(error.message, message);
        assert.doesNotMatch(JSON.stringify(error) + error.message, /s@cret|s%40cret|algebra/);
        return true;
      });
      assert.equal(asked.length, 1);
      assert.equal(asked[0]?.authorization, `Basic ${Buffer.from('ann:s@cret').toString('base64')}`);
    }
  });

  test('caused by a missing index has advice', async (t) => {
    const missing = { status: 404, body: { error: { type: 'index_not_found_exception', reason: 'no such index' } } };
    const { search } = await answering(t, () => missing);
    const request = search.search(courses, { tenant: 't', words: '', limit: 1 });
    await assert.rejects(request, { code: 'TABLE_DRIFTED', message: /no such index.*indexes apply/ });
  });
});

test('an API key is sent as such', async (t) => {
  const { search, asked } = await answering(t, written, { apiKey: 'a2V5' });
  await search.apply(courses, one);
  assert.equal(asked[0]?.authorization, 'ApiKey a2V5');
});

test('a removal has its time', async (t) => {
  const { search, asked } = await answering(t, written);
  const before = new Date().toISOString();
  await search.apply(courses, [remove('t', 'a', { token: 1, revision: 2 })]);
  const { tributary } = JSON.parse(asked[0]?.lines[1] ?? '');
  assert.ok(tributary.removed >= before && tributary.removed <= new Date().toISOString());
});

describe('searches', () => {
  const page = { body: { hits: { total: { value: 0 }, hits: [] } } };
  const all = { tenant: 't', words: '', limit: 1 };

  test('that arrive together are refreshed together', async (t) => {
    const { search, asked } = await answering(t, () => page);
    await Promise.all(Array.from({ length: 20 }, () => search.search(courses, all)));
    assert.equal(asked.filter(({ path }) => path.endsWith('/_refresh')).length, 2);
    assert.equal(asked.filter(({ path }) => path.includes('/_search?')).length, 20);
  });

  test('wait until every shard is refreshed', async (t) => {
    const half = (count: number) => ({ body: { _shards: { total: 2, successful: 1, failed: count < 3 ? 1 : 0 } } });
    const { search, asked } = await answering(t, ({ path }, count) => (path.endsWith('_refresh') ? half(count) : page));
    await search.search(courses, all);
    assert.deepEqual(
      asked.map(({ path }) => path.split(/[/?]/)[2]),
      ['_refresh', '_refresh', '_refresh', '_search'],
    );
  });

  test('that need no refresh send one request', async (t) => {
    const { search, asked } = await answering(t, () => page, { freshness: 'interval' });
    await search.search(courses, all);
    assert.deepEqual(
      asked.map(({ path }) => path.split('?')[0]),
      ['/tributary-contract_courses/_search'],
    );
  });
});

test('an action for many begins after each of them has asked, even when the one before it failed', async () => {
  const begun: PromiseWithResolvers<void>[] = [];
  const together = new Together(() => {
    begun.push(Promise.withResolvers<void>());
    return begun.at(-1)?.promise ?? Promise.reject(new Error('nothing began'));
  });
  const first = together.run();
  const [second, third] = [together.run(), together.run()];
  assert.equal(begun.length, 1);
  begun[0]?.reject(new Error('away'));
  await assert.rejects(first, /away/);
  assert.equal(begun.length, 2);
  const fourth = together.run();
  begun[1]?.resolve();
  await Promise.all([second, third]);
  assert.equal(begun.length, 3);
  begun[2]?.resolve();
  await fourth;
  const fifth = together.run();
  assert.equal(begun.length, 4);
  begun[3]?.resolve();
  await fifth;
});

/** A search client, and a server that answers it. */
async function answering(
  t: TestContext,
  answer: Answering,
  options: Partial<ElasticsearchOptions> & { readonly login?: string } = {},
) {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    void reply(request, response).catch(() => response.destroy());
  });
  const reply = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = Buffer.concat(await request.toArray()).toString();
    const { method = '', url: path = '', headers } = request;
    asked.push({ method, path, lines: body.trimEnd().split('\n'), authorization: headers.authorization });
    const answered = answer(asked.at(-1) as Asked, asked.length);
    if (answered === undefined) return;
    const { status = 200, body: what = {}, product = true } = answered;
    const type = typeof what === 'string' ? 'text/html' : 'application/json';
    response.writeHead(status, { 'content-type': type, ...(product ? { 'x-elastic-product': 'Elasticsearch' } : {}) });
    response.end(typeof what === 'string' ? what : JSON.stringify(what));
  };
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async (): Promise<void> => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  const { login, ...rest } = options;
  const url = `elasticsearch://${login === undefined ? '' : `${login}@`}${host}`;
  const search = elasticsearchSearch({ url, patienceMs: PATIENT, ...rest });
  t.after(async () => {
    await Promise.all([search.close(), stop()]);
  });
  return { search, asked, host, stop };
}
