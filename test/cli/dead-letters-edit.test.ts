/** Dead letters that are corrected and sent again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import { DEAD, event, LOGGED, lastOf, list, REPLAY, rejected, TOPIC } from './dead-letters.ts';
import { enrolled, temporaryFolder, tributary, up } from './harness.ts';
import { command, wired } from './in-process.ts';

const WRONG = '{"userId":"u1","courseId":7,"batchId":"b"}';
const PATCH = { data: { courseId: 'rivers' } };

async function edit(one: Wired, args: object, patch: unknown = PATCH) {
  const text = typeof patch === 'string' ? patch : JSON.stringify(patch);
  const { code, stdout, stderr } = await command(one, 'dead-letters edit', { ...REPLAY, ...args }, text);
  return { code, stderr, stdout, json: stdout.startsWith('{') ? JSON.parse(stdout) : undefined };
}

test('a corrected event goes to the job that rejected it, keeps who and when it was, and names its letter', async (t) => {
  const one = await wired(t);
  const headers = {
    ce_time: '2026-01-04T08:00:00Z',
    ce_tenant: 'acme',
    ce_origin: 'a/b/0/1/0',
    ce_region: 'eu',
    'x-trace': '1',
  };
  const id = await rejected(one, event(WRONG, headers), ['track-progress']);
  const { code, json } = await edit(one, { ids: [id], why: 'a number' });
  assert.equal(code, 0);
  const { data, ...attributes } = json.edited[0].event;
  assert.deepEqual(attributes, {
    type: 'enrollment.enrolled',
    id: 'e-1',
    source: '/campus',
    time: '2026-01-04T08:00:00.000Z',
    tenant: 'acme',
  });
  assert.deepEqual([data.userId, data.courseId, data.batchId], ['u1', 'rivers', 'b']);
  const { stdout } = await command(one, 'tail', {
    topic: TOPIC,
    fromBeginning: false,
    follow: false,
    limit: 1,
    json: true,
  });
  const sent = JSON.parse(stdout);
  assert.deepEqual([sent.data, sent.id, sent.tenant, sent.attributes], [data, 'e-1', 'acme', { region: 'eu' }]);
  const record = await lastOf(one, TOPIC, sent.partition);
  assert.deepEqual(
    [ONLY_FOR, LOGGED_AT, 'tributary-dead-letter', 'x-trace', 'ce_origin'].map((name) => record?.headers[name]),
    ['track-progress', String(LOGGED), id, '1', undefined],
  );
  assert.deepEqual(await list(one), []);
  const [letter] = await list(one, { all: true });
  const { at: _, ...resolution } = letter.resolutions[0];
  assert.deepEqual([letter.state, resolution], ['edited', { how: 'edited', by: 'grace', why: 'a number' }]);
  assert.match(
    (await command(one, 'tail', { topic: DEAD, fromBeginning: true, follow: false, limit: null, json: false })).stdout,
    /EDITED: \S+ was sent once more, corrected/,
  );
});

test('a correction that leaves something wrong sends nothing, and says what is wrong', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event(WRONG), ['track-progress']);
  const ends = await one.stores.transport.describe();
  for (const [patch, why] of [
    [{ data: { courseId: 8 } }, /^data\.courseId: /],
    [{ data: { userId: null, courseId: 'c' } }, /^data\.userId: /],
    [{ type: 'enrollment.enroled' }, /^type: enrollment.enroled is not an event of enrollment.events; did you mean/],
    [{ time: 'yesterday', data: { courseId: 'c' } }, /^time: |attribute time must be/],
    [{ origin: 'x', data: { courseId: 'c' } }, /^origin: only jobs set it/],
    [{ dat: {} }, /^dat: there is no such attribute/],
    [[], /^the patch: it is not a JSON object/],
  ] as const) {
    const { code, json } = await edit(one, { ids: [id] }, patch);
    assert.deepEqual([code, json.edited], [1, []], JSON.stringify(patch));
    assert.match(json.left[0].why, why);
  }
  const { code, stderr } = await edit(one, { ids: [id] }, 'courseId=c');
  assert.deepEqual([code, /the correction is not JSON/.test(stderr)], [2, true]);
  assert.deepEqual(await one.stores.transport.describe(), ends);
  assert.equal((await list(one))[0].state, 'open');
});

test('a dry run shows the events as they would be, and twice is once', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event(WRONG), ['track-progress']);
  const ends = await one.stores.transport.describe();
  const dry = await edit(one, { all: true, dryRun: true });
  assert.deepEqual([dry.json.dryRun, dry.json.edited[0].event.data.courseId], [true, 'rivers']);
  const text = await edit(one, { all: true, dryRun: true, json: false });
  assert.match(text.stdout, new RegExp(`^${id} would be sent to track-progress once more, corrected$`, 'm'));
  assert.match(text.stdout, /"courseId": "rivers"/);
  assert.deepEqual(await one.stores.transport.describe(), ends);
  assert.equal((await edit(one, { all: true })).json.edited.length, 1);
  assert.equal((await edit(one, { all: true })).json.edited.length, 0);
  const again = await edit(one, { ids: [id] });
  assert.deepEqual([again.code, /was edited already; use --again/.test(again.stderr)], [2, true]);
  assert.equal((await edit(one, { ids: [id], again: true })).code, 0);
});

test('a record that cannot be read at all is replaced by a whole event', async (t) => {
  const one = await wired(t);
  const id = await rejected(one, event(Uint8Array.of(1, 2, 255)), ['track-progress'], 'VALUE_UNREADABLE');
  const { json: lacking } = await edit(one, { ids: [id] }, { id: 'e-1' });
  assert.match(lacking.left[0].why, /^data/);
  const { data } = enrolled('u1');
  const { code, json } = await edit(one, { ids: [id] }, { data: { ...data, extra: 1 } });
  assert.equal(code, 0);
  assert.deepEqual([json.edited[0].event.data.userId, json.edited[0].leftOut.length], ['u1', 1]);
});

test('as processes: a job rejects a record, and takes it once it is corrected', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const before = await wire({ config, platform: learningPlatform });
  await before.stores.transport.produce([{ ...event(WRONG), timestamp: Date.now() }]);
  await before.close();
  await up(t, folder);
  const wait = ['lag', '--wait', '--timeout-ms', '60000'];
  assert.equal((await tributary(folder, wait)).code, 0);
  const id = `${TOPIC}/2/0`;
  const input = JSON.stringify(PATCH);
  const args = ['dead-letters', 'edit', id, '--job', 'track-progress'];
  const dry = await tributary(folder, [...args, '--dry-run'], { input });
  assert.match(dry.stdout, new RegExp(`^${id} would be sent to track-progress once more, corrected$`, 'm'));
  assert.deepEqual(
    [
      (await tributary(folder, ['show', 'learner_progress', 'u1', 'rivers'])).code,
      (await tributary(folder, args, { input })).code,
    ],
    [1, 0],
  );
  assert.equal((await tributary(folder, wait)).code, 0);
  const shown = await tributary(folder, ['show', 'learner_progress', 'u1', 'rivers', '--json']);
  assert.equal(JSON.parse(shown.stdout).batches.b.joined, true);
});
