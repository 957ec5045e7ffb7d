/** Records that a topic does not accept. They do not end the worker, and whatever is left out is reported. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TributaryError } from '../../../core/errors.ts';
import { emit } from '../../../jobs/define.ts';
import { DEAD_LETTER, deadLetter } from '../../../jobs/runtime/dead-letter.ts';
import { LimitLearned, Limits } from '../../../jobs/runtime/limits.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { LARGEST_RECORD, LARGEST_VALUE, largestSize, RecordTooLarge } from '../../../topics/log/limits.ts';
import type { Claim, LogRecord, NewRecord } from '../../../topics/log/transport.ts';
import { added, addUp, changed, summed, sums, things } from './add-up.ts';
import { type Bench, bench, START, thingIn } from './bench.ts';
import type { Hook } from './intercept.ts';

const DEAD = `${things.name}.dead-letter`;
const part = { thingId: 't', partId: 'p', amount: 1 };

/** A broker with a largest record size for each topic, in bytes. It may report which topic refused a record. */
function taking(largest: Readonly<Record<string, number>>, saysWhich = true): Hook {
  return async (name, go, args) => {
    if (name !== 'claim.commit') return go();
    const { records } = args[0] as { records: readonly NewRecord[] };
    const over = records.find((record) => largestSize(record) > (largest[record.topic] ?? Number.POSITIVE_INFINITY));
    if (over === undefined) return go();
    if (saysWhich) throw new RecordTooLarge(over.topic, `${over.topic} takes no record of ${largestSize(over)} bytes`);
    throw new TributaryError('RECORD_TOO_LARGE', 'MESSAGE_TOO_LARGE');
  };
}

/** Produces an event whose value was small enough for the log only because it was compressed. */
async function produceValue(b: Bench, value: Uint8Array, headers: NewRecord['headers'] = {}): Promise<LogRecord> {
  const given = { topic: things, def: added, data: part, id: 'large', time: START };
  const [record] = recordsOf(b.stores.codec, given, b.partitions) as [NewRecord];
  const large = { ...record, value, headers: { ...record.headers, 'content-type': 'application/json', ...headers } };
  const [offset] = await b.stores.transport.produce([large]);
  return { ...large, offset: offset as number };
}

const large = (size: number) => Buffer.alloc(size, 'tributary ');
const lengthOf = (letter: LogRecord | undefined) => letter?.headers[DEAD_LETTER.length];

test('a record larger than a topic accepts becomes a dead letter that fits, with its beginning and its position', async (t) => {
  const b = await bench(t);
  const record = await produceValue(b, large(12 * 1024 * 1024));
  await b.produce([added, part]);
  await b.run({ hook: taking({ [DEAD]: LARGEST_RECORD }) });
  const [letter] = await b.deadLetterRecords();
  assert.ok(letter?.value);
  assert.ok(letter.value.length > LARGEST_RECORD * 0.99);
  assert.ok(record.value && Buffer.from(letter.value).equals(record.value.subarray(0, letter.value.length)));
  assert.equal(lengthOf(letter), String(12 * 1024 * 1024));
  assert.deepEqual(await b.deadLetters(), ['RECORD_TOO_LARGE@0:0']);
  for (const name of Object.keys(record.headers)) assert.deepEqual(letter.headers[name], record.headers[name]);
  assert.deepEqual(letter.key, record.key);
  assert.deepEqual(await b.sums(), ['t/p=1']);
  assert.deepEqual(b.reported('waiting'), [], 'no commit was refused');
});

for (const saysWhich of [true, false]) {
  test(`dead letters become smaller until their topic accepts them, down to headers${saysWhich ? '' : ', also when the log does not say which topic it was'}`, async (t) => {
    for (const largest of [3_000_000, 500_000, 50_000, 5000, 2100]) {
      const b = await bench(t);
      await produceValue(b, large(4 * 1024 * 1024));
      await produceValue(b, large(LARGEST_VALUE + 1), { ['x'.repeat(100)]: 'y'.repeat(largest) });
      await b.produce([added, part]);
      await b.run({ hook: taking({ [DEAD]: largest }, saysWhich) });
      const deadLetters = await b.deadLetterRecords();
      assert.deepEqual(await b.deadLetters(), ['VALUE_UNREADABLE@0:0', 'RECORD_TOO_LARGE@0:1'], `${largest}`);
      assert.deepEqual(deadLetters.map(lengthOf), [String(4 * 1024 * 1024), String(LARGEST_VALUE + 1)]);
      assert.deepEqual(await b.emittedSums(), ['t/p=1']);
      assert.equal((await b.stores.transport.lag(addUp.name, things.name))[0]?.lag, 0);
    }
  });
}

test('a limit learned for one topic applies to the whole worker, and other topics keep theirs', async (t) => {
  const b = await bench(t);
  const worker = await b.worker(0, { hook: taking({ [DEAD]: 500_000 }) });
  await produceValue(b, large(600_000));
  while ((await worker.turn(0)) !== 'idle');
  await produceValue(b, large(600_000));
  while ((await worker.turn(0)) !== 'idle');
  assert.equal((await b.deadLetterRecords()).length, 2);
  assert.deepEqual(
    b.reported('waiting').map(({ code, delayMs }) => [code, delayMs]),
    [['LOG_AWAY', 0]],
  );
  assert.match(
    b.reported('waiting')[0]?.message ?? '',
    /^thing\.events\.dead-letter refused.*raise its max\.message\.bytes/,
  );
});

test('a topic keeps its limit when another one that the log names refuses a smaller record', async (t) => {
  const b = await bench(t);
  await produceValue(b, large(150_000));
  await b.produce([added, { ...part, partId: 'wordy' }]);
  await b.run({ job: wordy(200_000), hook: taking({ [DEAD]: 120_000 }) });
  const lengths = (await b.stores.transport.read(sums.name, 0, 0, 10)).map(
    ({ value }) => (value?.length ?? 0) > 200_000,
  );
  assert.deepEqual(lengths, [false, true, false]);
  assert.deepEqual(await b.deadLetters(), ['VALUE_UNREADABLE@0:0']);
});

test('a record that does not become smaller is not retried endlessly without a pause', async () => {
  const commit = () => Promise.reject(new RecordTooLarge('orders', 'MESSAGE_TOO_LARGE'));
  const limits = new Limits();
  const record = { topic: 'orders', partition: 0, key: null, value: large(200_000), headers: {}, timestamp: 0 };
  const errors = [];
  for (let n = 0; n < 10; n++) {
    const attempt = limits.commit({ commit } as unknown as Claim, { records: [record], offset: 1, metadata: '' });
    errors.push(await attempt.catch((error: unknown) => error instanceof LimitLearned));
  }
  assert.deepEqual(errors, [true, true, true, ...Array(7).fill(false)]);
});

test('a topic that accepts nothing at all is waited for, and ends no process', async (t) => {
  const b = await bench(t);
  await produceValue(b, large(10));
  const worker = await b.worker(0, { hook: taking({ [DEAD]: 1 }) });
  const attempts = async () => {
    for (;;) await worker.turn(0);
  };
  await assert.rejects(attempts, {
    code: 'LOG_AWAY',
    kind: 'retry',
    message: /does not take a record of .* max\.message\.bytes/,
  });
});

const wordy = (length: number) =>
  changed({
    react: (before, after, event, found) => {
      if (event.data['partId'] !== 'wordy') return addUp.react(before, after, event, found);
      return [
        emit(summed, { thingId: 't', partId: 'first', sum: 1 }),
        emit(summed, { thingId: 't', partId: 'x'.repeat(length), sum: 2 }),
        emit(summed, { thingId: 't', partId: 'last', sum: 3 }),
      ];
    },
  });

test('a row that would emit more than an event may contain rejects the record, and stays unchanged', async (t) => {
  const b = await bench(t);
  await b.produce([added, { ...part, partId: 'wordy' }], [added, part]);
  await b.run({ job: wordy(LARGEST_VALUE + 1) });
  assert.deepEqual(await b.deadLetters(), ['RECORD_TOO_LARGE@0:0']);
  assert.match(
    String((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message]),
    /^sum\.summed.* bytes, and sum\.events takes/,
  );
  assert.deepEqual(await b.sums(), ['t/p=1']);
  assert.deepEqual(await b.emittedSums(), ['t/p=1']);
});

test('an event that its topic does not accept is left out with a dead letter, and later ones keep their index', async (t) => {
  const b = await bench(t);
  const job = wordy(200_000);
  await b.produce([added, { ...part, partId: 'wordy' }], [added, part]);
  await b.run({ job, hook: taking({ [sums.name]: 150_000 }) });
  assert.deepEqual(await b.deadLetters(), ['RECORD_TOO_LARGE@0:0']);
  assert.match(
    String((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message]),
    /the row was written, and this event was not sent/,
  );
  assert.deepEqual(await b.emittedSums(job), ['t/first=1', 't/last=3', 't/p=1']);
  const records = await b.stores.transport.read(sums.name, 0, 0, 10);
  assert.deepEqual(
    records.map(({ headers }) => String(headers['ce_origin']).split('/').slice(2).join('/')),
    ['0/0/0', '0/0/2', '0/1/0'],
  );
  assert.deepEqual(await b.sums(), ['t/p=1', 't/wordy=1']);

  await b.produce([added, { ...part, partId: 'wordy' }]);
  const worker = await b.worker(0, { job, hook: taking({ [sums.name]: 150_000 }) });
  while ((await worker.turn(0)) !== 'idle');
  await b.produce([added, { ...part, partId: 'wordy' }]);
  while ((await worker.turn(0)) !== 'idle');
  assert.deepEqual(await b.sums(), ['t/p=1', 't/wordy=2'], 'a worker that knows the limit leaves the row as it is');
});

test('a record that is too large to be forwarded to its partition is a dead letter', async (t) => {
  const b = await bench(t, { partitions: 2 });
  const thingId = thingIn(b, 1);
  const data = { thingId, partId: 'p', amount: 1, items: ['x'.repeat(200_000)] };
  const [record] = recordsOf(b.stores.codec, { topic: things, def: added, data, id: 'a', time: START }, 2) as [
    NewRecord,
  ];
  await b.stores.transport.produce([{ ...record, partition: 0 }]);
  await b.run({ hook: taking({ [things.name]: 150_000, [DEAD]: 150_000 }) });
  assert.deepEqual(await b.deadLetters(), ['RECORD_TOO_LARGE@0:0']);
  assert.match(String((await b.deadLetterRecords())[0]?.headers[DEAD_LETTER.message]), /too large to be sent on/);
  assert.deepEqual(await b.sums(), []);
  const counts = b.reported('batch').map(({ records, rejected, routed }) => [records, rejected, routed]);
  assert.deepEqual(counts, [[1, 1, 0]]);
});

test('a dead letter keeps what matters most: reason and position, then rows, then key and headers, then the value', () => {
  const record = {
    ...{ partition: 3, offset: 7, timestamp: 5, key: Buffer.from('key'), value: large(1000) },
    headers: { small: 'header', ['large']: large(3000) },
  };
  const rows = Array.from({ length: 100 }, (_, n) => ['default', 't', `part-${n}`]);
  const assignment = { job: 'add-up', topic: things.name, partition: 3 };
  const of = (limit: number) =>
    deadLetter(
      { record, code: 'JOB_FAILED', message: 'no', rows },
      { assignment, partitions: () => 6, limit: () => limit, now: 9 },
    );
  const kept = (limit: number) => {
    const { headers, key, value } = of(limit);
    assert.ok(largestSize(of(limit)) <= limit, `${limit}`);
    assert.deepEqual([headers[DEAD_LETTER.code], headers[DEAD_LETTER.offset]], ['JOB_FAILED', '7']);
    return [
      headers[DEAD_LETTER.rows] !== undefined,
      headers[DEAD_LETTER.unnamed],
      ...[key !== null, 'small' in headers, 'large' in headers, value?.length, headers[DEAD_LETTER.length]],
    ];
  };
  assert.deepEqual(kept(10_000), [true, undefined, true, true, true, 1000, undefined]);
  assert.deepEqual(kept(6400).slice(0, 5), [true, undefined, true, true, true]);
  assert.deepEqual(kept(5000), [true, undefined, true, true, false, 1000, '1000']);
  assert.deepEqual(kept(2000).slice(0, 5), [false, '100', true, true, false]);
});
