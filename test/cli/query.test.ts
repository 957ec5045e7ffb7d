/** `tributary query` and `tributary summarize`, on tables in a folder. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import type { Caller, RunForCaller } from '../../cli/descriptor.ts';
import { COMMANDS } from '../../cli/descriptors/index.ts';
import { parserOf } from '../../cli/parser.ts';
import { openDatabase } from '../../embedded/database.ts';
import { defineModule, definePlatform } from '../../modules/define.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { hourly, type Lake, lakeOf } from '../contracts/query-samples.ts';
import { visit, visitEvents, visits } from '../reports/visits.ts';
import { begunFolder, temporaryFolder, tributary } from './harness.ts';

const platform = definePlatform({
  modules: [defineModule({ name: 'visits', topics: [visitEvents], datasources: [visits, hourly] })],
});

interface Asked {
  readonly lake: Lake;
  readonly folder: string;
  ask(...words: string[]): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** The command line in this process, on the folder of an existing installation. */
async function begun(t: TestContext): Promise<Asked> {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data'));
  openDatabase(join(folder, 'data')).close();
  const lake = await lakeOf(t, directoryObjects(join(folder, 'data', 'objects')));
  return {
    lake,
    folder,
    async ask(...words) {
      const text = { stdout: '', stderr: '' };
      const into = (stream: 'stdout' | 'stderr') =>
        new Writable({
          write(chunk, _encoding, done) {
            text[stream] += chunk;
            done();
          },
        });
      const streams = {
        stdin: process.stdin,
        stdout: into('stdout'),
        stderr: into('stderr'),
        signal: new AbortController().signal,
      };
      let code = 0;
      const program = parserOf(
        async ({ command, args }) => {
          const caller: Caller = {
            sources: { flags: {}, env: {}, folder },
            platform: async () => ({ platform, file: undefined }),
            debug: false,
          };
          assert.ok(command.kind === 'caller' && COMMANDS.includes(command));
          const { run } = await command.load();
          code = await (run as RunForCaller<unknown>)(caller, streams, args);
        },
        async () => ({ platform, file: undefined }),
      );
      await program.parseAsync(words, { from: 'user' });
      return { code, ...text };
    },
  };
}

const events = [
  visit({ userId: 'ada', page: 'home', points: 1200, seconds: 2.5 }),
  visit({ userId: 'bob', page: 'a, "b"', seconds: 30 }),
  visit({ userId: 'ada', page: null, points: Number.MAX_SAFE_INTEGER }),
];

test('a table has units, readable times and numbers, and shows what it reflects', async (t) => {
  const { lake, ask } = await begun(t);
  await lake.count(visits, events);
  const sql = 'select bucket, page, visits, points, duration_p50, visits as v from visits order by page';
  const { stdout, stderr } = await ask('query', sql);
  assert.equal(
    stdout,
    [
      'bucket                page    visits                 points  duration_p50 (s)  v',
      '2026-01-05T09:00:00Z  a, "b"       1                      0           30.2672  1',
      '2026-01-05T09:00:00Z  home         1                  1,200           2.48427  1',
      '2026-01-05T09:00:00Z  -            1  9,007,199,254,740,991                 -  1',
      '',
    ].join('\n'),
  );
  assert.equal(stderr, '3 rows; visits at version 1\n');
});

test('JSON has one object per line, with all digits of whole numbers', async (t) => {
  const { lake, ask } = await begun(t);
  const more = [1, 2].map(() => visit({ page: null, points: Number.MAX_SAFE_INTEGER }));
  await lake.count(visits, [...events, ...more]);
  const sql = `select bucket, date, page, points, visitors, duration, cast('NaN' as double) as nan
    from visits__rollup where page is null or page = 'home' order by page`;
  const { stdout, stderr } = await ask('query', sql, '--json');
  const [home = '', none = ''] = stdout.trim().split('\n');
  assert.match(
    home,
    /^\{"bucket":"2026-01-05T09:00:00\.000Z","date":"2026-01-05","page":"home","points":1200,"visitors":\[\d{15,19}\],"duration":\{"-?\d+":1\},"nan":"NaN"\}$/,
  );
  assert.match(none, /"page":null,"points":27021597764222973,/);
  assert.equal(stderr, '');
  await assert.rejects(ask('query', 'select 1 as a, 2 as a', '--json'), {
    code: 'USAGE',
    message: /two columns are named a/,
  });
});

test('CSV has quotes where needed, and is complete', async (t) => {
  const { lake, ask } = await begun(t);
  await lake.count(visits, events);
  const { stdout } = await ask('query', '--csv', 'select page, points, bucket from visits order by page');
  assert.equal(
    stdout,
    [
      'page,points,bucket',
      '"a, ""b""",0,2026-01-05T09:00:00.000Z',
      'home,1200,2026-01-05T09:00:00.000Z',
      ',9007199254740991,2026-01-05T09:00:00.000Z',
      '',
    ].join('\n'),
  );
});

test('a table is truncated at its limit and shows that; the other forms are not truncated', async (t) => {
  const { lake, ask } = await begun(t);
  await lake.count(
    hourly,
    Array.from({ length: 40 }, (_, n) => visit({}, { time: visit().time + n * 3_600_000 })),
  );
  const sql = 'select a.bucket from hourly_visits a cross join hourly_visits b';
  const table = await ask('query', sql);
  assert.equal(table.stdout.trim().split('\n').length, 1001);
  assert.match(table.stderr, /^1,000 rows, and more: see --limit; hourly_visits at version 1\n$/);
  const few = await ask('query', sql, '--limit', '1600');
  assert.match(few.stderr, /^1,600 rows;/);
  assert.equal((await ask('query', sql, '--csv')).stdout.trim().split('\n').length, 1601);
  assert.equal((await ask('query', sql, '--json', '--limit', '3')).stdout.trim().split('\n').length, 3);
});

test('the tables are listed with the meaning of each column', async (t) => {
  const { ask } = await begun(t);
  const { stdout } = await ask('query', '--list');
  assert.match(stdout, /^visits +\S+ +Visits$/m);
  assert.match(stdout, /^hourly_visits__rollup +\S+ +Visits by the hour: rows as they are stored, with sketches$/m);
  const columns = JSON.parse((await ask('query', '--list', 'visits', '--json')).stdout);
  assert.deepEqual(
    columns.find(({ column }: { column: string }) => column === 'duration_p95'),
    {
      column: 'duration_p95',
      type: 'double',
      unit: 's',
      meaning: 'Of seconds. 95 % of the values are at or below this value.',
    },
  );
  const stored = await ask('query', '--list', 'visits__rollup');
  assert.match(stored.stdout, /^visitors +list<long> +users +Visitors\.$/m);
  await assert.rejects(ask('query', '--list', 'visit'), {
    message: /no table visit; there are visits, visits__rollup, hourly/,
  });
});

test('the text of a query is read from a file', async (t) => {
  const { folder, ask } = await begun(t);
  const file = join(folder, 'one.sql');
  writeFileSync(file, '-- all of them\nselect count(*) as n from visits;\n');
  assert.equal((await ask('query', '--file', file, '--csv')).stdout, 'n\n0\n');
  await assert.rejects(ask('query', '--file', `${file}x`), { code: 'USAGE', message: /cannot be read/ });
  await assert.rejects(ask('query'), { code: 'USAGE', message: /there is no query/ });
  await assert.rejects(ask('query', 'select 1', '--file', file), { code: 'USAGE' });
});

test('a datasource is added up by weeks of a time zone, and each visitor counts once', async (t) => {
  const { lake, ask } = await begun(t);
  const week = 7 * 24 * 3_600_000;
  await lake.count(visits, [...events, visit({ userId: 'eve' }, { time: visit().time + week })]);
  const { stdout } = await ask('summarize', 'visits', '--every', 'week', '--zone', 'Asia/Kolkata', '--csv');
  const [head = '', ...rows] = stdout
    .trim()
    .split('\n')
    .map((line) => line.split(','));
  const column = (name: string) => head.indexOf(name);
  assert.deepEqual(
    rows.map((row) => ['date', 'tenant', 'visits', 'visitors'].map((name) => row[column(name)])),
    [
      ['2026-01-05', 'default', '3', '2'],
      ['2026-01-12', 'default', '1', '1'],
    ],
  );
  const { stdout: sql } = await ask(
    'summarize',
    'visits',
    '--by',
    'page',
    '--first',
    '2026-01-05',
    '--last',
    '2026-01-06',
    '--sql',
  );
  const printed = await ask('query', sql, '--csv');
  assert.deepEqual(
    printed.stdout,
    (await ask('summarize', 'visits', '--by', 'page', '--first', '2026-01-05', '--last', '2026-01-06', '--csv')).stdout,
  );
  assert.equal(printed.stdout.trim().split('\n').length, 4);
  await assert.rejects(ask('summarize', 'visit'), { code: 'USAGE', message: /no datasource visit.*visits/s });
  await assert.rejects(ask('summarize', 'visits', '--by', 'region'), { code: 'USAGE', message: /no dimension region/ });
  await assert.rejects(ask('summarize', 'visits', '--first', '2026-01-05'), { code: 'USAGE', message: /go together/ });
});

test('views for other programs name the folder of the objects, and no credentials', async (t) => {
  const { lake, folder, ask } = await begun(t);
  await lake.count(visits, events);
  const { stdout } = await ask('query', '--views');
  assert.ok(stdout.includes(`FROM delta_scan('${join(folder, 'data/objects/rollups/visits/g1')}');`), stdout);
  assert.match(stdout, /^CREATE OR REPLACE VIEW "hourly_visits__rollup" AS\n.* WHERE false;$/m);
  assert.match(stdout, /^CREATE OR REPLACE VIEW "visits" AS$/m);
});

test('the command answers from the standard input, beside a process that has the folder, and with its exit codes', async (t) => {
  const folder = await begunFolder(t);
  const asked = await tributary(folder, ['query', '-'], { input: 'select count(*) as n from enrollments' });
  assert.deepEqual(asked, { code: 0, stdout: 'n\n0\n', stderr: '1 row\n' });
  const database = openDatabase(join(folder, 'data'));
  t.after(() => database.close());
  const beside = await tributary(folder, ['query', 'select 1 as one', '--json']);
  assert.deepEqual(beside, { code: 0, stdout: '{"one":1}\n', stderr: '' });
  const wrong = await tributary(folder, ['query', 'select * from enrolments']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /^error: .*enrolments does not exist; there are enrollments and enrollments__rollup, /);
  const elsewhere = await tributary(temporaryFolder(t), ['query', 'select 1']);
  assert.equal(elsewhere.code, 1);
  assert.match(elsewhere.stderr, /there are no data in/);
});
