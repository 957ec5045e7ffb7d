/** What doctor reports about offsets, their metadata, and rows and claims that contradict them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { offsets, rowPositions, tokens } from '../../app/doctor/positions.ts';
import type { Finding } from '../../core/finding.ts';
import { summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { memoryStores } from '../../testing/stores.ts';
import { topics } from '../../topics/index.ts';
import { backUp, restore } from '../harness/backup.ts';
import { CAMPUS_JOBS, type Campus, PARTITIONS } from '../harness/campus.ts';
import { putBy, remake } from '../harness/other-tools.ts';
import { campus, end, seek, wiredTo } from './offsets-harness.ts';

async function notOk(c: Campus): Promise<string[]> {
  const findings: Finding[] = [];
  for (const find of [offsets, rowPositions, tokens]) findings.push(...(await find({ wired: wiredTo(c) })));
  return findings.flatMap(({ state, check, message, todo }) =>
    state === 'ok' ? [] : [`${state} ${check}: ${message} / ${todo}`],
  );
}

async function worked(t: Parameters<typeof campus>[0]): Promise<Campus> {
  const c = await campus(t);
  await c.enrol(6);
  await c.run();
  assert.deepEqual(await notOk(c), []);
  return c;
}

test('offsets that another tool has committed are reported until the job has advanced', async (t) => {
  const c = await worked(t);
  await putBy(c, summarizeBatch, (end) => end);
  const [found = '', ...others] = await notOk(c);
  assert.match(
    found,
    /^warning offsets: another tool has moved summarize-batch to its offsets in partitions 0, 1 of batch\.events, and/,
  );
  assert.deepEqual(others, []);
  await c.run();
  assert.deepEqual(await notOk(c), []);
});

test('a topic that another tool has expanded is reported', async (t) => {
  const c = await worked(t);
  const { database } = c.stores;
  database.exec(
    "INSERT INTO log_partitions (topic_id, partition, begin_offset) SELECT id, 2, 0 FROM log_topics WHERE name = 'batch.events'",
  );
  await c.reopen();
  const [found = '', ...others] = await notOk(c);
  assert.match(
    found,
    /^warning offsets: another tool has expanded batch\.events to 3 partitions: summarize-batch does not know in partitions 0 of/,
  );
  assert.deepEqual(others, []);
});

test('committed offsets of a topic that was deleted and made again are reported', async (t) => {
  const c = await worked(t);
  c.stores.database.exec("UPDATE log_topics SET uuid = 'another' WHERE name = 'enrollment.events'");
  await c.reopen();
  const [found = ''] = await notOk(c);
  assert.match(
    found,
    /^warning offsets: the committed offsets of track-progress are from before the topic was deleted and created again: partitions 0, 1 of enrollment\.events/,
  );
});

test('rows that have applied the records of another cluster are reported until the job is moved', async (t) => {
  const c = await worked(t);
  const other = await memoryStores(CAMPUS_JOBS, { topics, partitions: PARTITIONS });
  t.after(() => other.close());
  c.stores = { ...c.stores, transport: other.transport };
  const found = await notOk(c);
  assert.equal(found.length, 2);
  assert.match(
    found[0] ?? '',
    /^problem rows: the row .* of track-progress has applied records of another enrollment\.events than this one/,
  );
  assert.match(found[0] ?? '', /offsets seek track-progress --all --to-end/);
  for (const job of CAMPUS_JOBS) await seek(c, job, end);
  assert.deepEqual(await notOk(c), []);
});

test('a topic that was made again while its rows stayed is reported until the job has begun with it', async (t) => {
  const c = await worked(t);
  await remake(c, trackProgress.from.name);
  assert.match((await notOk(c)).join('\n'), /^problem rows: the row/);
  await c.enrol(6);
  await c.run();
  assert.deepEqual(await notOk(c), []);
});

test('claims older than the rows, or than what was committed, are reported until the next claim', async (t) => {
  const c = await worked(t);
  const backup = backUp(c.stores.database);
  for (let n = 0; n < 3; n++) await c.run();
  await c.enrol(6);
  await c.run();
  c.stores.database.exec('DELETE FROM tables_claims');
  const found = await notOk(c);
  assert.match(
    found.join('\n'),
    /^warning tokens: the claims of track-progress are older than its work: they are at token 0, and rows were written with \d+ /m,
  );
  assert.match(
    found.at(-1) ?? '',
    /^warning tokens: 2 jobs may have lost rows, and the order of their restore matters \/ start project-course alone, until `tributary lag project-course --wait` ends, and then track-progress, which looks up its rows$/,
  );
  restore(c.stores.database, backup, { claims: true });
  assert.match((await notOk(c)).join('\n'), /^warning tokens: the claims of track-progress .* and \d+ was committed /m);
  await c.run();
  assert.deepEqual(await notOk(c), []);
});
