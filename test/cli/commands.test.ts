/** Every command in a process of its own, on a folder that no other process uses. */
import assert from 'node:assert/strict';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { topics } from '../../topics/index.ts';
import { begunFolder, type Ended, enrolled, ndjson, temporaryFolder, tributary } from './harness.ts';

const COMMANDS = [
  ['demo'],
  ['up'],
  ['run'],
  ['produce'],
  ['tail'],
  ['topics'],
  ['topics', 'verify'],
  ['topics', 'apply'],
  ['tables'],
  ['tables', 'apply'],
  ['indexes'],
  ['indexes', 'apply'],
  ['indexes', 'renew'],
  ['rebuild-views'],
  ['lag'],
  ['show'],
  ['search'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show'],
  ['dead-letters', 'replay'],
  ['dead-letters', 'edit'],
  ['pause'],
  ['resume'],
  ['dead-letters', 'discard'],
  ['doctor'],
  ['config'],
];

const linesOf = (text: string): string[] => text.split('\n').filter((line) => line !== '');

function assertWrong(ended: Ended, because: RegExp): void {
  assert.equal(ended.code, 2, ended.stderr);
  assert.match(ended.stderr, because);
  assert.equal(linesOf(ended.stderr).length, 1, 'one line says what is wrong');
  assert.equal(ended.stdout, '');
}

test('help lists every command, and each has help with an example', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await tributary(folder, ['--help']);
  assert.equal(code, 0);
  for (const command of COMMANDS) {
    assert.match(stdout, new RegExp(`^ {2}${command[0]} `, 'm'));
    const help = await tributary(folder, [...command, '--help']);
    assert.equal(help.code, 0);
    assert.match(
      help.stdout,
      new RegExp(`Example:\\n  \\$ .*tributary ${command.join(' ')}|Example:\\n  \\$ tributary ${command.join(' ')}`),
    );
  }
});

test('a list of commands has the first sentence of each', async (t) => {
  const folder = temporaryFolder(t);
  const lines = async (...args: string[]): Promise<string> =>
    (await tributary(folder, [...args, '--help'])).stdout.replaceAll(/\n {6,}/g, ' ');
  assert.match(
    await lines('topics'),
    /^ {2}export \[options\] +Print all topics and events as an AsyncAPI 3\.0 document, from which clients can be generated$/m,
  );
  assert.match(await lines(), /^ {2}key +API keys for programs that call the HTTP service$/m);
});

const WRONG: readonly (readonly [args: readonly string[], because: RegExp])[] = [
  [['nonsense'], /unknown command 'nonsense'/],
  [['demo', '--nonsense'], /unknown option '--nonsense'/],
  [['up', 'some-job'], /too many arguments/],
  [['run'], /missing required argument 'job'/],
  [['run', 'track-progres'], /did you mean track-progress\?/],
  [['produce'], /missing required argument 'topic'/],
  [['produce', 'nonsense'], /there is no topic nonsense; there are content\.events/],
  [['produce', 'user.events', 'absent.ndjson'], /absent\.ndjson cannot be read/],
  [['produce', 'user.events', '.'], /it is a folder/],
  [['tail', 'user.event'], /did you mean user\.events\?/],
  [['tail', 'user.events', '--limit', '0'], /whole number from 1/],
  [['tail', 'user.events', '--offset', '3'], /--offset needs --partition/],
  [['tail', 'user.events', '--since', 'yesterday'], /a time with its zone/],
  [['topics', 'nonsense'], /there is no topic nonsense/],
  [['lag', 'nonsense'], /there is no job nonsense; there are .*track-progress/],
  [['lag', '--timeout-ms', 'soon'], /whole number/],
  [['show', 'nonsense'], /there is no projection nonsense; there are .*learner_progress/],
  [['show', 'learner_progress', 'u1', 'c1', 'x'], /has the key userId, courseId, and 3 values/],
  [['show', 'batch_summaries'], /is a cache, which is read by its key: give batchId/],
  [['show', 'learner_progress', '--after', 'nonsense'], /the page after/],
  [['search', 'nonsense'], /there is no index nonsense; there are .*enrollments/],
  [['search', 'enrollments', '--filter', 'state'], /give a field and a value/],
  [['search', 'enrollments', '--filter', 'state=compleeted'], /state is never compleeted; did you mean completed\?/],
  [['search', 'enrollments', '--sort', 'progress:down'], /give a field, or a field with :desc/],
  [['topics', '--json', '--csv'], /cannot be used with/],
  [['search', 'enrollments', '--filter', 'colour=red'], /has no field colour to filter by/],
  [['search', 'enrollments', '--filter', 'progress=much'], /progress is a number/],
  [['search', 'enrollments', '--filter', 'active=perhaps'], /active is true or false/],
  [['dead-letters', 'list', '--topic', 'nonsense'], /there is no topic nonsense/],
  [['dead-letters', 'show', 'nonsense'], /not the id of a dead letter/],
  [['dead-letters', 'show', 'user.events/0/0'], /there is no dead letter user\.events\/0\/0/],
  [['dead-letters', 'replay'], /either their ids, or --all/],
  [['dead-letters', 'replay', 'user.events/0/0', '--all'], /either their ids, or --all/],
  [['doctor', '--nonsense'], /unknown option/],
  [['config', 'key'], /too many arguments/],
];

test('every wrong usage is answered with one line and exit code 2', async (t) => {
  const folder = await begunFolder(t);
  for (const [args, because] of WRONG) {
    await t.test(args.join(' '), async () => assertWrong(await tributary(folder, args), because));
  }
});

test('a wrong configuration is reported with all its problems and exit code 2, before anything is opened', async (t) => {
  const folder = temporaryFolder(t);
  const env = { TRIBUTARY_WAIT_MS: 'soon' };
  const { code, stderr } = await tributary(folder, ['topics', '--tables', 'mongodb://x'], { env });
  assert.equal(code, 2);
  assert.match(stderr, /2 problems:\n {2}waitMs \(TRIBUTARY_WAIT_MS\).*\n {2}tables \(flag --tables\)/);
});

test('a Kubernetes Service named tributary stops no command, and a mistyped variable causes one warning', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  const env = { TRIBUTARY_PORT: 'tcp://10.96.0.7:8080', TRIBUTARY_SERVICE_HOST: '10.96.0.7', TRIBUTARY_DTA: '/x' };
  for (const args of [['topics'], ['config'], ['lag', '--json']]) {
    const { code, stderr } = await tributary(folder, args, { env });
    assert.equal(code, 0);
    assert.deepEqual(linesOf(stderr), [
      'warning: TRIBUTARY_DTA is ignored: there is no such variable; did you mean TRIBUTARY_DATA?',
    ]);
  }
  const { stdout } = await tributary(folder, ['doctor'], { env });
  assert.match(stdout, /^warning {2}configuration: TRIBUTARY_DTA is ignored/m);
});

test('an output that cannot be written is reported, and an output without a reader is not', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  const full = await tributary(folder, ['topics'], { stdout: openSync('/dev/full', 'w') });
  assert.equal(full.code, 1);
  assert.match(
    full.stderr,
    /^error: the output cannot be written: ENOSPC.*; make room on its disk, then run it again\n$/,
  );
});

test('a terminal that supports colours gets them, unless NO_COLOR is set', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  for (const command of ['lag', 'topics', 'doctor']) {
    const colored = await tributary(folder, [command], { env: { FORCE_COLOR: '1' } });
    assert.ok(colored.stdout.includes('\u001b['), command);
    const plain = await tributary(folder, [command]);
    assert.ok(!plain.stdout.includes('\u001b['), command);
  }
});

test('config shows every value with its source and no secret', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'tributary.json'), '{"objectsLinkSecret": "sixteen letters or more"}');
  const args = ['config', '--wait-ms', '7'];
  const { code, stdout } = await tributary(folder, args);
  assert.equal(code, 0);
  assert.match(stdout, /^waitMs +7 +flag --wait-ms$/m);
  assert.match(stdout, /^objectsLinkSecret +\*\*\*\* +\/.*tributary\.json$/m);
  const json = JSON.parse((await tributary(folder, [...args, '--json'])).stdout);
  assert.deepEqual(json.waitMs, { value: 7, source: 'flag --wait-ms' });
  assert.equal(json.objectsLinkSecret.value, '****');
});

test('topics lists every topic and the events of one', async (t) => {
  const folder = await begunFolder(t);
  const { code, stdout } = await tributary(folder, ['topics']);
  assert.equal(code, 0);
  for (const { name, doc } of topics) assert.ok(stdout.includes(name) && stdout.includes(doc));
  const one = await tributary(folder, ['topics', 'user.events']);
  assert.match(one.stdout, /user\.merged/);
  const json = JSON.parse((await tributary(folder, ['topics', 'enrollment.events', '--json'])).stdout);
  assert.equal(json.key, 'userId');
  assert.equal(json.partitions.length, 6);
  assert.deepEqual(
    json.events.filter((event: { broadcast: boolean }) => event.broadcast).map((event: { type: string }) => event.type),
    ['enrollment.course-structure-changed'],
  );
});

test('tail shows what was produced from a file and from the standard input', async (t) => {
  const folder = temporaryFolder(t);
  const cloudEvent = {
    specversion: '1.0',
    id: 'e-1',
    source: '/campus',
    time: '2026-02-01T10:00:00Z',
    tenant: 'north',
    subject: 'u1',
    ...enrolled('u1'),
  };
  writeFileSync(join(folder, 'events.ndjson'), ndjson(cloudEvent));
  const first = await tributary(folder, ['produce', 'enrollment.events', 'events.ndjson']);
  assert.deepEqual(
    [first.code, first.stdout, first.stderr],
    [0, '1 event sent to enrollment.events, as 1 record\n', ''],
  );

  const broadcast = { type: 'enrollment.course-structure-changed', data: { courseId: 'c1' } };
  const second = await tributary(folder, ['produce', 'enrollment.events', '--json'], { input: ndjson(broadcast) });
  assert.deepEqual(JSON.parse(second.stdout), { topic: 'enrollment.events', events: 1, records: 6, leftOut: 0 });

  const { code, stdout } = await tributary(folder, ['tail', 'enrollment.events', '--from-beginning', '--json']);
  assert.equal(code, 0);
  const shown = linesOf(stdout).map((line) => JSON.parse(line));
  const { id, source, time, tenant, key, type, data, partition, offset } = shown[0];
  assert.deepEqual(
    { id, source, time, tenant, key, type, data, offset },
    { ...pick(cloudEvent), time: '2026-02-01T10:00:00.000Z', key: 'u1', offset: 0 },
  );
  assert.ok(Number.isInteger(partition));
  assert.deepEqual(
    shown
      .slice(1)
      .map((record) => [record.type, record.key, record.partition])
      .sort(),
    [0, 1, 2, 3, 4, 5].map((each) => [broadcast.type, null, each]),
  );

  const plain = await tributary(folder, ['tail', 'enrollment.events', '--limit', '2']);
  assert.equal(linesOf(plain.stdout).length, 2);
  assert.match(plain.stdout, /enrollment\.course-structure-changed {2}- {2}\{"courseId":"c1"\}/);
});

function pick({
  id,
  source,
  tenant,
  type,
  data,
}: {
  id: string;
  source: string;
  tenant: string;
  type: string;
  data: unknown;
}) {
  return { id, source, tenant, type, data };
}

test('a wrong line is reported with its number, and then no line is sent', async (t) => {
  const folder = temporaryFolder(t);
  const input = `${ndjson(enrolled('u1'))}\n${ndjson({ type: 'enrollment.enrolled', data: { userId: 'u1', courseId: 'c1' } })}no json`;
  const { code, stderr, stdout } = await tributary(folder, ['produce', 'enrollment.events'], { input });
  assert.equal(code, 1);
  assert.equal(stdout, '');
  const [first, second, last] = linesOf(stderr);
  assert.equal(first, 'line 3: data.batchId: a string is missing');
  assert.match(second ?? '', /^line 4: it is not JSON/);
  assert.equal(last, 'error: 2 lines are wrong; nothing was sent');
  assert.equal((await tributary(folder, ['tail', 'enrollment.events', '--from-beginning'])).stdout, '');
});

test('of many wrong lines twenty are shown, with the number of the others', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await tributary(folder, ['produce', 'user.events'], { input: '{}\n'.repeat(57) });
  assert.equal(code, 1);
  const lines = linesOf(stderr);
  assert.equal(lines.filter((line) => line.startsWith('line ')).length, 20);
  assert.equal(lines.at(-2), 'and 37 more');
});

test('lag counts what no job has read, and waiting for it ends with exit code 1 when nobody reads', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1'), enrolled('u2')) });
  const { code, stdout } = await tributary(folder, ['lag', 'track-progress', '--json']);
  assert.equal(code, 0);
  const [lag] = JSON.parse(stdout);
  assert.deepEqual([lag.job, lag.topic, lag.lag, lag.partitions.length], ['track-progress', 'enrollment.events', 2, 6]);
  assert.match((await tributary(folder, ['lag'])).stdout, /^track-progress +enrollment\.events +2 /m);
  const waited = await tributary(folder, ['lag', '--wait', '--timeout-ms', '1']);
  assert.equal(waited.code, 1);
  assert.match(waited.stderr, /still behind: track-progress by 2, roll-up-activity by 2; is `tributary up` running\?/);
});

test('in an empty installation show and search have no result: a list is no failure, a missing record is one', async (t) => {
  const folder = await begunFolder(t);
  const list = await tributary(folder, ['show', 'learner_progress', '--json']);
  assert.deepEqual([list.code, JSON.parse(list.stdout)], [0, { items: [], next: null }]);
  const record = await tributary(folder, ['show', 'learner_progress', 'u1', 'c1']);
  assert.equal(record.code, 1);
  assert.match(record.stderr, /no record u1\/c1/);
  const found = await tributary(folder, ['search', 'enrollments', '--json']);
  assert.deepEqual([found.code, JSON.parse(found.stdout)], [0, { total: 0, items: [], next: null }]);
});

test('dead-letters list and replay --all have nothing to do in an empty installation', async (t) => {
  const folder = await begunFolder(t);
  const list = await tributary(folder, ['dead-letters', 'list']);
  assert.deepEqual([list.code, list.stdout, list.stderr], [0, '', '0 dead letters\n']);
  const replay = await tributary(folder, ['dead-letters', 'replay', '--all', '--json']);
  assert.deepEqual([replay.code, JSON.parse(replay.stdout)], [0, { dryRun: false, replayed: [], left: [] }]);
});

test('doctor reports no problem in a new installation', async (t) => {
  const folder = await begunFolder(t);
  const { code, stdout } = await tributary(folder, ['doctor', '--json']);
  const findings = JSON.parse(stdout) as { check: string; state: string }[];
  assert.deepEqual(
    findings.filter(({ state }) => state === 'problem'),
    [],
  );
  assert.equal(code, 0);
  for (const check of [
    'node',
    'clock',
    'configuration',
    'data folder',
    'disk',
    'database',
    'topics',
    'tables',
    'indexes',
    'cache',
    'progress',
    'positions',
    'rows',
    'dead letters',
    'timers',
  ]) {
    assert.ok(
      findings.some((finding) => finding.check === check),
      check,
    );
  }
});

test('doctor reports an unusable folder and a wrong configuration, with exit code 1', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'data'), 'no folder');
  const noFolder = await tributary(folder, ['doctor']);
  assert.equal(noFolder.code, 1);
  assert.match(noFolder.stdout, /^problem {2}data folder: .*\n {9}to do: /m);
  const wrong = await tributary(folder, ['doctor', '--wait-ms', 'soon', '--tables', 'x:']);
  assert.equal(wrong.code, 1);
  assert.match(wrong.stdout, /problem {2}configuration: the configuration has 2 problems/);
});

test('doctor reports a file that is not a database, and every other command ends with exit code 1', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data'));
  writeFileSync(
    join(folder, 'data/tributary.sqlite'),
    'this is text, and long enough to be taken for a page of a database'.repeat(100),
  );
  const doctor = await tributary(folder, ['doctor']);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /problem {2}stores: .*STORE_BROKEN/);
  const lag = await tributary(folder, ['lag']);
  assert.equal(lag.code, 1);
  assert.equal(linesOf(lag.stderr).length, 1);
});

test('only --debug shows where an error came from', async (t) => {
  const folder = temporaryFolder(t);
  const plain = await tributary(folder, ['topics', 'nonsense']);
  assert.doesNotMatch(plain.stderr, /\n\s+at /);
  const debug = await tributary(folder, ['topics', 'nonsense', '--debug']);
  assert.match(debug.stderr, /\n\s+at /);
  assert.equal(debug.code, 2);
});
