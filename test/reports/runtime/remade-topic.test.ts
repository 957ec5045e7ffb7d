/** A topic that was deleted and created again: its offsets start over, but the table has positions of the old topic. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { ALL_ROLLUP_RULES } from '../../../reports/runtime/rules.ts';
import { runRollup } from '../../../reports/runtime/run.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { memoryStores, testRuntime } from '../../../testing/stores.ts';
import { START, visitEvents, visited, visits } from '../visits.ts';
import { memoryObjects } from './memory-objects.ts';
import { MemorySegments } from './memory-table.ts';

const PARTITIONS = 2;
const VISITS = 20;
const source = sourceOf(visits);

/** The visits in the table after each of `topics` topics of one name. A process of its own counts each topic. */
async function countedAfter(t: TestContext, topics: number, rules = ALL_ROLLUP_RULES): Promise<number[]> {
  const [objects, segments] = [memoryObjects(), new MemorySegments()];
  const counted: number[] = [];
  for (let made = 0; made < topics; made += 1) {
    // Each new log gives the topic another id, with as many records as before.
    const stores = await memoryStores([], { topics: [visitEvents], partitions: PARTITIONS });
    t.after(() => stores.close());
    for (let i = 0; i < VISITS; i += 1) {
      const data = { userId: `user-${i}`, page: 'home', points: 1 };
      const given = { topic: visitEvents, def: visited, data, id: `v-${made}-${i}`, time: START, loggedAt: START };
      await stores.transport.produce(recordsOf(stores.codec, given, PARTITIONS));
    }
    const runtime = testRuntime(stores, { clock: systemClock });
    const table = segments.table(objects, source.layout);
    const running = await runRollup({ source, table, runtime, settings: { publishMs: 0 }, rules });
    while ((await stores.transport.lag(source.name, visitEvents.name)).some(({ lag }) => lag > 0)) {
      await Promise.race([turnOfOthers(), running.finished]);
    }
    await running.stop();
    const rows = await segments.rows(objects);
    counted.push(rows.reduce((sum, row) => sum + Number(row['visits']), 0));
  }
  return counted;
}

test('a topic that was made again is counted from its beginning, beside what there was', {
  timeout: 20_000,
}, async (t) => {
  assert.deepEqual(await countedAfter(t, 3), [VISITS, 2 * VISITS, 3 * VISITS]);
});

test('without the ids of topics, records of the new one would be taken for counted', { timeout: 20_000 }, async (t) => {
  const counted = await countedAfter(t, 2, { ...ALL_ROLLUP_RULES, topicIds: false });
  assert.ok((counted[1] ?? 0) < 2 * VISITS, counted.join(', '));
});
