/** `tributary rebuild` as an operator runs it: in one folder with `up`, and without `up`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openDatabase } from '../../embedded/database.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';
import { type Ended, enrolled, ndjson, temporaryFolder, tributary, up } from './harness.ts';

const JOB = 'track-progress';

async function ok(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tributary(folder, args);
  assert.equal(code, 0, `${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

const rebuild = (folder: string, ...args: string[]): Promise<string> => ok(folder, 'rebuild', JOB, ...args);
const refused = (folder: string, ...args: string[]): Promise<Ended> => tributary(folder, ['rebuild', JOB, ...args]);

async function enrol(folder: string, ...users: string[]): Promise<void> {
  const input = ndjson(...users.map((user) => enrolled(user)));
  const { code, stderr } = await tributary(folder, ['produce', 'enrollment.events'], { input });
  assert.equal(code, 0, stderr);
}

async function learners(folder: string): Promise<number> {
  await ok(folder, 'lag', '--wait');
  const batch = JSON.parse(await ok(folder, 'show', 'batch_summary', 'b1', '--json'));
  return batch.ever as number;
}

test('rows are made anew beside running jobs, compared, made current, and swapped back', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  await enrol(folder, 'ada', 'ben');
  assert.equal(await learners(folder), 2);

  assert.match(
    await rebuild(folder, '--status'),
    /^generation .*\n *1 +learner_progress +current +track-progress +0\n$/,
  );
  for (const what of ['--swap', '--back', '--compare']) {
    const { code, stderr } = await refused(folder, what);
    assert.equal(code, 2, what);
    assert.match(stderr, /error: track-progress has /);
  }
  const { code, stderr } = await refused(folder, '--from-archive');
  assert.deepEqual([code, stderr.includes('enrollment.events has no archive')], [2, true]);
  assert.match(
    await rebuild(folder),
    /generation 2 of track-progress \(learner_progress_g2\) has caught up with the job/,
  );
  assert.match(await rebuild(folder, '--compare'), /2 rows are the same\nno difference\n$/);
  assert.match(
    await rebuild(folder, '--status'),
    / 2 +learner_progress_g2 +being made +rebuild:track-progress:2 +0\n$/,
  );

  await enrol(folder, 'cleo');
  assert.equal(await learners(folder), 3);
  assert.match(
    await rebuild(folder, '--swap'),
    /It is 1 behind the job[\s\S]*Nothing was done: do it with --swap --yes/,
  );
  assert.match(
    await rebuild(folder, '--swap', '--yes'),
    /track-progress works on generation 2 \(learner_progress_g2\)/,
  );
  const again = await refused(folder, '--swap', '--yes');
  assert.deepEqual([again.code, again.stderr.includes('no newer generation')], [2, true]);

  await enrol(folder, 'dora');
  assert.equal(await learners(folder), 4);
  assert.equal(JSON.parse(await ok(folder, 'show', JOB, 'dora', 'c1', '--json')).userId, 'dora');
  assert.match(await ok(folder, 'tables'), /learner_progress_g2 +rows/);

  assert.match(await rebuild(folder, '--back', '--yes'), /works on generation 1 \(learner_progress\)/);
  await enrol(folder, 'emil');
  assert.equal(await learners(folder), 5);
  assert.match(await rebuild(folder, '--drop', '2'), /Nothing was done/);
  assert.match(await rebuild(folder, '--drop', '2', '--yes'), /\(learner_progress_g2\) is deleted$/m);
  assert.match(await rebuild(folder, '--drop', '2'), /is deleted already/);
  assert.match(await rebuild(folder, '--drop', '2', '--yes'), /is deleted already/);
  assert.equal(JSON.parse(await rebuild(folder, '--status', '--json')).generations.length, 1);
});

test('a job whose table refuses the rows is rebuilt while the others run, or while none does', async (t) => {
  const folder = temporaryFolder(t);
  const first = await up(t, folder);
  await enrol(folder, 'ada', 'ben');
  assert.equal(await learners(folder), 2);
  first.child.kill('SIGTERM');
  await first.ended;

  // Makes the table look as if an earlier release had created it, in which `progress` was a text.
  const database = openDatabase(`${folder}/data`);
  database.exec('ALTER TABLE learner_progress RENAME COLUMN progress TO was_progress');
  database.exec("ALTER TABLE learner_progress ADD COLUMN progress TEXT DEFAULT 'none'");
  database.close();

  const second = await up(t, folder);
  const lag = await ok(folder, 'lag');
  assert.match(lag, /track-progress failed: TABLE_DRIFTED: .*tributary rebuild <job>/);
  await rebuild(folder);
  const compared = await refused(folder, '--compare');
  assert.match(
    compared.stdout,
    /not compared, since one of the tables does not have them as they are declared: progress\nno difference/,
  );
  second.child.kill('SIGTERM');
  await second.ended;

  assert.match(await rebuild(folder, '--swap', '--yes'), /works on generation 2/);
  await up(t, folder);
  await enrol(folder, 'cleo');
  assert.equal(await learners(folder), 3);
});

test('rows are made of the archive where retention has emptied the topic, and made current', async (t) => {
  const folder = temporaryFolder(t);
  const first = await up(t, folder, ['--archive', 'on']);
  await enrol(folder, 'ada', 'ben');
  assert.equal(await learners(folder), 2);
  first.child.kill('SIGTERM');
  await first.ended;
  await emptyTopics(folder);

  await rebuild(folder);
  assert.match(await rebuild(folder, '--compare'), /\n0 rows are the same\n/);
  const late = await refused(folder, '--from-archive');
  assert.deepEqual([late.code, late.stderr.includes('from the topic alone')], [2, true]);
  await rebuild(folder, '--drop', '2', '--yes');

  const made = await refused(folder, '--from-archive');
  assert.match(
    made.stderr,
    /partition \d: read from offset 0 of archive-enrollment-events on, and from \d on in enrollment.events/,
  );
  assert.match(made.stdout, /generation 3 of track-progress .* has caught up with the job/);
  assert.match(
    await rebuild(folder, '--status'),
    / 3 +learner_progress_g3 +being made +rebuild:track-progress:3 +0\n$/,
  );
  assert.match(await rebuild(folder, '--compare'), /2 rows are the same\nno difference\n$/);
  // The generation remembers that it reads the archive. The command may be repeated with or without the flag.
  await rebuild(folder, '--from-archive');
  await rebuild(folder);

  await up(t, folder);
  await enrol(folder, 'cleo');
  assert.equal(await learners(folder), 3);
  assert.match(await rebuild(folder, '--swap', '--yes'), /works on generation 3/);
  await enrol(folder, 'dora');
  assert.equal(await learners(folder), 4);
  assert.equal(JSON.parse(await ok(folder, 'show', JOB, 'ada', 'c1', '--json')).userId, 'ada');
  assert.match(await rebuild(folder, '--back', '--yes'), /works on generation 1/);
});

/** Deletes the records, as retention eventually does. */
async function emptyTopics(folder: string): Promise<void> {
  const database = openDatabase(`${folder}/data`);
  const transport = embeddedTransport(database);
  assert.ok((await transport.expire(Date.now() + 1000 * 86_400_000)) > 0);
  await transport.close();
  database.close();
}

test('options that contradict each other are refused', async (t) => {
  const folder = temporaryFolder(t);
  for (const args of [
    ['--swap', '--back'],
    ['--follow', '--swap'],
    ['--from-archive', '--compare'],
    ['--yes'],
    ['--drop', 'x'],
  ]) {
    const { code } = await refused(folder, ...args);
    assert.equal(code, 2, args.join(' '));
  }
  const nothing = await refused(folder);
  assert.deepEqual([nothing.code, nothing.stderr.includes('there are no data')], [1, true]);
});
