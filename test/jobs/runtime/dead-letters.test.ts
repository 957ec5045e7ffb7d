import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_TENANT } from '../../../core/event.ts';
import { emit, type Job } from '../../../jobs/define.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import {
  added,
  addUp,
  changed,
  dropped,
  emptied,
  itemCache,
  moved,
  partIndex,
  partsByColour,
  polished,
  summed,
} from './add-up.ts';
import { type Bench, bench } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';

const add = (partId: string, amount = 1, rest: object = {}) =>
  [added, { thingId: 't', partId, amount, ...rest }] as const;
const fails = (): never => {
  throw new Error('a mistake');
};

/** The job fails only for the part `bad`, whose record is between two good ones. */
async function withBadPart(b: Bench, job: Job, code: string, message: RegExp): Promise<void> {
  await b.produce(add('before'), add('bad'), add('after'), add('before', 2));
  await b.run({ job });
  assert.deepEqual(await b.deadLetters(), [`${code}@0:1`]);
  const [letter] = await b.deadLetterRecords();
  assert.match(String(letter?.headers[DEAD_LETTER.message]), message);
  assert.deepEqual(await b.sums(), ['t/after=1', 't/before=3']);
  assert.deepEqual(await b.emittedSums(job), ['t/before=1', 't/after=1', 't/before=3']);
  for (const batch of b.reported('batch')) assertAddsUp(batch);
  assert.deepEqual(
    b.reported('dead-letter').map((event) => [event.offset, event.code]),
    [[1, code]],
  );
}

function assertAddsUp(batch: ReturnType<typeof Bench.prototype.reported<'batch'>>[number]): void {
  const skipped = Object.values(batch.skipped).reduce((a, b) => a + b);
  assert.equal(batch.applied + skipped + batch.rejected + batch.routed, batch.records);
}

const isBad = (data: unknown) => (data as { partId?: string }).partId === 'bad';

const failing: Readonly<Record<string, Partial<Job>>> = {
  key: { key: (event) => (isBad(event.data) ? fails() : addUp.key(event)) },
  lookups: { lookups: (key) => (isBad(key) ? fails() : {}) },
  fold: {
    fold: {
      'thing.added': (row, event, found) =>
        isBad(event.data) ? fails() : addUp.fold['thing.added']?.(row, event, found),
    },
  },
  react: { react: (...args) => (isBad(args[2].data) ? fails() : addUp.react(...args)) },
  view: {
    views: addUp.views.map((view) => ({
      ...view,
      record: (row, ...rest) => (isBad(row) ? fails() : view.record(row, ...rest)),
    })),
  },
};

for (const [name, functions] of Object.entries(failing)) {
  test(`a ${name} that throws dead-letters its record, and the partition goes on`, async (t) => {
    await withBadPart(await bench(t), changed(functions), 'JOB_FAILED', /a mistake/);
  });
}

test('a row whose view failed is unchanged, so that the record can be replayed when the job is fixed', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad', 5));
  await b.run({ job: changed(failing['view'] as Partial<Job>) });
  assert.equal(await b.row('t', 'bad'), undefined);
  await b.produce(add('bad', 5));
  await b.run();
  assert.deepEqual(await b.sums(), ['t/bad=5']);
});

test('a view that fails at a row written by an earlier attempt loses no event', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad', 5));
  const crash: Hook = async (name, go) => (name === 'claim.commit' ? fails() : go());
  await assert.rejects(b.run({ hook: crash }), /a mistake/);
  await b.run({ job: changed(failing['view'] as Partial<Job>) });
  assert.deepEqual(await b.emittedSums(), ['t/bad=5']);
  assert.deepEqual(await b.deadLetters(), ['JOB_FAILED@0:0']);
});

test('a view with an invalid key dead-letters its record', async (t) => {
  const nameless = addUp.views.map((view) => ({
    ...view,
    record: (...args: Parameters<typeof view.record>) => {
      const record = view.record(...args);
      return record && isBad(record) ? { ...record, thingId: '' } : record;
    },
  }));
  await withBadPart(await bench(t), changed({ views: nameless }), 'JOB_FAILED', /thingId of a record of part_search/);
});

test('a fold that rejects dead-letters its record with its own code and message', async (t) => {
  const b = await bench(t);
  await b.produce(add('p'), add('p', -7), add('p', 2));
  await b.run();
  assert.deepEqual(await b.deadLetters(), ['FACT_IMPOSSIBLE@0:1']);
  assert.equal((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message], '-7 cannot be added');
  assert.deepEqual(await b.sums(), ['t/p=3']);
});

test('a dead letter has the bytes and headers of its record, and its position', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', -7));
  const [record] = await b.stores.transport.read('thing.events', 0, 0, 1);
  await b.run();
  const [letter] = await b.deadLetterRecords();
  assert.deepEqual(letter?.key, record?.key);
  assert.deepEqual(letter?.value, record?.value);
  assert.deepEqual(letter?.headers, {
    ...record?.headers,
    'tributary-code': 'FACT_IMPOSSIBLE',
    'tributary-message': '-7 cannot be added',
    'tributary-job': 'add-up',
    'tributary-topic': 'thing.events',
    'tributary-partition': '0',
    'tributary-offset': '0',
    'tributary-timestamp': String(record?.timestamp),
  });
});

test('headers of a record with our names are not used as those of its dead letter', async (t) => {
  const b = await bench(t);
  await b.produce(add('p', -7));
  const [record] = await b.stores.transport.read('thing.events', 0, 0, 1);
  const forged = Object.fromEntries(Object.values(DEAD_LETTER).map((name) => [name, 'forged']));
  const headers = { ...record?.headers, ...forged };
  await b.stores.transport.produce([{ ...(record as LogRecord), topic: 'thing.events', headers }]);
  await b.run();
  const [plain, other] = await b.deadLetterRecords();
  assert.deepEqual(other?.headers, { ...plain?.headers, 'tributary-offset': '1' });
});

test('a job that emits an event of another topic, of a wrong shape, or without a key fails at that record alone', async (t) => {
  const samples: Readonly<Record<string, [unknown, RegExp]>> = {
    'of another topic': [emit(added, { thingId: 't', partId: 'p', amount: 1 }), /none of the topics/],
    'of a wrong shape': [{ kind: 'emit', type: summed.type, data: { thingId: 't', partId: 'p', sum: 'much' } }, /sum/],
    'without a key': [
      { kind: 'emit', type: summed.type, data: { thingId: '', partId: 'p', sum: 1 } },
      /the key of sum.summed/,
    ],
  };
  for (const [name, [output, message]] of Object.entries(samples)) {
    await t.test(name, async (t) => {
      const job = changed({
        react: (...args) => (isBad(args[2].data) ? ([output] as ReturnType<Job['react']>) : addUp.react(...args)),
      });
      await withBadPart(await bench(t), job, 'JOB_FAILED', message);
    });
  }
});

test('a key that no store can hold is rejected', async (t) => {
  const job = changed({ key: ({ data }) => ({ thingId: 't', partId: isBad(data) ? '' : String(data['partId']) }) });
  await withBadPart(await bench(t), job, 'KEY_INVALID', /data.partId/);
});

test('of several rows, those that accept the event are written though another rejects it', async (t) => {
  for (const [fromPart, toPart] of [
    ['bad', 'good'],
    ['good', 'bad'],
  ]) {
    const b = await bench(t);
    const job = changed({
      fold: {
        'thing.moved': (row, event, found) => (isBad(row) ? fails() : addUp.fold['thing.moved']?.(row, event, found)),
      },
    });
    await b.produce(add('bad'), add('good'), [moved, { thingId: 't', fromPart, toPart }]);
    await b.run({ job });
    assert.deepEqual(await b.deadLetters(), ['JOB_FAILED@0:2']);
    assert.deepEqual(await b.sums(), ['t/bad=1', toPart === 'good' ? 't/good=2' : 't/good=0']);
    for (const batch of b.reported('batch')) assertAddsUp(batch);
  }
});

// ---- what stores refuse ----

/** Rows and views of the part `bad` are always refused. */
const refusing = (call: string, target?: string): Hook => refusingKeys('bad', call, target);

test('a row that its store refuses dead-letters its record, and its neighbours are applied', async (t) => {
  const b = await bench(t);
  await b.produce(add('before'), add('bad'), add('after'), add('before', 2), add('bad', 3));
  await b.run({ hook: refusing('tables.write') });
  assert.deepEqual(await b.deadLetters(), ['ROW_REFUSED@0:1', 'ROW_REFUSED@0:4']);
  assert.match(
    String((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message]),
    /row default\/t\/bad of parts.*too large/,
  );
  assert.deepEqual(await b.sums(), ['t/after=1', 't/before=3']);
  assert.deepEqual(await b.emittedSums(), ['t/before=1', 't/after=1', 't/before=3']);
  for (const batch of b.reported('batch')) assertAddsUp(batch);
});

test('a record of several rows, one of which is refused, is applied to the others, and its dead letter names that row', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad'), add('good'));
  await b.run();
  await b.produce([moved, { thingId: 't', fromPart: 'bad', toPart: 'good' }], add('good'));
  await b.run({ hook: refusing('tables.write') });
  assert.deepEqual(await b.deadLetters(), ['ROW_REFUSED@0:2']);
  assert.deepEqual(await b.emittedSums(), ['t/bad=1', 't/good=1', 't/good=2', 't/good=3']);
  assert.deepEqual(await b.sums(), ['t/bad=1', 't/good=3']);
});

test('a fold that makes a row with another key fails at that record alone', async (t) => {
  const job = changed({
    fold: {
      'thing.added': (row, event, found) => {
        const part = addUp.fold['thing.added']?.(row, event, found) as object;
        return isBad(part) ? { ...part, partId: 'worse' } : { ...part };
      },
    },
  });
  await withBadPart(await bench(t), job, 'JOB_FAILED', /the key field partId of the row default\/t\/bad cannot change/);
});

test('what a row rejects is dead-lettered after a crash too, though the row has applied later records', async (t) => {
  for (const maxRecords of [1, 1000]) {
    const b = await bench(t);
    await b.produce(add('p'), add('p', -1), add('p', 2), add('p', -2));
    const crash: Hook = async (name, go) => (name === 'claim.commit' ? fails() : go());
    await assert.rejects(b.run({ hook: crash }), /a mistake/);
    await b.run({ settings: { maxRecords } });
    assert.deepEqual(await b.deadLetters(), ['FACT_IMPOSSIBLE@0:1', 'FACT_IMPOSSIBLE@0:3']);
    assert.deepEqual(await b.sums(), ['t/p=3']);
    for (const batch of b.reported('batch')) assertAddsUp(batch);
  }
});

for (const view of [partsByColour, itemCache, partIndex]) {
  const call = { table: 'tables.apply', cache: 'cache.apply', index: 'search.apply' }[view.kind];
  test(`a ${view.kind} that refuses a view's record dead-letters the record of the log, and the partition goes on`, async (t) => {
    const b = await bench(t);
    const part = (partId: string, amount = 1) => add(partId, amount, { colour: 'red', items: ['nut'] });
    await b.produce(part('before'), part('bad'), part('after'), part('before', 2));
    await b.run({ hook: refusing(call, view.name) });
    assert.deepEqual(await b.deadLetters(), ['VIEW_REFUSED@0:1']);
    assert.match(
      String((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message]),
      new RegExp(`^${view.name} refused default/.*bad`),
    );
    assert.deepEqual(await b.sums(), ['t/after=1', 't/bad=1', 't/before=3']);
    const [batch] = b.reported('batch');
    assert.deepEqual([batch?.records, batch?.applied, batch?.rejected], [4, 3, 1]);
  });
}

test('a view that is refused again after a crash has its dead letter', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad'));
  const refuses = refusing('search.apply');
  const crash: Hook = async (name, go, args) => (name === 'claim.commit' ? fails() : refuses(name, go, args));
  await assert.rejects(b.run({ hook: crash }), /a mistake/);
  await b.run({ hook: refuses });
  assert.deepEqual(await b.deadLetters(), ['VIEW_REFUSED@0:0']);
  assert.deepEqual(await b.emittedSums(), ['t/bad=1']);
});

test('the views of a row that was written before a crash are written though its store refuses the row to the next owner', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad', 5));
  const crash: Hook = async (name, go) => (name === 'search.apply' ? fails() : go());
  await assert.rejects(b.run({ hook: crash }), /a mistake/);
  await b.run({ hook: refusing('tables.write') });
  assert.deepEqual(await b.deadLetters(), []);
  const page = await b.stores.search.search(partIndex, { tenant: DEFAULT_TENANT, words: '', limit: 10 });
  assert.deepEqual(
    page.items.map(({ partId, sum }) => [partId, sum]),
    [['bad', 5]],
  );
});

test('two views of one record that are refused are one dead letter', async (t) => {
  const b = await bench(t);
  await b.produce(add('bad', 1, { items: ['nut', 'bolt'] }));
  const [first, second] = [refusing('search.apply'), refusing('cache.apply')];
  await b.run({ hook: (name, go, args) => first(name, () => second(name, go, args) as Promise<unknown>, args) });
  assert.deepEqual(await b.deadLetters(), ['VIEW_REFUSED@0:0']);
});

test('every kind of record has exactly one outcome in the counts', async (t) => {
  const b = await bench(t);
  await b.produce(
    add('p', 1, { colour: 'red' }),
    add('p', -1),
    [emptied, { thingId: 'nothing' }],
    [polished, { partId: 'nobody', amount: 1 }],
    [dropped, { thingId: 't', partId: 'gone' }],
  );
  await b.run();
  const [batch] = b.reported('batch');
  assert.deepEqual(
    [batch?.records, batch?.applied, batch?.rejected, batch?.routed, batch?.skipped],
    [5, 1, 1, 0, { unwanted: 0, undeclared: 0, repeated: 0, unchanged: 3, 'not-ours': 0 }],
  );
});
