/** The procedures of docs/operate.md for backups and disasters of a data folder, followed word by word. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { blocksBelow, typed } from '../harness/typed.ts';
import { begunFolder, type Running, temporaryFolder, tributary, up } from './harness.ts';

const LOAD = ['load', '--rate', '20000', '--learners', '20', '--start', '2026-03-01T00:00:00Z'];
const COUNTS = 'select sum(views) as visits, sum(completions) as completions from activity';

async function ok(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tributary(folder, args);
  assert.equal(code, 0, stderr);
  return stdout;
}

const JOINED = 'select course_id, sum(joined) as joined from enrollments group by course_id order by course_id';

/** What readers see: rows, views, an index, a rollup, and the messages that were sent. */
async function seen(folder: string): Promise<unknown[]> {
  const tables = ['learner_progress', 'batch_learners', 'batch_summary', 'group_progress', 'user_profile', 'recipient'];
  const commands = tables.map((name) => ['show', name, '--limit', '100', '--json']);
  commands.push(['search', 'enrollments', '--limit', '100', '--json']);
  // Parsed, because maps have no order.
  const shown = commands.map(async (args): Promise<unknown> => JSON.parse(await ok(folder, ...args)));
  return Promise.all([...shown, ok(folder, 'query', COUNTS, '--csv')]);
}

async function ended({ child, ended: end }: Running): Promise<void> {
  child.kill('SIGTERM');
  assert.equal((await end).code, 0);
}

const counted = (folder: string) => Promise.all([COUNTS, JOINED].map((query) => ok(folder, 'query', query, '--csv')));

const settled = (folder: string) => ok(folder, 'lag', '--wait', '--timeout-ms', '100000');

test('a data folder that was copied and put back is of one moment, and goes on as if nothing had happened', async (t) => {
  const folder = await begunFolder(t);
  const backup = temporaryFolder(t);
  await ok(folder, ...LOAD, '--events', '800');
  const first = await up(t, folder);
  await settled(folder);
  const atBackup = await seen(folder);
  await ended(first);
  const [copy = ''] = blocksBelow('### Copying a data folder');
  assert.match(await typed(copy, folder, backup), /track-progress/);

  const second = await up(t, folder);
  await ok(folder, ...LOAD, '--from', '801', '--events', '1200');
  await settled(folder);
  const before = await seen(folder);
  assert.notDeepEqual(before, atBackup);
  await ended(second);

  const [putBack = ''] = blocksBelow('### A data folder');
  assert.doesNotMatch(await typed(putBack, folder, backup), /^problem/m);
  const third = await up(t, folder);
  await settled(folder);
  assert.deepEqual(await seen(folder), atBackup);
  await ok(folder, ...LOAD, '--from', '801', '--events', '1200');
  await settled(folder);
  assert.deepEqual(await seen(folder), before, 'what producers sent again');
  await ended(third);
});

test('a bucket that is lost comes back from the topics, except for the files of reports', async (t) => {
  const folder = await begunFolder(t);
  await ok(folder, ...LOAD, '--events', '800');
  const report = ['report', 'run', 'activity', '--format', 'csv', '--out'];
  const first = await up(t, folder);
  await settled(folder);
  const before = await counted(folder);
  await ok(folder, ...report, 'before.csv');
  await ended(first);
  renameSync(join(folder, 'data/objects'), join(folder, 'lost'));
  mkdirSync(join(folder, 'data/objects'));
  const second = await up(t, folder);
  await settled(folder);
  assert.deepEqual(await counted(folder), before);
  const { code, stderr } = await tributary(folder, [...report, 'after.csv']);
  assert.equal(code, 1);
  assert.match(stderr, /there is no object reports/);
  await ok(folder, ...report, 'after.csv', '--max-age', '0');
  await ended(second);
  rmSync(join(folder, 'lost'), { recursive: true });
});
