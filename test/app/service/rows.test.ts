/** Rows of reports that are sent while the caller waits. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reads } from '../../../reports/define-report.ts';
import { readsUntil } from '../../../reports/requesting/until.ts';
import { batchSummary } from '../../../schemas/rows/batch-summary.ts';
import { batchLearners } from '../../../schemas/rows/learner-progress.ts';
import { call, keyOf, service } from './harness.ts';
import { store } from './projected.ts';

const analyst = keyOf({ name: 'ada' });
const trusted = keyOf({ name: 'grace', roles: ['analyst', 'personal-data'] });
const writer = keyOf({ name: 'nobody', roles: ['producer'] });

test('a small report is read at once: its columns, its rows, and whether there are more', async (t) => {
  const { address, wired, log } = await service(t, { keys: [analyst.key] });
  const batch = { batchId: 'rivers-2026', courseId: 'rivers', status: 'ongoing', others: {} };
  await store(wired, batchSummary, { tenant: 'acme', values: batch });
  for (const [userId, progress] of [
    ['ada', 100],
    ['bob', 30],
    ['eve', 0],
  ] as const) {
    const state = progress === 100 ? 'completed' : progress === 0 ? 'not_started' : 'in_progress';
    const values = { batchId: 'rivers-2026', courseId: 'rivers', userId, progress, state };
    await store(wired, batchLearners, { tenant: 'acme', values });
  }
  const parameters = { batchId: 'rivers-2026' };
  const asked = { as: analyst.text, body: { parameters, columns: ['stage', 'learners'], limit: 4 } };
  const { status, json } = await call(address, 'read_completion_funnel', asked);
  assert.equal(status, 200);
  assert.deepEqual(
    json.columns.map(({ name }: { name: string }) => name),
    ['stage', 'learners'],
  );
  assert.deepEqual(json.rows, [
    ['joined', 3],
    ['started', 2],
    ['25 percent', 2],
    ['50 percent', 1],
  ]);
  assert.equal(json.more, true);
  const audited = log().filter(({ audit }) => audit === 'read');
  assert.deepEqual(
    audited.map(({ user, report }) => [user, report]),
    [['key:ada', 'completion-funnel']],
  );
  const { json: none } = await call(address, 'listRequests', { as: analyst.text });
  assert.deepEqual(none.requests, [], 'nothing is kept of it');
});

test('what is wrong is told by field, and all at once', async (t) => {
  const { address } = await service(t, { keys: [analyst.key] });
  const body = { parameters: { batchId: 'x', learners: 'some' }, columns: ['stage', 'colour'] };
  const { status, json } = await call(address, 'read_completion_funnel', { as: analyst.text, body });
  assert.equal(status, 400);
  assert.deepEqual(json.problems.map(({ field }: { field: string }) => field).sort(), [
    'columns',
    'parameters.learners',
  ]);
});

test('personal data and reports of other roles are not read like this', async (t) => {
  const { address } = await service(t, { keys: [analyst.key, trusted.key, writer.key] });
  const status = async (name: string, as: string, body: object) => (await call(address, name, { as, body })).status;
  const parameters = { courseId: 'rivers' };
  assert.equal(await status('read_learners_personal_data', trusted.text, { parameters }), 403);
  assert.equal(await status('read_dead_letters', analyst.text, {}), 403);
  assert.equal(await status('read_enrollment_trend', writer.text, {}), 403);
});

test('a report whose caller has gone reads no further page', async () => {
  const gone = new AbortController();
  let read = 0;
  const reads = {
    async *pages() {
      for (; read < 10; read += 1) yield [];
    },
  } as unknown as Reads;
  const all = async () => {
    for await (const _ of readsUntil(gone.signal, reads).pages(batchLearners, {})) if (read === 2) gone.abort();
  };
  await assert.rejects(all, { name: 'AbortError' });
  assert.equal(read, 3);
});
