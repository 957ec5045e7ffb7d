/** A fired timer continues the trace of the event that set it. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { Job, Output } from '../../../jobs/define.ts';
import { sleep, wakeAt } from '../../../jobs/define.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { above, below, exporter, inTrace, named, PARENT } from '../../harness/spans.ts';
import { added, changed, things } from './add-up.ts';
import { type Bench, bench, START } from './bench.ts';

const MINUTE = 60_000;

/** `colour` names the timer to set or to cancel. Every event and every timer writes a row. */
const job: Job = changed({
  react: (_before, _after, { type, data, time }): Output[] => {
    if (type !== added.type) return [];
    const [wish, name = ''] = String(data['colour']).split(':');
    if (wish === 'wake') return [wakeAt(name, time + 5 * MINUTE)];
    return wish === 'sleep' ? [sleep(name)] : [];
  },
});

let count = 0;
async function produce({ stores }: Bench, colour: string, traced: boolean): Promise<void> {
  count += 1;
  const data = { thingId: 't', partId: 'p', amount: 1, colour };
  const given = { topic: things, def: added, data, id: `e-${count}`, time: START + count };
  const carried = traced ? { ce_traceparent: PARENT } : {};
  const records = recordsOf(stores.codec, given, 1);
  await stores.transport.produce(records.map((one) => ({ ...one, headers: { ...one.headers, ...carried } })));
}

const setUp = (t: TestContext) => bench(t, { jobs: [job] });

/** The traces in the records of fired timers. */
async function fired({ stores }: Bench): Promise<(string | undefined)[]> {
  const records = await stores.transport.read(things.name, 0, 0, 100);
  const timers = records.filter(({ headers }) => headers['ce_type'] === 'timer.fired');
  return timers.map(({ headers }) => headers['ce_traceparent'] as string | undefined);
}

test('a timer that fires goes on with the trace of the event that set it, in whichever process', async (t) => {
  const exported = exporter(t);
  const b = await setUp(t);
  await produce(b, 'wake:tick', true);
  await b.run();
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  const spans = inTrace(exported);
  const [set, applied] = spans.filter(({ name }) => name === 'process add-up');
  assert.ok(set !== undefined && applied !== undefined);
  assert.ok(below(spans, set).includes('fire add-up'));
  assert.deepEqual(above(spans, applied), ['fire add-up', 'process add-up']);
  assert.ok(below(spans, applied).includes('commit'));
  assert.equal(named(spans, 'fire add-up').attributes['messaging.destination.name'], things.name);
});

test('a timer that an event without a trace sets, or sets anew, fires without one', async (t) => {
  const exported = exporter(t);
  const b = await setUp(t);
  await produce(b, 'wake:first', true);
  await produce(b, 'wake:second', true);
  await b.run();
  await produce(b, 'wake:first', false);
  await produce(b, 'nothing', false);
  await b.run();
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  const traces = await fired(b);
  assert.equal(traces.filter((trace) => trace === undefined).length, 1);
  assert.equal(traces.length, 2);
  assert.equal(inTrace(exported).filter(({ name }) => name === 'fire add-up').length, 1);
});

test('a timer that was taken back leaves nothing for the next one of its name', async (t) => {
  exporter(t);
  const b = await setUp(t);
  await produce(b, 'wake:tick', true);
  await produce(b, 'sleep:tick', true);
  await produce(b, 'wake:tick', false);
  await b.run();
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  assert.deepEqual(await fired(b), [undefined]);
});

test('without an SDK, a timer keeps no trace', async (t) => {
  const b = await setUp(t);
  await produce(b, 'wake:tick', true);
  await b.run();
  b.clock.set(START + 60 * MINUTE);
  await b.run();
  assert.deepEqual(await fired(b), [undefined]);
});
