/** One process that counts several hundred partitions of a real broker into one table. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { defineDatasource } from '../../../reports/define-datasource.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { runRollup } from '../../../reports/runtime/run.ts';
import { CurrentTable } from '../../../reports/runtime/tables.ts';
import { enrolled } from '../../../schemas/enrollment.ts';
import { startKafka } from '../../../servers/kafka.ts';
import { filesOf, pinFiles } from '../../../sinks/delta/index.ts';
import { segmentsSql } from '../../../sinks/segments/source.ts';
import { enrollmentEvents } from '../../../topics/index.ts';
import { enrolEverywhere, live, wiredTo } from '../../harness/many-partitions.ts';

const PARTITIONS = 500;

const folder = mkdtempSync(join(tmpdir(), 'tributary-many-'));
// A separate broker, since the topics have their declared names.
const kafka = await startKafka({ folder: join(folder, 'kafka') });
after(async () => {
  await kafka.kill();
  rmSync(folder, { recursive: true, force: true });
});

const source = sourceOf(
  defineDatasource({
    name: 'enrollments_told',
    title: 'Enrollments',
    about: 'Enrollments as they are told.',
    from: enrollmentEvents,
    on: [enrolled],
    granularity: 'day',
    dimensions: { course_id: { doc: 'The course.', field: 'courseId' } },
    metrics: { told: { kind: 'count', doc: 'Events.', unit: 'events' } },
  }),
);

test('a rollup claims several hundred partitions, each once, and publishes them in few commits', async (t) => {
  const wired = await wiredTo({ kafka: kafka.url, folder }, PARTITIONS);
  t.after(() => wired.close());
  const stores = await wired.segments();
  const table = new CurrentTable(stores, source);
  let version = 0;
  for (const round of [0, 1]) {
    await enrolEverywhere(wired, PARTITIONS, round);
    const { joinedMs, ownedMs, appliedMs, stopMs, reports } = await live(
      wired,
      PARTITIONS,
      wired.stores.transport,
      (runtime) => runRollup({ source, table, runtime }),
    );
    const snapshot = await table.refresh();
    const commits = snapshot.version - version;
    version = snapshot.version;
    t.diagnostic(JSON.stringify({ round, joinedMs, ownedMs, appliedMs, stopMs, commits, told: [...reports] }));
    assert.equal(reports.get('claimed'), PARTITIONS);
    assert.equal(reports.get('released'), PARTITIONS);
    assert.equal(reports.get('fenced') ?? 0, 0);
    assert.ok(commits >= 1 && commits <= PARTITIONS / 10, `${commits} commits`);
    await using pinned = await pinFiles(stores.cache, snapshot, filesOf(snapshot));
    const counted = await stores.duck.using((connection) =>
      connection.rows(
        `SELECT course_id, sum(told)::INTEGER AS told FROM (${segmentsSql(source.layout, pinned.paths)}) GROUP BY ALL ORDER BY ALL`,
      ),
    );
    const courses = Array.from({ length: round + 1 }, (_, n) => ({ course_id: `course-${n}`, told: PARTITIONS }));
    assert.deepEqual(counted, courses);
    const lag = await wired.stores.transport.lag(source.name, enrollmentEvents.name);
    assert.equal(lag.length, PARTITIONS);
    assert.equal(
      lag.reduce((sum, { lag: behind }) => sum + behind, 0),
      0,
    );
  }
});
