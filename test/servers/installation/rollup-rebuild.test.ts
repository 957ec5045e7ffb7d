/** Rebuilds a table of a datasource on Kafka and S3 while its rollup works under load: from the topic, and from the archive. */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { archivedLog } from '../../../reports/operate/archived-log.ts';
import { compareTables, isEqual } from '../../../reports/operate/compare.ts';
import { openNewest } from '../../../reports/operate/generations.ts';
import { currentTable, generationTable } from '../../../reports/operate/kept.ts';
import { behindTopic, rebuildGeneration } from '../../../reports/operate/rebuild.ts';
import { compactTable } from '../../../reports/operate/upkeep.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { currentGeneration, makeCurrent } from '../../../reports/runtime/generations.ts';
import { runRollup } from '../../../reports/runtime/run.ts';
import { CurrentTable } from '../../../reports/runtime/tables.ts';
import { running } from '../../../servers/running.ts';
import { given } from '../../../testing/produce.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { FOR_EVER } from '../../harness/retention.ts';
import { PARTITIONS, SETTINGS, type World, worldOf } from '../../reports/operate/world.ts';
import { visitEvents, visited, visits } from '../../reports/visits.ts';
import { storeOf } from '../s3-store.ts';
import { named } from './crash-stores.ts';
import { deleteRecords } from './delete-records.ts';

const [kafka, s3] = await Promise.all([running('kafka'), running('s3')]);
const TIME = Date.UTC(2026, 2, 1, 12);
const DAY = 86_400_000;
const SIGNAL = new AbortController().signal;
const source = sourceOf(visits);
const archive = archiveOf(visitEvents);

async function installation(t: TestContext): Promise<{ world: World; topic: string }> {
  const prefix = `rollup-${randomUUID().slice(0, 8)}.`;
  const log = kafkaTransport({ url: kafka.url, heartbeatMs: 300 });
  t.after(() => log.close());
  const transport = named(log, prefix);
  const both = [visitEvents.name, deadLetterTopic(visitEvents.name)];
  await transport.createTopics(both.map((name) => ({ name, partitions: PARTITIONS, retentionMs: FOR_EVER })));
  const { objects } = await storeOf(t, s3.url);
  return { world: await worldOf(t, [visitEvents], { transport, objects }), topic: prefix + visitEvents.name };
}

async function compared({ kept }: World, one: number, other: number) {
  const tables = [one, other].map((generation) => generationTable(kept, source, generation).refresh());
  const [before, after] = await Promise.all(tables);
  assert.ok(before && after);
  const { duck, cache } = kept;
  return compareTables(visits, before, after, { duck, cache, signal: SIGNAL, progress: () => {} });
}

test('a table is made anew from the topic and its archive under load, and the rollup continues in it', async (t) => {
  const { world, topic } = await installation(t);
  const { kept, runtime, stores } = world;
  let count = 0;
  const produce = (many: number, day: number): Promise<void> => {
    const from = count;
    count += many;
    const ids = Array.from({ length: many }, (_, i) => from + i);
    return world.produce(
      ...ids.map((i) =>
        given(visitEvents, visited, { userId: `u${i}`, points: 1 }, { id: `v${i}`, time: TIME + day * DAY }),
      ),
    );
  };
  await produce(500, 0);
  await produce(500, 1);
  await world.count(source);
  await world.count(archive);
  await deleteRecords(kafka.url, topic, stores.transport, visitEvents.name);
  const table = new CurrentTable(kept, source);
  const worker = await runRollup({ source, table, runtime, settings: { ...SETTINGS, publishMs: 200 } });
  t.after(() => worker.stop());

  const load = new AbortController();
  const loading = (async () => {
    while (!load.signal.aborted) {
      await produce(20, 2);
      await runtime.clock.sleep(20, SIGNAL);
    }
  })();
  const found = await currentTable(kept, archive);
  assert.ok(found);
  const whole = await archivedLog({
    stores: kept,
    transport: stores.transport,
    topic: visitEvents,
    snapshot: found.snapshot,
    reader: source.name,
    whole: false,
    signal: SIGNAL,
  });
  const before = await currentGeneration(kept.objects, source.prefix);
  const generation = await openNewest(kept.objects, source.prefix, before.generation);
  const own = { ...runtime, stores: { ...stores, transport: whole.transport } };
  const parts = { source, generation, stores: kept, runtime: own, settings: { ...SETTINGS, publishMs: 200 } };
  // If it is stopped in between, it resumes where it was.
  const ending = new AbortController();
  const ended = rebuildGeneration(parts, { signal: ending.signal, progress: () => ending.abort(new Error('ended')) });
  await assert.rejects(ended, { message: 'ended' });
  await rebuildGeneration(parts, { signal: SIGNAL, progress: () => {} });
  await makeCurrent(kept.objects, source.prefix, before, generation);
  await produce(500, 3);
  load.abort();
  await loading;

  while ((await behindTopic(await table.refresh(), source, stores.transport)) > 0) {
    await Promise.race([worker.finished, runtime.clock.sleep(50, SIGNAL)]);
  }
  const totals = 'select cast(sum(visits) as int) as visits, cast(sum(points) as int) as points from rows';
  assert.deepEqual(await world.query(source, totals), [{ visits: count, points: count }]);
  const { equalDays, onlyAfter } = await compared(world, 1, generation);
  assert.deepEqual([equalDays, onlyAfter], [2, ['2026-03-04']], 'the days that the topic has lost are the same');

  const current = await currentTable(kept, source);
  assert.ok(current);
  await compactTable(kept, source, current.table, { rules: { leastFiles: 2 } });
  assert.deepEqual(await world.query(source, totals), [{ visits: count, points: count }]);
  assert.ok(isEqual(await compared(world, generation, generation)));
});
