/** What `offsets show` prints, what `offsets seek` does, and how both refuse wrong input. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { DAY_ONE } from '../harness/campus.ts';
import { enrolled, ndjson, temporaryFolder, tributary, up } from './harness.ts';
import { at, begin, campus, end, saved, seek, show, showText } from './offsets-harness.ts';

const ofJob = async (c: Parameters<typeof show>[0], { name }: { readonly name: string }) =>
  (await show(c, [name])).shown[0]?.partitions ?? [];

test('the position of each job is shown for each partition, with what it has committed', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  const before = await ofJob(c, trackProgress);
  assert.deepEqual(
    before.map(({ committed, lag, end, notes }) => [committed, lag === end, ...notes]),
    [
      [null, true, 'never committed'],
      [null, true, 'never committed'],
    ],
  );
  await c.run();
  for (const { committed, end, lag, furthest, notes } of await ofJob(c, trackProgress)) {
    assert.deepEqual([committed, furthest, lag, notes], [end, end, 0, []]);
  }
  const dedupe = (await ofJob(c, summarizeBatch)).reduce((sum, one) => sum + one.dedupe, 0);
  assert.ok(dedupe > 0, 'of the events of track-progress');
  const { stdout } = await showText(c);
  assert.match(stdout, /^job +partition +committed +end +behind +furthest +dedupe +notes$/m);
  assert.match(stdout, /^summarize-batch +0 /m);
});

test('a move is only shown until --apply is given', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  await c.run();
  const before = (await show(c)).text;
  const output = await seek(c, trackProgress, begin, { apply: false });
  assert.match(output, /^6 offsets are read again\.$/m);
  assert.match(output, /^Nothing was moved: do it with --apply\.$/m);
  assert.equal((await show(c)).text, before);
  const json = JSON.parse(await seek(c, trackProgress, begin, { apply: false, json: true, restored: true }));
  assert.deepEqual([json.applied, json.restored, json.moves.length], [false, true, 2]);
  assert.equal((await show(c)).text, before);
  assert.match(await seek(c, trackProgress, begin), /^moved track-progress$/m);
  assert.deepEqual(
    (await ofJob(c, trackProgress)).map(({ committed, furthest, end }) => [committed, furthest === end]),
    [
      [0, true],
      [0, true],
    ],
    'a rewind keeps the furthest offset',
  );
});

test('one partition is moved to an offset, a time, the end or a saved offset', async (t) => {
  const c = await campus(t);
  await c.enrol(8);
  await c.run();
  const { text } = await show(c);
  const one = { partition: 1 };
  const committed = async () => (await ofJob(c, trackProgress)).map((each) => each.committed);
  const [first = 0, last = 0] = (await committed()) as number[];
  await seek(c, trackProgress, { kind: 'offset', offset: 1 }, one);
  assert.deepEqual(await committed(), [first, 1]);
  await seek(c, trackProgress, end, one);
  assert.deepEqual(await committed(), [first, last]);
  await seek(c, trackProgress, at(DAY_ONE), one);
  assert.deepEqual(await committed(), [first, 0]);
  await seek(c, trackProgress, at(DAY_ONE + 3_600_000), one);
  assert.deepEqual(await committed(), [first, last]);
  await seek(c, trackProgress, begin);
  await seek(c, trackProgress, saved, one, text);
  assert.deepEqual(await committed(), [0, last]);
});

test('the number of records that a move skips is shown', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  assert.match(await seek(c, trackProgress, end), /^6 offsets are never read: their records are not applied\.$/m);
  await c.run();
  assert.deepEqual(await c.counts(), [0, 0]);
});

test('a working owner whose job is moved claims again, and continues from the new offset', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  const worker = await c.worker(trackProgress, 0);
  assert.equal(await worker.turn(0), 'worked');
  await seek(c, trackProgress, begin);
  assert.equal(await worker.turn(0), 'fenced');
  assert.equal(await worker.turn(0), 'worked');
  await c.run();
  assert.deepEqual(await c.counts(), [6, 6]);
});

test('beside running jobs, a job is moved to an earlier offset, and continues', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const produce = (...users: string[]) =>
    tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(...users.map((user) => enrolled(user))) });
  await produce('u1', 'u2');
  await tributary(folder, ['lag', '--wait']);
  writeFileSync(join(folder, 'offsets.json'), (await tributary(folder, ['offsets', 'show', '--json'])).stdout);
  await produce('u3');
  await tributary(folder, ['lag', '--wait']);
  const seek = ['offsets', 'seek', 'track-progress', '--all', '--to-saved', 'offsets.json', '--restored', '--apply'];
  const { code, stdout, stderr } = await tributary(folder, seek);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^1 offset is read again\.$/m);
  assert.equal((await tributary(folder, ['lag', '--wait'])).code, 0);
  const batch = JSON.parse((await tributary(folder, ['show', 'batch_summary', 'b1', '--json'])).stdout);
  assert.equal([batch].flat()[0].learners, 3);
});

const WRONG: readonly (readonly [args: readonly string[], because: RegExp])[] = [
  [['show', 'nonsense'], /there is no job nonsense/],
  [['seek', 'nonsense', '--all', '--to-begin'], /there is no job nonsense/],
  [['seek', 'track-progress', '--to-begin'], /give either --partition or --all/],
  [['seek', 'track-progress', '--all', '--partition', '1', '--to-begin'], /give either --partition or --all/],
  [['seek', 'track-progress', '--all'], /give one of --to, --to-begin/],
  [['seek', 'track-progress', '--all', '--to-begin', '--to-end'], /give one of --to, --to-begin/],
  [['seek', 'track-progress', '--all', '--to', '-1'], /Give a whole number, 0 or more/],
  [['seek', 'track-progress', '--all', '--to', '7'], /has no offset 7: it begins at 0 and ends at/],
  [['seek', 'track-progress', '--partition', '9', '--to', '0'], /has no partition 9; give one from 0 to 5/],
  [['seek', 'track-progress', '--all', '--to-time', 'yesterday'], /Give a time with its zone/],
  [['seek', 'track-progress', '--all', '--to-time', '2026-03-01T04:00:00'], /Give a time with its zone/],
  [['seek', 'track-progress', '--all', '--to-saved', 'nowhere.json'], /nowhere.json cannot be read/],
  [['seek', 'track-progress', '--all', '--to-saved', '-'], /the saved offsets are not JSON/],
];

test('every wrong usage is answered with one line and exit code 2', async (t) => {
  const folder = temporaryFolder(t);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  for (const [args, because] of WRONG) {
    const { code, stdout, stderr } = await tributary(folder, ['offsets', ...args]);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, because);
  }
});

test('saved offsets of another topic with the same name, or damaged ones, are refused', async (t) => {
  const c = await campus(t);
  await c.enrol(4);
  await c.run();
  const { text } = await show(c);
  const { topicId = '' } = JSON.parse(text)[1];
  const another = text.replaceAll(topicId, 'another');
  await assert.rejects(seek(c, trackProgress, saved, { restored: true }, another), /its offsets mean nothing here/);
  await assert.rejects(seek(c, trackProgress, saved, {}, '[]'), /no offsets were saved for track-progress/);
  await assert.rejects(seek(c, trackProgress, saved, {}, text.replaceAll('"progress"', '"x"')), /are damaged/);
});
