/** The spans of counting and publishing rollups. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sourceOf } from '../../../reports/runtime/datasource-source.ts';
import { ownerOfRollup, rollupShared } from '../../../reports/runtime/run.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { ManualClock, memoryStores, testRuntime } from '../../../testing/stores.ts';
import { above, below, exporter, inTrace, named, PARENT } from '../../harness/spans.ts';
import { START, visitEvents, visited, visits } from '../visits.ts';
import { memoryObjects } from './memory-objects.ts';
import { MemorySegments } from './memory-table.ts';

const source = sourceOf(visits);

test('a trace shows when an event was counted, and when it came into the table', async (t) => {
  const exported = exporter(t);
  const stores = await memoryStores([], { topics: [visitEvents], partitions: 1 });
  t.after(() => stores.close());
  for (const [id, headers] of [
    ['plain', {}],
    ['traced', { ce_traceparent: PARENT }],
  ] as const) {
    const data = { userId: id, page: 'home', points: 1 };
    const given = { topic: visitEvents, def: visited, data, id, time: START, loggedAt: START };
    const records = recordsOf(stores.codec, given, 1);
    await stores.transport.produce(records.map((one) => ({ ...one, headers: { ...one.headers, ...headers } })));
  }
  const runtime = testRuntime(stores, { clock: new ManualClock(START) });
  const table = new MemorySegments().table(memoryObjects(), source.layout);
  const parts = { source, table, runtime, settings: { publishMs: 0 } };
  const listener = { assigned() {}, async revoked() {} };
  const membership = await stores.transport.join(source.name, visitEvents.name, listener);
  await ownerOfRollup(parts, rollupShared(parts), 0, membership).turn(0);

  const spans = inTrace(exported);
  const counted = named(spans, `process ${source.name}`);
  assert.equal(counted.attributes['tributary.outcome'], 'counted');
  assert.deepEqual(below(spans, counted), [`publish ${table.name}`]);
  const published = named(spans, `publish ${table.name}`);
  assert.deepEqual(below(spans, published), ['write segments', 'commit']);
  assert.deepEqual(above(spans, published), [`process ${source.name}`]);
  const whole = exported
    .getFinishedSpans()
    .filter(({ name, parentSpanContext }) => name === `publish ${table.name}` && parentSpanContext === undefined);
  assert.deepEqual(
    whole.map(({ links }) => links.map(({ context }) => context.spanId)),
    [[counted.spanContext().spanId]],
  );
});
