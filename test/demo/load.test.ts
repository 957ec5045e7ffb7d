import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LOAD_TOPICS, type Load, type LoadEvent, loadEvents } from '../../demo/load/events.ts';
import { dueBy, SHAPES, timeOf } from '../../demo/load/shape.ts';
import { memoryStores } from '../../testing/stores.ts';
import { recordsOf } from '../../topics/codec/given-event.ts';
import { reportEvents, topics } from '../../topics/index.ts';

const DAY_MS = 24 * 3_600_000;
const steady = { shape: 'steady', rate: 100, dayMs: DAY_MS } as const;
const LOAD: Load = { seed: 7, learners: 60, tenant: 'default', start: Date.UTC(2026, 2, 1), schedule: steady };

function taken(load: Load, count: number): LoadEvent[] {
  const source = loadEvents(load);
  return Array.from({ length: count }, () => source.next().value as LoadEvent);
}

const contentOf = ({ event: { type, data } }: LoadEvent) => ({ type, data });

test('the same seed and start are the same events, with the same ids', () => {
  assert.deepEqual(taken(LOAD, 3000), taken(LOAD, 3000));
  assert.deepEqual(taken(LOAD, 3000).slice(0, 50), taken(LOAD, 50));
});

test('no two events of loads have one id, whatever differs: number, seed or start', () => {
  const loads = [LOAD, { ...LOAD, seed: 8 }, { ...LOAD, start: LOAD.start + 1 }];
  const ids = loads.flatMap((load) => taken(load, 1000).map(({ event }) => event.id));
  assert.equal(new Set(ids).size, 3000);
});

test('another seed is another platform', () => {
  const learners = (seed: number) =>
    new Set(taken({ ...LOAD, seed }, 1000).flatMap(({ event }) => (event.data as { userId?: string }).userId ?? []));
  const [one, other] = [learners(7), learners(8)];
  assert.ok(one.size > 10);
  assert.deepEqual(
    [...one].filter((learner) => other.has(learner)),
    [],
  );
});

test('the rate changes when events happen, and not what they say', () => {
  const fast = taken({ ...LOAD, schedule: { ...steady, rate: 1000 } }, 500);
  assert.deepEqual(fast.map(contentOf), taken(LOAD, 500).map(contentOf));
  assert.equal(fast[100]?.event.time, '2026-03-01T00:00:00.100Z');
});

test('every event is right for its topic, and every topic of a platform has some', async (t) => {
  const stores = await memoryStores([], { topics, partitions: 6 });
  t.after(() => stores.close());
  const seen = new Set<string>();
  for (const { topic, event } of taken(LOAD, 60_000)) {
    const made = recordsOf(event, { topic, partitions: 6, codec: stores.codec, now: () => LOAD.start });
    assert.equal(made.kind, 'records', JSON.stringify([made, event]));
    if (made.kind === 'records') assert.deepEqual(made.unknown, []);
    seen.add(topic.name);
  }
  assert.deepEqual([...seen].sort(), LOAD_TOPICS.map(({ name }) => name).sort());
  const unsaid = topics.filter((topic) => !LOAD_TOPICS.includes(topic));
  assert.deepEqual(unsaid, [reportEvents], 'only what report workers say is left out');
});

test('all learners arrive, enrol once at first, and complete contents in their order', () => {
  const events = taken(LOAD, 20_000).map(contentOf) as { type: string; data: Record<string, string> }[];
  const enrolled = events.filter(({ type }) => type === 'enrollment.enrolled');
  assert.equal(new Set(enrolled.map(({ data }) => data['userId'])).size, LOAD.learners);
  const started = new Set<string>();
  for (const { type, data } of events) {
    if (type !== 'enrollment.content-progressed') continue;
    const what = `${data['userId']} ${data['contentId']}`;
    if (data['status'] === 'started') started.add(what);
    else assert.ok(started.has(what), `${what} was opened before it was completed`);
  }
  assert.ok(events.some(({ type }) => type === 'certificate.requested'));
});

const anySchedule = fc.record({
  shape: fc.constantFrom(...SHAPES),
  rate: fc.integer({ min: 1, max: 100_000 }),
  dayMs: fc.integer({ min: 60_000, max: DAY_MS }),
});

test('an event is due at its time and not a ms earlier, in every shape', () => {
  fc.assert(
    fc.property(anySchedule, fc.nat({ max: 10_000_000 }), (schedule, n) => {
      const at = timeOf(schedule, n);
      assert.ok(dueBy(schedule, at) > n);
      assert.ok(at === 0 || dueBy(schedule, at - 1) <= n);
    }),
  );
});

test('every shape keeps its rate over whole minutes, and over whole days', () => {
  for (const shape of SHAPES) {
    const schedule = { shape, rate: 50, dayMs: 600_000 };
    for (const days of [1, 2, 1000]) assert.equal(dueBy(schedule, days * 600_000 - 1), 50 * 600 * days, shape);
  }
});

test('a burst has four times the rate, and the middle of a day nine times that of its beginning', () => {
  const between = (shape: (typeof SHAPES)[number], from: number, to: number): number => {
    const schedule = { shape, rate: 1000, dayMs: DAY_MS };
    return dueBy(schedule, to) - dueBy(schedule, from);
  };
  assert.equal(between('bursty', 60_000, 70_000), 40_000);
  assert.equal(between('bursty', 70_000, 120_000), 20_000);
  const ratio = between('daily', DAY_MS / 2, DAY_MS / 2 + 60_000) / between('daily', 0, 60_000);
  assert.ok(Math.abs(ratio - 9) < 0.01, String(ratio));
});
