/** A command that only reads does not block others: it hands the data folder over to `up`, and never creates the folder. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { wire } from '../../app/stores/wiring.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { enrolled, ndjson, running, temporaryFolder, tributary, up } from './harness.ts';

const TOPIC = 'enrollment.events';
const produce = (folder: string, ...users: string[]) =>
  tributary(folder, ['produce', TOPIC], { input: ndjson(...users.map((user) => enrolled(user))) });

test('a follower of a topic that began before up continues beside it, with each record once', async (t) => {
  const folder = temporaryFolder(t);
  await produce(folder, 'u1', 'u2');
  const tail = running(t, folder, ['tail', TOPIC, '--from-beginning', '--follow', '--json']);
  await tail.printed('"key":"u1"');
  await tail.printed('"key":"u2"');
  await up(t, folder);
  assert.equal((await produce(folder, 'u3')).code, 0);
  await tail.printed('"key":"u3"');
  assert.equal((await tributary(folder, ['lag', '--wait', '--timeout-ms', '60000'])).code, 0);
  tail.child.kill('SIGINT');
  const { code, stdout } = await tail.ended;
  assert.equal(code, 0);
  const keys = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).key);
  assert.deepEqual(keys.sort(), ['u1', 'u2', 'u3']);
});

test('a wait for the jobs that began before up sees them catch up, even after another process had the folder', async (t) => {
  const folder = temporaryFolder(t);
  await produce(folder, 'u1');
  const tail = running(t, folder, ['tail', TOPIC, '--follow']);
  await tail.printed('u1');
  const wait = running(t, folder, ['lag', '--wait', '--timeout-ms', '60000', '--job', 'track-progress', '--json']);
  await up(t, folder);
  const { code, stdout, stderr } = await wait.ended;
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout)[0].lag, 0);
  tail.child.kill('SIGINT');
  assert.equal((await tail.ended).code, 0);
});

test('a folder that was lent to an up is used again after that up ended', async (t) => {
  const folder = temporaryFolder(t);
  await produce(folder, 'u1');
  const tail = running(t, folder, ['tail', TOPIC, '--follow']);
  await tail.printed('u1');
  assert.equal((await tributary(folder, ['run', 'nonsense'])).code, 2);
  await produce(folder, 'u2');
  await tail.printed('u2');
  await up(t, folder);
});

const LOOKING = [
  ['topics'],
  ['topics', 'verify'],
  ['lag'],
  ['lag', '--wait', '--timeout-ms', '1'],
  ['offsets', 'show'],
  ['offsets', 'seek', 'track-progress', '--all', '--to-begin', '--apply'],
  ['tail', TOPIC],
  ['show', 'learner_progress'],
  ['show', 'enrollments'],
  ['show', 'batch_summaries', 'b1'],
  ['search', 'enrollments'],
  ['dead-letters', 'list'],
  ['dead-letters', 'show', 'user.events/0/0'],
  ['dead-letters', 'replay', '--all'],
  ['rebuild-views'],
  ['indexes', 'renew', 'enrollments'],
];

test('a command that reads a folder without data reports that, and creates no data', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'empty'));
  for (const data of ['mistyped', 'empty']) {
    for (const args of data === 'empty' ? [['lag']] : LOOKING) {
      const { code, stdout, stderr } = await tributary(folder, [...args, '--data', data]);
      const context = `${args.join(' ')}: ${stderr}`;
      assert.match(
        stderr,
        new RegExp(`^error: there are no data in .*/${data}; name the folder with --data.*\\n$`),
        context,
      );
      assert.deepEqual([code, stdout], [1, ''], context);
    }
    assert.equal(existsSync(join(folder, data)), data === 'empty');
    assert.equal(existsSync(join(folder, data, 'tributary.sqlite')), false);
    assert.equal(existsSync(join(folder, data, 'objects')), false);
  }
});

test('doctor reports that there is no data, and creates none', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stdout } = await tributary(folder, ['doctor', '--json']);
  assert.equal(code, 1);
  const [problem] = JSON.parse(stdout).filter(({ state }: { state: string }) => state === 'problem');
  assert.equal(problem.check, 'data');
  assert.match(problem.message, /there are no data in/);
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('with a folder without data, the plan is shown and nothing is made', async (t) => {
  const folder = temporaryFolder(t);
  for (const what of ['topics', 'tables', 'indexes']) {
    const { code, stdout } = await tributary(folder, [what, 'apply', '--dry-run', '--json']);
    assert.equal(code, 0);
    assert.ok(stdout.length > 100, stdout);
  }
  assert.equal(existsSync(join(folder, 'data')), false);
});

test('data on a server can be read without a folder, and embedded data beside it is reported as missing', async (t) => {
  const folder = temporaryFolder(t);
  const { config } = loadConfig({ flags: { transport: 'kafka://127.0.0.1:1' }, env: {}, folder });
  const wired = await wire({ config, platform: learningPlatform }, 'nothing', 'looks');
  t.after(() => wired.close());
  await wired.prepare('embedded');
  const { tables, transport } = wired.stores;
  await assert.rejects(tables.prepare([]), { code: 'NOT_FOUND', message: /there are no data in/ });
  assert.equal(typeof transport.describe, 'function');
  assert.equal(wired.embedded, undefined);
  assert.equal(existsSync(config.data), false);
});

test('every command leaves a file of another program alone', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data'));
  const other = new DatabaseSync(join(folder, 'data/tributary.sqlite'));
  other.exec('CREATE TABLE invoices (id INTEGER)');
  other.close();
  for (const args of [['lag'], ['up'], ['produce', TOPIC]]) {
    const { code, stderr } = await tributary(folder, args, { input: ndjson(enrolled('u1')) });
    assert.equal(code, 1);
    assert.match(stderr, /^error: .*tributary\.sqlite is a database of another program, and was not changed/);
  }
});
