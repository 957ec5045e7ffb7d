/** The client of Trino, against a test server with the same protocol. `npm run test:trino` has a real Trino. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer as createHttps } from 'node:https';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { certificates } from '../../servers/certificates.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { trinoQueryEngine } from '../../sinks/query/trino/engine.ts';
import { rowsOf as samplesOf, temporaryFolder } from '../contracts/delta-samples.ts';
import { column, lakeOf, rowsOf, samples } from '../contracts/query-samples.ts';
import { type Answering, answeredBy, LONG } from './trino-answers.ts';

test('a query is posted, and its pages are fetched until there is no next one', async (t) => {
  const { asked, engine } = await answeredBy(t, ({ path }, base) => {
    const next = (page: number) => `${base}/v1/statement/executing/q/${page}?slug=x`;
    switch (path) {
      case '/v1/statement':
        return { json: { id: 'q', nextUri: next(1) } };
      case '/v1/statement/executing/q/1?slug=x':
        return { json: { nextUri: next(2), columns: LONG } };
      case '/v1/statement/executing/q/2?slug=x':
        return { json: { nextUri: next(3), columns: LONG, data: [[1], [9007199254740991]] } };
      case '/v1/statement/executing/q/3?slug=x':
        return {
          text: `{"columns":${JSON.stringify(LONG)},"data":[[9223372036854775807],[-9223372036854775808],[null]]}`,
        };
      default:
        return { status: 404 };
    }
  });
  await using answer = await engine.query("select n from t -- l'été\n;");
  assert.deepEqual(answer.columns, [{ name: 'n', type: 'long' }]);
  const pages = await Array.fromAsync(answer.pages);
  assert.deepEqual(
    pages.map((page) => page.length),
    [2, 3],
  );
  assert.deepEqual(pages[1]?.flat(), [9223372036854775807n, -9223372036854775808n, null]);
  assert.deepEqual(
    asked.map(({ method }) => method),
    ['POST', 'GET', 'GET', 'GET'],
  );
  assert.equal(asked[0]?.body, 'select n from t');
  for (const { headers } of asked) {
    assert.equal(headers['x-trino-user'], 'ana b');
    assert.deepEqual([headers['x-trino-catalog'], headers['x-trino-schema']], ['lake', 'reports']);
    assert.equal(headers['x-trino-time-zone'], 'UTC');
    assert.equal(headers.authorization, undefined);
  }
});

test('temporary failures of Trino are retried, whether posted or fetched', async (t) => {
  let attempts = 0;
  const { engine } = await answeredBy(t, ({ method }, base) => {
    attempts += 1;
    if (attempts % 4 === 1) return { status: 503 };
    if (attempts % 4 === 2) return undefined;
    if (attempts % 4 === 3) return { status: 429 };
    return method === 'POST'
      ? { json: { nextUri: `${base}/v1/next` } }
      : { json: { columns: LONG, data: [[attempts]] } };
  });
  assert.deepEqual(await column(engine, 'select 1'), [8n]);
});

test('a Trino that stays away is QUERY_AWAY, with the reason', async (t) => {
  const { engine } = await answeredBy(t, () => ({ status: 502, text: 'bad gateway' }), 150);
  await assert.rejects(column(engine, 'select 1'), {
    code: 'QUERY_AWAY',
    message: /Trino does not answer: it answered 502/,
  });
  const forgotten = await answeredBy(t, ({ method }, base) =>
    method === 'POST' ? { json: { nextUri: `${base}/v1/next`, columns: LONG } } : { status: 410 },
  );
  await assert.rejects(column(forgotten.engine, 'select 1'), {
    code: 'QUERY_AWAY',
    message: /no longer knows the query/,
  });
});

test('credentials are sent only to the server of the URL, whatever address the next page is said to have', async (t) => {
  const { asked, engine } = await answeredBy(t, ({ method }) =>
    method === 'POST'
      ? { json: { nextUri: 'http://elsewhere.invalid:1/v1/next?a=b' } }
      : { json: { columns: LONG, data: [[1]] } },
  );
  assert.deepEqual(await column(engine, 'select 1'), [1n]);
  assert.equal(asked[1]?.path, '/v1/next?a=b');
});

test('a query that fails throws, at its start and while its rows are read, and is ended', async (t) => {
  const error = {
    message: "line 4:8: Column 'x' cannot be resolved",
    errorName: 'COLUMN_NOT_FOUND',
    errorType: 'USER_ERROR',
  };
  const atOnce = await answeredBy(t, () => ({ json: { error } }));
  await assert.rejects(atOnce.engine.query('select x'), {
    code: 'QUERY_INVALID',
    message: "running a query: Column 'x' cannot be resolved",
  });
  const late = await answeredBy(t, ({ method }, base) => {
    if (method === 'POST') return { json: { columns: LONG, data: [[1]], nextUri: `${base}/v1/next` } };
    return {
      json: {
        error: { message: 'out', errorName: 'EXCEEDED_LOCAL_MEMORY_LIMIT', errorType: 'INSUFFICIENT_RESOURCES' },
      },
    };
  });
  const answer = await late.engine.query('select n');
  const rows: unknown[] = [];
  await assert.rejects(
    async () => {
      for await (const page of answer.pages) rows.push(...page);
    },
    { code: 'MEMORY_EXCEEDED' },
  );
  assert.deepEqual(rows, [[1n]]);
});

test('stopping early or aborting cancels the query at its current address', async (t) => {
  const endless: Answering = ({ method }, base) =>
    method === 'DELETE' ? { status: 204 } : { json: { columns: LONG, data: [[1]], nextUri: `${base}/v1/next` } };
  const left = await answeredBy(t, endless);
  for await (const _ of (await left.engine.query('select n')).pages) break;
  assert.deepEqual(left.asked.at(-1)?.method, 'DELETE');
  assert.equal(left.asked.at(-1)?.path, '/v1/next');
  const aborted = await answeredBy(t, endless);
  const controller = new AbortController();
  const answer = await aborted.engine.query('select n', { signal: controller.signal });
  const reason = new Error('enough');
  await assert.rejects(
    async () => {
      for await (const _ of answer.pages) controller.abort(reason);
    },
    (thrown) => thrown === reason,
  );
  assert.equal(aborted.asked.at(-1)?.method, 'DELETE');
  let polls = 0;
  const early = new AbortController();
  const waiting = await answeredBy(t, ({ method }, base) => {
    polls += 1;
    if (polls === 3) early.abort(reason);
    return method === 'DELETE' ? { status: 204 } : { json: { nextUri: `${base}/v1/next` } };
  });
  await assert.rejects(waiting.engine.query('select n', { signal: early.signal }), (thrown) => thrown === reason);
  assert.equal(waiting.asked.at(-1)?.method, 'DELETE');
  const limited = await answeredBy(t, endless);
  await assert.rejects(column(limited.engine, 'select n', { rows: 3 }), { code: 'QUERY_LIMIT' });
  assert.equal(limited.asked.at(-1)?.method, 'DELETE');
});

test('a table unknown to Trino is registered once, at its location, and the query is repeated at its version', async (t) => {
  let [isKnown, isThere] = [false, false];
  const { asked, engine, lake } = await answeredBy(t, ({ body }) => {
    if (body.startsWith('call') && isThere) {
      isKnown = true;
      return { json: { error: { message: 'there', errorName: 'ALREADY_EXISTS', errorType: 'USER_ERROR' } } };
    }
    if (body.startsWith('call')) isKnown = true;
    if (body.startsWith('call') || body.startsWith('create'))
      return { json: { columns: [{ name: 'result', type: 'boolean' }], data: [[true]] } };
    if (isKnown) return { json: { columns: LONG, data: [[3]] } };
    return {
      json: {
        error: {
          message: "line 1:1: Table 'lake.reports.rollups_samples_g1' does not exist",
          errorName: 'TABLE_NOT_FOUND',
          errorType: 'USER_ERROR',
        },
      },
    };
  });
  const version = await lake.write(samples, samplesOf(0, 3));
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [3n]);
  assert.deepEqual(await column(engine, 'select count(*) from samples'), [3n]);
  assert.deepEqual(
    asked.map(({ body }) => body.split(/[\n(]/)[0]),
    [
      'with samples__rollup ',
      'create schema if not exists "lake"."reports"',
      'call "lake".system.register_table',
      ...Array(2).fill('with samples__rollup '),
    ],
  );
  assert.match(
    asked[0]?.body ?? '',
    new RegExp(`from "lake"\\."reports"\\."rollups_samples_g1" for version as of ${version}\n`),
  );
  assert.ok(
    asked[2]?.body.endsWith("('reports', 'rollups_samples_g1', 's3://bucket/prefix/rollups/samples/g1')"),
    asked[2]?.body,
  );
  isKnown = false;
  isThere = true;
  assert.deepEqual(
    await column(engine, 'select count(*) from samples'),
    [3n],
    'and again, also if another client was faster',
  );
  assert.equal(asked.length, 9);
  const other = await answeredBy(t, () => ({
    json: {
      error: {
        message: "Table 'lake.reports.sample' does not exist",
        errorName: 'TABLE_NOT_FOUND',
        errorType: 'USER_ERROR',
      },
    },
  }));
  await other.lake.write(samples, samplesOf(0, 3));
  const wrong = { code: 'QUERY_INVALID', message: /'lake\.reports\.sample' does not exist; there are visits/ };
  await assert.rejects(column(other.engine, 'select count(*) from sample cross join samples'), wrong);
  assert.equal(other.asked.length, 1);
});

test('types and values are converted, and unsupported ones are refused', async (t) => {
  const cells: [type: string, cell: unknown, expected: unknown][] = [
    ['tinyint', 1, 1n],
    ['varchar(3)', 'a"b', 'a"b'],
    ['char(2)', 'ab', 'ab'],
    ['decimal(38,2)', '12345678901234567890.10', '12345678901234567890.10'],
    ['double', 'Infinity', Number.POSITIVE_INFINITY],
    ['real', 1.5, 1.5],
    ['double', 12345678901234568, 12345678901234568],
    ['unknown', null, null],
    ['date', '2026-03-29', '2026-03-29'],
    ['timestamp(6)', '1969-12-31 23:59:59.999999', '1969-12-31T23:59:59.999'],
    ['timestamp(0)', '2026-03-29 01:00:00', '2026-03-29T01:00:00.000'],
    ['timestamp(9) with time zone', '1969-12-31 23:59:59.999999999 UTC', -1],
    ['timestamp(3) with time zone', '2026-03-29 06:30:00.000 +05:30', Date.UTC(2026, 2, 29, 1)],
    ['array(bigint)', [1, null], [1n, null]],
    ['array(timestamp(3) with time zone)', ['1970-01-01 00:00:00.001 UTC'], [1]],
    ['map(integer, bigint)', { '-3': 4 }, new Map([[-3n, 4n]])],
    ['map(decimal(4,1), varchar)', { '1.5': null }, new Map([['1.5', null]])],
    ['map(boolean, date)', { true: '2026-01-01' }, new Map([[true, '2026-01-01']])],
  ];
  let columns: object[] = [];
  let data: unknown[][] = [];
  const { engine } = await answeredBy(t, () => ({ json: { columns, data } }));
  for (const [type, cell, expected] of cells) {
    [columns, data] = [[{ name: 'c', type }], [[cell]]];
    assert.deepEqual(await rowsOf(engine, 'select c'), [{ c: expected }], type);
  }
  for (const type of [
    'interval day to second',
    'row(a bigint)',
    'array(array(bigint))',
    'map(bigint, array(bigint))',
    'varbinary',
    'json',
    'constructor',
  ]) {
    [columns, data] = [[{ name: 'c', type }], []];
    await assert.rejects(
      rowsOf(engine, 'select c'),
      { code: 'QUERY_INVALID', message: /the column c is of the type/ },
      type,
    );
  }
  [columns, data] = [[{ name: 'c', type: 'timestamp(3) with time zone' }], [['2026-10-25 02:30:00.000 Europe/Berlin']]];
  await assert.rejects(rowsOf(engine, 'select c'), {
    code: 'QUERY_INVALID',
    message: /zone Europe\/Berlin, of which some occur twice/,
  });
});

test('a user without access gets an error that says so, and so does a server that is not Trino', async (t) => {
  const refused = await answeredBy(t, () => ({ status: 401, text: 'no' }));
  await assert.rejects(column(refused.engine, 'select 1'), {
    code: 'ACCESS_REFUSED',
    message: /refuses access \(401\)/,
  });
  const other = await answeredBy(t, () => ({ text: '<html>' }));
  await assert.rejects(column(other.engine, 'select 1'), { code: 'CONFIG_INVALID', message: /is not Trino/ });
});

test('with TLS and a trusted server, user and password are sent', async (t) => {
  const folder = await temporaryFolder(t);
  const files = certificates(folder);
  const seen: (string | undefined)[] = [];
  const keys = { cert: readFileSync(files.cert), key: readFileSync(files.key) };
  const server = createHttps(keys, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(JSON.stringify({ columns: LONG, data: [[1]] }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  const lake = await lakeOf(t, directoryObjects(`${folder}/objects`));
  const location = `127.0.0.1:${(server.address() as AddressInfo).port}/lake/reports?location=x`;
  const url = `trinos://ana:s%3Aecret@${location}`;
  const engine = await trinoQueryEngine({ ...lake, url, folder: `${folder}/log`, ca: readFileSync(files.ca, 'utf8') });
  t.after(() => engine.close());
  assert.deepEqual(await column(engine, 'select 1'), [1n]);
  assert.deepEqual(seen, [`Basic ${Buffer.from('ana:s:ecret').toString('base64')}`]);
});
