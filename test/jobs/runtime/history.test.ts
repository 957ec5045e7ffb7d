/** What became of each record that concerns a row: `jobs/runtime/rows/history/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT, defineEvent, timerFired } from '../../../core/event.ts';
import { defineTable, type TableDef } from '../../../core/target.ts';
import { defineJob, type Job, reject, wakeAt } from '../../../jobs/define.ts';
import { Forgotten } from '../../../jobs/runtime/forgotten.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import type { HistoryEntry } from '../../../jobs/runtime/rows/history/judge.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { testRuntime } from '../../../testing/stores.ts';
import { deadLetterTopic, defineTopic } from '../../../topics/define.ts';
import type { EmbeddedTransport } from '../../../topics/embedded/transport.ts';
import { type History, historyIn } from '../../harness/histories.ts';
import { added, addUp, changed, dropped, emptied, moved, polished, summed, sums, things, unread } from './add-up.ts';
import { type Bench, bench, type Given, rest, START } from './bench.ts';
import { countSums } from './count-sums.ts';
import { type Hook, intercept } from './intercept.ts';
import { add, replayAll } from './replays.ts';

const KEY = [DEFAULT_TENANT, 't', 'p'];

const of = (b: Bench, key = KEY, job = b.jobs[0] ?? addUp): Promise<History> => historyIn(job, key, b.runtime());

/** The entries as `offset outcome`, with the error code or the change of the sum. */
const lines = ({ entries }: History): string[] =>
  entries.map(({ record, verdict, code, changes }) => {
    const sum = changes.find(({ field }) => field === 'sum');
    return [record.offset, verdict, code, sum && `${sum.before}->${sum.after}`]
      .filter((part) => part !== undefined)
      .join(' ');
  });

type Fold = Job['fold'][string];

const moveTo = (toPart: string): Given => [moved, { thingId: 't', fromPart: 'p', toPart }];

test('the records that made a row are told in order, with what each changed and what followed', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 10), add('q', 1), add('p', 5, 'other'), moveTo('q'), [unread, { thingId: 't' }]);
  await b.produce(
    [polished, { partId: 'p', amount: 3 }],
    [polished, { partId: 'z', amount: 3 }],
    [emptied, { thingId: 't' }],
  );
  await b.produce(add('p', -1), [dropped, { thingId: 't', partId: 'p' }], add('p', 4));
  await b.run();
  const history = await of(b);
  assert.deepEqual(lines(history), [
    '0 applied null->10',
    '3 applied 10->9',
    '4 unwanted',
    '5 applied 9->12',
    '7 applied 12->0',
    '8 rejected FACT_IMPOSSIBLE',
    '9 applied 0->null',
    '10 applied null->4',
  ]);
  assert.deepEqual(history.differences, []);
  const [first] = history.entries as [HistoryEntry];
  assert.deepEqual([first.id, first.type, first.time, first.follows], ['e-0', 'thing.added', START, ['sum.summed']]);
  assert.deepEqual(history.standing.at, [[0, 10]]);
});

test('what the job has not read is told, and not folded', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 1));
  await b.run();
  await b.produce(add('p', 2), add('q', 2));
  const history = await of(b);
  assert.deepEqual(lines(history), ['0 applied null->1', '1 not-read']);
  assert.deepEqual(history.differences, []);
});

test('what a row applied before the commit failed is among what made it', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 1), add('p', 2));
  const halt: Hook = async (name, go) => {
    if (name === 'claim.commit') throw new Error('a crash');
    return go();
  };
  await assert.rejects(b.run({ hook: halt }), { message: 'a crash' });
  const history = await of(b);
  assert.deepEqual([history.standing.next, lines(history)], [undefined, ['0 applied null->1', '1 applied 1->3']]);
  assert.deepEqual([history.differences, history.standing.pending], [[], 2]);
});

test('an event that its job emitted again is a repeat, and only where it concerns the row', async (t) => {
  const b = await bench(t, { jobs: [countSums] });
  const say = async (origin: number, thingId: string): Promise<void> => {
    const data = { thingId, partId: 'p', sum: 1 };
    const [record] = recordsOf(b.stores.codec, { topic: sums, def: summed, data, id: 'repeated', time: START }, 1);
    if (record === undefined) assert.fail();
    const headers = { ...record.headers, ce_origin: `add-up/thing.events/0/${origin}/0` };
    await b.stores.transport.produce([{ ...record, headers }]);
  };
  for (const [origin, thing] of [
    [1, 't'],
    [2, 'u'],
    [1, 't'],
    [2, 'u'],
    [3, 't'],
  ] as const)
    await say(origin, thing);
  await b.run();
  const { entries, differences } = await of(b, [DEFAULT_TENANT, 't']);
  assert.deepEqual(
    entries.map(({ record, verdict }) => `${record.offset} ${verdict}`),
    ['0 applied', '2 repeated', '4 applied'],
  );
  assert.deepEqual(differences, []);
});

test('a record that cannot be read is told by its key, with the code of its dead letter', async (t) => {
  const b = await bench(t);
  const [good] = recordsOf(
    b.stores.codec,
    { topic: things, def: added, data: { thingId: 't', partId: 'p', amount: 1 }, id: 'e', time: START },
    1,
  );
  if (good === undefined) assert.fail();
  await b.stores.transport.produce([
    { ...good, value: Buffer.from('{'), headers: { ...good.headers, 'content-type': 'application/json' } },
    { ...good, headers: { ...good.headers, ce_tenant: 'acme' }, value: null },
  ]);
  await b.run();
  const history = await of(b);
  assert.deepEqual(lines(history), ['0 rejected VALUE_UNREADABLE']);
  assert.deepEqual(history.entries[0]?.id, 'e');
  assert.deepEqual((await b.deadLetters())[0], 'VALUE_UNREADABLE@0:0');
});

test('a record that was rejected is told as the job judges it now, and its replay as well', async (t) => {
  const b = await bench(t);
  const strict = changed({ fold: { 'thing.added': () => reject('FACT_IMPOSSIBLE', 'not today') } });
  await b.produce(add('p', 7), add('q', 1));
  await b.run({ job: strict });
  await replayAll(b);
  await b.run();
  const once = await of(b);
  assert.deepEqual(lines(once), ['0 applied null->7', '2 applied 7->14']);
  assert.deepEqual(once.differences, [{ field: 'sum', before: 14, after: 7 }]);
});

test('an event of before what was applied is told to be older', async (t) => {
  const unlessNothing: Fold = (row, event, found) =>
    event.data['amount'] === 0 ? row : addUp.fold['thing.added']?.(row, event, found);
  const job = changed({ fold: { 'thing.added': unlessNothing } });
  const b = await bench(t, { jobs: [job] });
  await b.produce(add('p', 1), [added, { thingId: 't', partId: 'p', amount: 0 }, { time: START - 5000 }], add('p', 0));
  await b.run();
  const { entries } = await of(b);
  assert.deepEqual(
    entries.map(({ verdict, isOlder }) => [verdict, isOlder]),
    [
      ['applied', false],
      ['unchanged', true],
      ['unchanged', false],
    ],
  );
});

test('timers that are set and fire are told, and one that is no longer pending changes nothing', async (t) => {
  const react: Job['react'] = (_before, after, { type, time }) =>
    after === undefined || type === timerFired.type ? [] : [wakeAt('soon', time + 500)];
  const wakes = changed({ react });
  const b = await bench(t, { jobs: [wakes] });
  await b.produce(add('p', 1));
  await b.run();
  b.clock.advance(10_000);
  await b.run();
  const history = await of(b);
  assert.deepEqual(lines(history), ['0 applied null->1', '1 applied 1->1001']);
  const timers = history.entries.map(({ changes }) => changes.filter(({ field }) => field === 'timers'));
  assert.deepEqual(timers, [
    [{ field: 'timers', entry: 'soon', before: null, after: START + 500 }],
    [{ field: 'timers', entry: 'soon', before: START + 500, after: null }],
  ]);
  assert.deepEqual(history.differences, []);
});

test('a row that its records did not make is told field by field', async (t) => {
  const b = await bench(t);
  await b.produce([added, { thingId: 't', partId: 'p', amount: 3, items: ['nut'] }]);
  await b.run();
  const [row] = await b.stores.tables.read(addUp.row as TableDef, [KEY]);
  if (row?.data === undefined) assert.fail();
  const version = { ...row.version, revision: row.version.revision + 1 };
  await b.stores.tables.write(addUp.row, [
    { ...row, version, data: { ...row.data, sum: 99 }, partition: 0, whole: true },
  ]);
  const { differences, isOnlyOne } = await of(b);
  assert.deepEqual([differences, isOnlyOne], [[{ field: 'sum', before: 3, after: 99 }], false]);
});

test('a long partition is read in pages, and no page is kept', async (t) => {
  const b = await bench(t);
  const other = Array.from({ length: 1200 }, (_, i) => add('q', i));
  await b.produce(add('p', 1), ...other, add('p', 2));
  await b.run();
  const pages: number[] = [];
  const watched = intercept(b.stores, async (name, go) => {
    const answer = await go();
    if (name === 'transport.read') pages.push((answer as readonly unknown[]).length);
    return answer;
  });
  const history = await historyIn(addUp, KEY, testRuntime(watched, { clock: b.clock }));
  assert.deepEqual(lines(history), ['0 applied null->1', '1201 applied 1->3']);
  assert.deepEqual(pages, [512, 512, 178]);
});

test('a topic that was expanded after its job began is refused, since older records may lie elsewhere', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 1));
  const runtime = b.runtime();
  const membership = await runtime.stores.transport.join(addUp.name, things.name, {
    assigned: () => {},
    revoked: async () => {},
  });
  await rest([ownerOfRows({ job: addUp, partition: 0, membership, runtime, lookups: lookupsFor(runtime) })]);
  // A topic is expanded only while no job reads it.
  await membership.leave();
  const wanted = { partitions: 2, retentionMs: things.retentionMs };
  await (b.stores.transport as EmbeddedTransport).topics.apply([
    { name: things.name, groups: [addUp.name], ...wanted },
    { name: deadLetterTopic(things.name), groups: [], ...wanted },
  ]);
  await assert.rejects(of(b), { code: 'USAGE', message: /thing\.events was expanded since add-up began/ });
});

test('where there is neither a row nor a record, nothing is told', async (t) => {
  const b = await bench(t);
  await b.produce(add('q', 1));
  const history = await of(b);
  assert.deepEqual([history.entries, history.standing.row, history.isOnlyOne], [[], undefined, false]);
});

test('nothing is written, claimed, sent or registered', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', 1), [polished, { partId: 'p', amount: 1 }], [emptied, { thingId: 't' }]);
  await b.run();
  const calls = new Set<string>();
  const watched = intercept(b.stores, (name, go) => {
    calls.add(name);
    return go();
  });
  const { differences } = await historyIn(addUp, KEY, testRuntime(watched, { clock: b.clock }));
  assert.deepEqual(differences, []);
  assert.deepEqual([...calls].sort(), [
    'codec.learn',
    'tables.generations',
    'tables.read',
    'transport.committed',
    'transport.describe',
    'transport.read',
    'transport.shape',
  ]);
});

test('what names a forgotten person is told as the erasure of that person', async (t) => {
  const b = await bench(t, { jobs: [remember] });
  const given = { topic: people, def: came, data: { userId: 'ada' }, id: 'e', time: START };
  await b.stores.transport.produce(recordsOf(b.stores.codec, given, 1));
  await b.run();
  const forgotten = new Forgotten();
  forgotten.add(DEFAULT_TENANT, 'ada');
  const runtime = testRuntime(b.stores, { clock: b.clock, forgotten });
  const { entries, isOnlyOne } = await historyIn(remember, [DEFAULT_TENANT, 'ada'], runtime);
  assert.deepEqual([entries.map(({ verdict }) => verdict), isOnlyOne], [['forgotten'], true]);
});

const user = { name: 'userId', type: 'string', doc: 'The user.', person: true } as const;
const came = defineEvent('person.came', { type: 'record', name: 'Came', fields: [user] }, { userId: 'u' });
const people = defineTopic({ name: 'person.events', doc: 'Who came.', key: 'userId', events: [came], broadcasts: [] });
const remember = defineJob({
  name: 'remember',
  doc: 'Remembers who came.',
  from: people,
  on: [came],
  to: [],
  row: defineTable({
    name: 'remembered',
    doc: 'Who came.',
    key: ['userId'],
    record: { type: 'record', name: 'Remembered', fields: [user] },
  }),
  key: ({ data }) => ({ userId: data.userId }),
  fold: { 'person.came': (row, { data }) => row ?? data },
});
