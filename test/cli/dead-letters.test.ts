import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { wire } from '../../app/stores/wiring.ts';
import { DEAD_LETTER, deadLetter } from '../../jobs/runtime/dead-letter.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../topics/codec/own-headers.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { wantedOf } from '../topics/codec/records.ts';
import { DEAD, event, LIMIT, LIST, LOGGED, lastOf, list, REPLAY, rejected, TOPIC } from './dead-letters.ts';
import { enrolled, ndjson, temporaryFolder, tributary, up } from './harness.ts';
import { command, wired } from './in-process.ts';

test('a record that one job rejected several times is one dead letter, and a record that two jobs rejected is two', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['track-progress', 'notify', 'track-progress']);
  const deadLetters = await list(one);
  assert.deepEqual(deadLetters.map((deadLetter) => [deadLetter.id, deadLetter.job]).sort(), [
    [id, 'notify'],
    [id, 'track-progress'],
  ]);
  assert.deepEqual(deadLetters[0].rejectedAt, new Date(2000).toISOString());
});

test('the list can be filtered by job, code and topic', async (t) => {
  const one = await wired(t);
  const first = await rejected(one, event('{}'), ['track-progress']);
  const second = await rejected(one, event('x'), ['notify'], 'VALUE_UNREADABLE');
  const idsOf = async (filter: object) => (await list(one, filter)).map(({ id }) => id);
  assert.deepEqual(await idsOf({}), [first, second]);
  assert.deepEqual(await idsOf({ job: 'notify' }), [second]);
  assert.deepEqual(await idsOf({ code: 'DATA_INVALID' }), [first]);
  assert.deepEqual(await idsOf({ topic: TOPIC }), [first, second]);
  assert.deepEqual(await idsOf({ topic: 'user.events' }), []);
  const { stdout, stderr } = await command(one, 'dead-letters list', { ...LIST, json: false });
  assert.match(
    stdout,
    new RegExp(`^id +job .*\\n${first} +track-progress .* DATA_INVALID +why track-progress did not$`, 'm'),
  );
  assert.equal(stderr, '2 dead letters\n');
});

test('records that no job wrote are not dead letters', async (t) => {
  const one = await wired(t);
  await one.stores.transport.produce([{ ...event('{}'), topic: DEAD }]);
  assert.deepEqual(await list(one), []);
});

test('a dead letter is shown with its reason, its headers and its value as text', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{"userId":'), ['track-progress']);
  const { code, stdout } = await command(one, 'dead-letters show', { id, json: false });
  assert.equal(code, 0);
  for (const line of [
    'code: DATA_INVALID',
    'message: why track-progress did not',
    'job: track-progress',
    `position: ${id}`,
    'key: u1',
    'header ce_type: enrollment.enrolled',
    'value:',
    '{"userId":',
  ]) {
    assert.ok(stdout.split('\n').includes(line), line);
  }
  assert.doesNotMatch(stdout, /tributary-code/);
});

test('a value that is not text is shown as bytes', async (t) => {
  const one = await wired(t);
  const value = Uint8Array.from([0, 0, 0, 0, 9, ...Buffer.from('abcdefghijklmnop')]);
  const id = await rejected(one, event(value), ['track-progress']);
  const { stdout } = await command(one, 'dead-letters show', { id, json: false });
  assert.match(stdout, /^00000000 {2}00 00 00 00 09 61 62 63 64 65 66 67 68 69 6a 6b {2}\.{5}abcdefghijk$/m);
  assert.match(stdout, /^00000010 {2}6c 6d 6e 6f 70 +lmnop$/m);
  const json = JSON.parse((await command(one, 'dead-letters show', { id, json: true })).stdout);
  assert.deepEqual(Buffer.from(json.valueBase64, 'base64'), Buffer.from(value));
});

test('a value that has become readable is shown decoded', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event(JSON.stringify(enrolled('u1').data)), ['track-progress']);
  const { stdout } = await command(one, 'dead-letters show', { id, json: true });
  assert.deepEqual(JSON.parse(stdout).data, enrolled('u1').data);
});

test('a replayed record is unchanged, without its origin, and only for the job that rejected it', async (t) => {
  const one = await wired(t);
  const bytes = Uint8Array.from([1, 2, 255]);
  const id = await rejected(one, event('{}', { ce_origin: 'a/b/0/1/0', other: bytes }), ['track-progress']);
  const { code, stdout } = await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] });
  assert.equal(code, 0);
  assert.deepEqual(JSON.parse(stdout), { dryRun: false, replayed: [{ id, job: 'track-progress' }], left: [] });
  const record = await lastOf(one, TOPIC, 2);
  const original = event('{}', { other: bytes, [ONLY_FOR]: 'track-progress', [LOGGED_AT]: String(LOGGED) });
  const { timestamp: _, ...rest } = record ?? assert.fail('there is none');
  assert.deepEqual(
    { ...rest, value: Buffer.from(rest.value ?? ''), key: Buffer.from(rest.key ?? '') },
    { partition: 2, offset: 1, key: original.key, value: original.value, headers: original.headers },
  );
  const marker = await lastOf(one, DEAD, 2);
  assert.deepEqual(marker?.headers, {
    'tributary-replayed': id,
    [DEAD_LETTER.job]: 'track-progress',
    'tributary-by': 'grace',
  });
});

test('a replayed event is retained like a new record and keeps its time, however often it is replayed', async (t) => {
  const one = await wired(t);
  const data = enrolled('u1').data;
  const structured = { specversion: '1.0', id: 'e', source: '/s', type: 'enrollment.enrolled', data };
  const logged = LOGGED + CLOCK_TOLERANCE;
  for (const [body, headers, time] of [
    [data, { ce_time: '2013-10-01T08:00:00Z' }, Date.UTC(2013, 9, 1, 8)],
    [data, { ce_time: '2099-10-01T08:00:00Z' }, logged],
    [data, {}, LOGGED],
    [structured, { 'content-type': 'application/cloudevents+json' }, LOGGED],
    [{ ...structured, time: '2099-10-01T08:00:00Z' }, { 'content-type': 'application/cloudevents+json' }, logged],
  ] as const) {
    const before = Date.now();
    let record = event(JSON.stringify(body), headers);
    for (let times = 0; times < 2; times++) {
      const id = await rejected(one, record, ['track-progress']);
      await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] });
      record = { ...((await lastOf(one, TOPIC, 2)) ?? assert.fail('there is none')), topic: TOPIC };
    }
    assert.ok(record.timestamp >= before);
    const decoded = one.stores.codec.decode(enrollmentEvents, { ...record, offset: 0 }, wantedOf(enrollmentEvents));
    assert.ok(decoded.kind === 'event', JSON.stringify(decoded));
    assert.equal(decoded.event.time, time);
    assert.equal(decoded.event.loggedAt, record.timestamp);
  }
});

test('a replayed dead letter is listed only with --all, and replayed again only with --again', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['track-progress', 'notify']);
  await command(one, 'dead-letters replay', { ...REPLAY, ids: [id], job: 'notify' });
  assert.deepEqual(
    (await list(one)).map(({ job }) => job),
    ['track-progress'],
  );
  assert.deepEqual((await list(one, { all: true })).map(({ job, state }) => [job, state]).sort(), [
    ['notify', 'replayed'],
    ['track-progress', 'open'],
  ]);

  const twice = await command(one, 'dead-letters replay', { ...REPLAY, ids: [id], job: 'notify' });
  assert.equal(twice.code, 2);
  assert.match(twice.stderr, /was replayed already; use --again/);
  const again = await command(one, 'dead-letters replay', { ...REPLAY, ids: [id], job: 'notify', again: true });
  assert.equal(again.code, 0);
  const all = await command(one, 'dead-letters replay', { ...REPLAY, all: true });
  assert.deepEqual(JSON.parse(all.stdout), { dryRun: false, replayed: [{ id, job: 'track-progress' }], left: [] });
  assert.deepEqual(await list(one), []);
});

test('a record that is rejected again after its replay stays replayed, and the replay is a dead letter of its own', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['track-progress']);
  await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] });
  const original = await one.stores.transport.read(TOPIC, 2, 0, 2);
  for (const record of original) {
    const assignment = { job: 'track-progress', topic: TOPIC, partition: 2 };
    await one.stores.transport.produce([
      deadLetter(
        { record, code: 'DATA_INVALID', message: 'again' },
        { assignment, partitions: () => 6, limit: LIMIT, now: 3000 },
      ),
    ]);
  }
  assert.deepEqual(
    (await list(one)).map((deadLetter) => deadLetter.id),
    [`${TOPIC}/2/1`],
  );
});

test('filters of --all choose what is replayed, and are a wrong usage with ids; a letter of a job that is gone stays', async (t) => {
  const one = await wired(t);
  const first = await rejected(one, event('{}'), ['track-progress']);
  const second = await rejected(one, event('x'), ['track-progress'], 'VALUE_UNREADABLE');
  const gone = await rejected(one, event('y'), ['former-job'], 'VALUE_UNREADABLE');
  const replay = (args: object) => command(one, 'dead-letters replay', { ...REPLAY, ...args });
  assert.equal((await replay({ ids: [first], code: 'DATA_INVALID' })).code, 2);
  assert.equal((await replay({ ids: [first], job: 'notify' })).code, 2);
  const former = await replay({ ids: [gone] });
  assert.deepEqual([former.code, /there is no job former-job/.test(JSON.parse(former.stdout).left[0].why)], [1, true]);
  const { stdout } = await replay({ all: true, code: 'VALUE_UNREADABLE', job: 'track-progress' });
  assert.deepEqual(
    JSON.parse(stdout).replayed.map(({ id }: { id: string }) => id),
    [second],
  );
  assert.deepEqual(
    (await list(one)).map(({ id }) => id),
    [first, gone],
  );
});

test('a dry run says what a replay or a discard would do, and does nothing', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['track-progress']);
  const gone = await rejected(one, event('{}'), ['former-job']);
  const end = await one.stores.transport.describe([TOPIC, DEAD]);
  for (const [name, how] of [
    ['dead-letters replay', 'replayed'],
    ['dead-letters discard', 'discarded'],
  ] as const) {
    const { stdout } = await command(one, name, { ...REPLAY, all: true, dryRun: true });
    const { dryRun, left, ...done } = JSON.parse(stdout);
    const named = { id, job: 'track-progress' };
    assert.deepEqual(done, { [how]: how === 'replayed' ? [named] : [named, { id: gone, job: 'former-job' }] });
    assert.deepEqual([dryRun, left.length], [true, how === 'replayed' ? 1 : 0]);
    const { stderr } = await command(one, name, { ...REPLAY, ids: [id], dryRun: true, json: false });
    assert.equal(stderr, `1 would be ${how}; nothing was done\n`);
  }
  assert.deepEqual(await one.stores.transport.describe([TOPIC, DEAD]), end);
});

test('a letter of a rollup is replayed to that rollup', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['roll-up-enrollments']);
  const { code } = await command(one, 'dead-letters replay', { ...REPLAY, ids: [id] });
  assert.deepEqual([code, (await lastOf(one, TOPIC, 2))?.headers[ONLY_FOR]], [0, 'roll-up-enrollments']);
});

test('letters can be chosen by when they were rejected', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event('{}'), ['track-progress']);
  const idsOf = async (filter: object) => (await list(one, filter)).map(({ id }) => id);
  assert.deepEqual(await idsOf({ since: 2000, until: 2001 }), [id]);
  assert.deepEqual([await idsOf({ since: 2001 }), await idsOf({ until: 2000 })], [[], []]);
});

test('as processes: a job rejects a record, which is listed, shown, and replayed to that job alone', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const before = await wire({ config, platform: learningPlatform });
  await before.stores.transport.produce([{ ...event('{"userId":"u1"}'), timestamp: Date.now() }]);
  await before.close();
  await up(t, folder);
  const wait = ['lag', '--wait', '--timeout-ms', '60000'];
  await tributary(folder, ['produce', TOPIC], { input: ndjson(enrolled('u1')) });
  assert.equal((await tributary(folder, wait)).code, 0);
  const listed = await tributary(folder, ['dead-letters', 'list', '--json']);
  const [deadLetter] = JSON.parse(listed.stdout);
  assert.deepEqual(
    [deadLetter.id, deadLetter.job, deadLetter.code],
    [`${TOPIC}/2/0`, 'track-progress', 'DATA_INVALID'],
  );
  const shown = await tributary(folder, ['dead-letters', 'show', deadLetter.id]);
  assert.match(shown.stdout, /^message: data\.courseId: a string is missing$/m);
  const replayed = await tributary(folder, ['dead-letters', 'replay', deadLetter.id]);
  assert.deepEqual([replayed.code, replayed.stdout], [0, `${deadLetter.id} was sent to track-progress once more\n`]);
  assert.equal((await tributary(folder, wait)).code, 0);
  const again = JSON.parse((await tributary(folder, ['dead-letters', 'list', '--json'])).stdout)[0];
  assert.equal(again.id, `${TOPIC}/2/1`, 'the replay was rejected in its turn');
  const doctor = await tributary(folder, ['doctor']);
  assert.equal(doctor.code, 0);
  assert.match(doctor.stdout, /^warning {2}dead letters: DATA_INVALID 1\n {9}to do: /m);
  assert.match((await tributary(folder, ['tail', DEAD])).stdout, /REPLAYED: enrollment\.events\/2\/0/);
});

test('a discarded dead letter is not listed, counted or replayed, except with --all or --again', async (t) => {
  const one = await wired(t);
  const first = await rejected(one, event('{}'), ['track-progress', 'notify']);
  const second = await rejected(one, event('x'), ['notify'], 'VALUE_UNREADABLE');
  const discard = (args: object) => command(one, 'dead-letters discard', { ...REPLAY, why: 'sent by a test', ...args });
  const done = await discard({ ids: [first], job: 'notify' });
  assert.deepEqual(
    [done.code, JSON.parse(done.stdout)],
    [0, { dryRun: false, discarded: [{ id: first, job: 'notify' }], left: [] }],
  );
  const named = async (args: object = {}) => (await list(one, args)).map(({ id, job }) => [id, job]);
  assert.deepEqual(await named(), [
    [first, 'track-progress'],
    [second, 'notify'],
  ]);
  const all = await list(one, { all: true });
  assert.deepEqual(
    all.map(({ id, job, state }) => [id, job, state]).filter(([, job]) => job === 'notify'),
    [
      [first, 'notify', 'discarded'],
      [second, 'notify', 'open'],
    ],
  );
  const twice = await discard({ ids: [first], job: 'notify' });
  assert.deepEqual([twice.code, /was discarded already/.test(twice.stderr)], [2, true]);

  const rest = await discard({ all: true, code: 'VALUE_UNREADABLE' });
  assert.deepEqual(JSON.parse(rest.stdout).discarded, [{ id: second, job: 'notify' }]);
  const replay = async (args: object) =>
    JSON.parse((await command(one, 'dead-letters replay', { ...REPLAY, ...args })).stdout);
  assert.deepEqual((await replay({ all: true, job: 'notify' })).replayed, []);
  assert.deepEqual((await replay({ all: true, job: 'notify', again: true, code: 'DATA_INVALID' })).replayed, [
    { id: first, job: 'notify' },
  ]);
  assert.match(
    (await command(one, 'dead-letters show', { id: second, json: false })).stdout,
    /^discarded: \d{4}-\S+Z by grace: sent by a test$/m,
  );
  const tail = await command(one, 'tail', {
    topic: DEAD,
    fromBeginning: true,
    follow: false,
    limit: null,
    json: false,
  });
  assert.match(tail.stdout, /DISCARDED: nothing is to be done about/);
});
