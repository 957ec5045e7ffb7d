/** The procedures of docs/operate.md for rewinds, restores and failovers, done with the commands that the page names. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { projectCourse, summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { coursePublished } from '../../schemas/content.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { dump, emittedEvents, partitionsOf } from '../../testing/dump.ts';
import { given, recordsOf } from '../../testing/produce.ts';
import { batchEvents, contentEvents, enrollmentEvents } from '../../topics/index.ts';
import { backUp, restore } from '../harness/backup.ts';
import { CAMPUS_JOBS, type Campus, DAY_ONE, PARTITIONS } from '../harness/campus.ts';
import type { Hook } from '../jobs/runtime/intercept.ts';
import { at, begin, campus, rebuildViews, saved, seek, show } from './offsets-harness.ts';

const RESTORED = { restored: true };
const EMPTY = new Map();
const everything = (of: Campus) => dump(of.stores, CAMPUS_JOBS);
const seekAll = async (of: Campus, to: unknown, rest = {}, input = '') => {
  for (const job of CAMPUS_JOBS) await seek(of, job, to, rest, input);
};

/** Enrols five learners, saves a backup and the offsets of the jobs, and enrols seven more. */
async function twoDays(c: Campus) {
  await c.enrol(5);
  await c.run();
  const offsets = (await show(c)).text;
  const backup = backUp(c.stores.database);
  await c.enrol(7);
  await c.run();
  return { backup, offsets, before: await everything(c) };
}

test('a rewind writes the views of the replayed rows again, and changes nothing else', async (t) => {
  const c = await campus(t);
  const { before } = await twoDays(c);
  const emitted = () => emittedEvents(c.stores, batchEvents, trackProgress);
  const emittedBefore = await emitted();
  // The rows of this view come from platform events. Derived events are skipped as repeats, by their dedupe positions.
  c.stores.database.exec("DELETE FROM cache_fields WHERE cache = 'learner_courses'");
  await seekAll(c, begin);
  await c.run();
  assert.deepEqual(await everything(c), before);
  assert.deepEqual(await emitted(), emittedBefore, 'as readers apply it');
});

for (const claims of [false, true]) {
  const also = claims ? ', the claims with them' : '';
  test(`tables restored from a backup${also}: moving to the offsets that were saved with it restores everything`, async (t) => {
    const c = await campus(t);
    const { backup, offsets, before } = await twoDays(c);
    restore(c.stores.database, backup, { claims });
    assert.deepEqual(await c.counts(), [5, 5]);
    await seekAll(c, saved, RESTORED, offsets);
    c.telemetryEvents.length = 0;
    await c.run();
    assert.deepEqual(await c.counts(), [12, 12]);
    assert.deepEqual(await everything(c), before);
    assert.deepEqual(c.reported('views-stale'), []);
  });
}

test('tables restored from a backup without offsets: moving to a time before it restores everything', async (t) => {
  const c = await campus(t);
  const { backup, before } = await twoDays(c);
  restore(c.stores.database, backup, { claims: true });
  // The first five learners enrolled one minute apart. The clock of the jobs stands still.
  await seek(c, trackProgress, at(DAY_ONE + 4 * 60_000), RESTORED);
  await seek(c, summarizeBatch, begin, RESTORED);
  await c.run();
  assert.deepEqual(await c.counts(), [12, 12]);
  assert.deepEqual(await everything(c), before);
});

test('a restore says that the job whose rows others look up comes first, and a rewind does not', async (t) => {
  const c = await campus(t);
  await twoDays(c);
  const order =
    /^If several jobs lost rows, their order matters: start project-course alone, until `tributary lag project-course --wait` ends, and then track-progress, which looks up its rows\.$/m;
  const shown = { apply: false };
  for (const job of [projectCourse, trackProgress]) {
    assert.match(await seek(c, job, begin, { ...RESTORED, ...shown }), order);
    assert.doesNotMatch(await seek(c, job, begin, shown), /order/);
  }
  assert.doesNotMatch(await seek(c, summarizeBatch, begin, { ...RESTORED, ...shown }), /order/);
  const json = JSON.parse(await seek(c, trackProgress, begin, { ...RESTORED, ...shown, json: true }));
  assert.deepEqual(json.before, ['project-course']);
});

test('a rewind alone does not recover what restored rows have lost: dedupe positions mark it as counted', async (t) => {
  const c = await campus(t);
  const { backup } = await twoDays(c);
  restore(c.stores.database, backup, { claims: true });
  await seekAll(c, begin);
  await c.run();
  assert.deepEqual(await c.counts(), [5, 5]);
  await seekAll(c, begin, RESTORED);
  await c.run();
  assert.deepEqual(await c.counts(), [12, 12]);
});

test('rows lost entirely are made anew from the log', async (t) => {
  const c = await campus(t);
  const { before } = await twoDays(c);
  restore(c.stores.database, EMPTY, { claims: true });
  assert.deepEqual(await c.counts(), [0, 0]);
  await seekAll(c, begin, RESTORED);
  c.telemetryEvents.length = 0;
  await c.run();
  assert.deepEqual(await everything(c), before);
  assert.deepEqual(c.reported('views-stale'), []);
});

test('a topic that has lost its end stops its jobs, and the advice in the message lets them continue', async (t) => {
  const c = await campus(t);
  await c.enrol(8);
  await c.visit(8);
  await c.run();
  const [topic] = await c.stores.transport.shape([enrollmentEvents.name]);
  c.stores.database.exec(
    `DELETE FROM log_batches WHERE id >> 40 IN (SELECT p.id FROM log_partitions p JOIN log_topics t ON t.id = p.topic_id
       WHERE t.name = '${topic?.name}')`,
  );
  await c.reopen();
  const failure = (what: RegExp) => ({
    code: 'POSITION_BEYOND_LOG',
    message: new RegExp(
      `${what.source}.*empty the tables of track-progress .*\`tributary offsets seek track-progress --all --to-begin --restored --apply\`$`,
    ),
  });
  await assert.rejects(
    c.run(),
    failure(/is to go on at offset \d of partition \d of enrollment.events, which ends at 0/),
  );
  await seek(c, trackProgress, begin, RESTORED);
  await c.visit(1);
  await assert.rejects(c.run(), failure(/a row of .* has applied offset \d of partition \d of enrollment.events/));
  c.stores.database.exec(`DELETE FROM "${trackProgress.row.name}"; DELETE FROM cache_fields`);
  await seek(c, trackProgress, begin, RESTORED);
  await c.enrol(3);
  await c.run();
  // Rows of three new learners, and of the one who visited after the loss. Batches skip events at earlier offsets as repeats.
  assert.deepEqual(await c.counts(), [8, 4]);
  // Enrol until the log has more records than it lost.
  await c.enrol(20);
  await c.run();
  const [counted, rows] = await c.counts();
  assert.equal(rows, 24);
  assert.ok(counted > 8);
});

test('a single job may lose its rows: nothing is counted twice', async (t) => {
  for (const job of [trackProgress, summarizeBatch]) {
    const c = await campus(t);
    const { before } = await twoDays(c);
    c.stores.database.exec(`DELETE FROM "${job.row.name}"`);
    await seek(c, job, begin, RESTORED);
    await c.run();
    assert.deepEqual(await everything(c), before, job.name);
  }
});

test('views of a claim that committed nothing and that no table knows any more are overwritten', async (t) => {
  const c = await campus(t);
  const { backup, offsets } = await twoDays(c);
  // Owners that write rows and views, but die before they commit.
  const dies: Hook = async (name, go) => {
    if (name === 'claim.commit') throw new Error('it died');
    return go();
  };
  await c.enrol(4);
  for (let n = 0; n < 3; n++) {
    for (let p = 0; p < 2; p++) await assert.rejects((await c.worker(trackProgress, p, dies)).turn(0), /it died/);
  }
  restore(c.stores.database, backup, { claims: true });
  await seekAll(c, saved, RESTORED, offsets);
  c.telemetryEvents.length = 0;
  await c.run();
  assert.deepEqual(await c.counts(), [16, 16]);
  assert.deepEqual(c.reported('views-stale'), []);
});

test('new tokens are above those of the claims, even if committed offsets were lost with the log of the groups', async (t) => {
  const c = await campus(t);
  for (const { name, from } of CAMPUS_JOBS) await c.stores.tables.claim(name, from.name, 0, 5000);
  await c.enrol(5);
  await c.run();
  const backup = backUp(c.stores.database);
  for (let n = 0; n < 4; n++) {
    await c.enrol(2);
    await c.run();
  }
  const before = await everything(c);
  restore(c.stores.database, backup, { claims: true });
  c.stores.database.exec('DELETE FROM log_offsets');
  await seekAll(c, begin, RESTORED);
  c.telemetryEvents.length = 0;
  await c.run();
  assert.deepEqual(await everything(c), before);
  assert.deepEqual(c.reported('views-stale'), []);
});

/** A course of two contents that learners have started. Then all rows are lost. */
async function lostCourse(t: TestContext) {
  const c = await campus(t);
  const contents = [0, 1].map((n) => ({ contentId: `content-${n}`, unitId: null }));
  const course = given(
    contentEvents,
    coursePublished,
    { courseId: 'maths', name: 'Maths', contents },
    { id: 'c', time: DAY_ONE },
  );
  await c.stores.transport.produce(recordsOf(c.stores.codec, course, PARTITIONS));
  await runAlone(c, projectCourse);
  await c.enrol(4);
  for (let n = 0; n < 4; n++) {
    const data = { userId: `learner-${n}`, courseId: 'maths', contentId: 'content-0', status: 'completed' } as const;
    const completed = given(enrollmentEvents, contentProgressed, data, { id: `done-${n}`, time: DAY_ONE + 3_600_000 });
    await c.stores.transport.produce(recordsOf(c.stores.codec, completed, PARTITIONS));
  }
  await c.run();
  const before = await everything(c);
  restore(c.stores.database, EMPTY, { claims: true });
  await seekAll(c, begin, RESTORED);
  return { c, before };
}

async function runAlone(c: Campus, job: (typeof CAMPUS_JOBS)[number]): Promise<void> {
  for (let p = 0; p < PARTITIONS; p++) {
    const worker = await c.worker(job, p);
    while ((await worker.turn(0)) !== 'idle');
  }
}

test('rows that were lost with those that they look up are made anew, if those come first', async (t) => {
  const { c, before } = await lostCourse(t);
  await runAlone(c, projectCourse);
  await c.run();
  assert.deepEqual(await everything(c), before);
});

test('if they do not come first, what announces them is a repeat, and progress is missing', async (t) => {
  const { c } = await lostCourse(t);
  await runAlone(c, trackProgress);
  await c.run();
  const { items } = await c.stores.tables.select(trackProgress.row, [DEFAULT_TENANT], { limit: 10 });
  assert.deepEqual(
    items.map(({ progress }) => progress),
    [0, 0, 0, 0],
  );
});

test('saved dedupe positions include what the log has dropped', async (t) => {
  const c = await campus(t);
  await c.enrol(5);
  await c.run();
  const offsets = (await show(c)).text;
  c.stores.database.exec(`UPDATE log_topics SET retention_ms = 0 WHERE name = '${batchEvents.name}'`);
  await c.reopen();
  await c.stores.transport.expire(DAY_ONE + 3_600_000);
  assert.deepEqual((await partitionsOf(c.stores.transport, batchEvents.name)).flat(), []);
  await seek(c, summarizeBatch, saved, RESTORED, offsets);
  // The upstream job emits all its events again.
  c.stores.database.exec(`DELETE FROM "${trackProgress.row.name}"`);
  await seek(c, trackProgress, begin, RESTORED);
  await c.run();
  assert.deepEqual(await c.counts(), [5, 5]);
});

test('a view with records newer than any claim can write is reported, until it is begun anew', async (t) => {
  const c = await campus(t);
  const { backup } = await twoDays(c);
  for (let n = 0; n < 4; n++) {
    await c.enrol(1);
    await c.run();
  }
  const before = await everything(c);
  // The last token is lost: it is neither in the claims nor in the committed offsets.
  restore(c.stores.database, backup, { claims: true });
  c.stores.database.exec('DELETE FROM log_offsets');
  c.telemetryEvents.length = 0;
  await c.run();
  assert.deepEqual(await c.counts(), [16, 16]);
  const stale = c.reported('views-stale').reduce((sum, { count }) => sum + count, 0);
  assert.ok(stale > 0);
  assert.deepEqual((await everything(c)).tables, before.tables, 'rows are right');
  c.stores.database.exec('DELETE FROM cache_fields');
  await rebuildViews(c);
  assert.deepEqual(await everything(c), before);
});

test('a job that is behind when the offsets are saved loses nothing by the restore', async (t) => {
  const c = await campus(t);
  await c.enrol(3);
  await c.run();
  await c.enrol(3);
  const offsets = (await show(c)).text;
  const backup = backUp(c.stores.database);
  await c.run();
  const before = await everything(c);
  restore(c.stores.database, backup, { claims: true });
  await seekAll(c, saved, RESTORED, offsets);
  await c.run();
  assert.deepEqual(await c.counts(), [6, 6]);
  assert.deepEqual(await everything(c), before);
  assert.equal((await c.stores.transport.lag(trackProgress.name, enrollmentEvents.name))[0]?.lag, 0);
});
