import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { formatAt } from '../../../jobs/runtime/rows/position.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { deadLetterTopic } from '../../../topics/define.ts';
import { shortId } from '../../../topics/log/origin.ts';
import type { NewRecord, TopicShape } from '../../../topics/log/transport.ts';
import { added, addUp, parts, sums, things } from './add-up.ts';
import { type Bench, bench, START } from './bench.ts';
import type { Hook } from './intercept.ts';

const DAY = 24 * 60 * 60 * 1000;
const add = (time = START) => [added, { thingId: 't', partId: 'p', amount: 1 }, { time }] as const;

async function storeRow(b: Bench, offset: number): Promise<void> {
  const version = { token: 1, revision: 100 };
  const key = ['default', 't', 'p'];
  const [info] = await b.stores.transport.shape([things.name]);
  const at = formatAt([[0, offset]], shortId(info?.id));
  await b.stores.tables.write(parts, [
    { key, version, at, outbox: '', timers: {}, data: undefined, partition: 0, whole: true },
  ]);
}

test('a row that has applied a record that the log does not have is fatal, and the message says what to do', async (t) => {
  const b = await bench(t);
  await storeRow(b, 41);
  await b.produce(add());
  await assert.rejects(b.run(), {
    code: 'POSITION_BEYOND_LOG',
    kind: 'fatal',
    message:
      /^add-up: a row of .* has applied offset 41 of partition 0 of thing.events, which ends before it, .*restore it; or empty the tables of add-up .*`tributary offsets seek add-up --all --to-begin --restored --apply`$/,
  });
  await assert.rejects((await b.worker()).run(new AbortController().signal), { code: 'POSITION_BEYOND_LOG' });
});

test('a row that is ahead of what was read, but not of the log, is not', async (t) => {
  const b = await bench(t);
  await storeRow(b, 1);
  await b.produce(add());
  const worker = await b.worker(0, {
    hook: async (name, go) => {
      const answer = await go();
      // Another producer appends after the end was read.
      if (name === 'claim.fetch' && (answer as { records: [] }).records.length > 0) await b.produce(add());
      return answer;
    },
    settings: { maxRecords: 1 },
  });
  assert.equal(await worker.turn(0), 'worked');
  assert.equal(b.reported('batch')[0]?.skipped.repeated, 1);
});

test('a committed offset beyond the end of the log is fatal, and the message says what to do', async (t) => {
  const b = await bench(t);
  await b.produce(add());
  await b.stores.transport.seek(addUp.name, things.name, { partition: 0, offset: 5 });
  await assert.rejects(b.run(), {
    code: 'POSITION_BEYOND_LOG',
    message:
      /^add-up is to go on at offset 5 of partition 0 of thing.events, which ends at 1: .*`tributary offsets seek add-up --all --to-begin --restored --apply`$/,
  });
});

test('records that were deleted before they were read are reported, and the partition goes on with the rest', async (t) => {
  const b = await bench(t);
  await b.produce(add(), add());
  const worker = await b.worker(0, { settings: { maxRecords: 1 } });
  await worker.turn(0);
  await b.produce(add(), add(START + 100 * DAY));
  await b.stores.transport.expire(START + 101 * DAY);
  await b.run();
  assert.deepEqual(
    b.reported('records-lost').map(({ from, to }) => [from, to]),
    [[1, 3]],
  );
  assert.equal(b.reported('claimed').at(-1)?.offset, 3);
  assert.deepEqual(await b.sums(), ['t/p=2']);
  assert.equal((await b.stores.transport.lag(addUp.name, things.name))[0]?.lag, 0);
});

test('a group that never committed begins at the first existing record, and has lost nothing', async (t) => {
  const b = await bench(t);
  await b.produce(add(), add(START + 100 * DAY));
  await b.stores.transport.expire(START + 101 * DAY);
  await b.run();
  assert.deepEqual(await b.sums(), ['t/p=1']);
  assert.deepEqual(b.reported('records-lost'), []);
});

test('a topic that is missing is fatal, and the message names it', async (t) => {
  const b = await bench(t);
  const without =
    (missing: string): Hook =>
    async (name, go) => {
      const answer = await go();
      return name === 'transport.shape' ? (answer as TopicShape[]).filter((topic) => topic.name !== missing) : answer;
    };
  await b.produce([added, { thingId: 't', partId: 'p', amount: -1 }]);
  for (const missing of [things.name, deadLetterTopic(things.name)]) {
    await assert.rejects(b.run({ hook: without(missing) }), {
      code: 'TOPIC_MISSING',
      message: new RegExp(`^add-up needs the topic ${missing}, which does not exist`),
    });
  }
  await b.run();
  assert.deepEqual(await b.deadLetters(), ['FACT_IMPOSSIBLE@0:0']);
});

test('topics that a job does not use may be in any state', async (t) => {
  const b = await bench(t);
  const needed = [things.name, deadLetterTopic(things.name), sums.name];
  const hook: Hook = async (name, go, [names]) => {
    if (name === 'transport.shape')
      assert.deepEqual(
        (names as string[]).filter((each) => !needed.includes(each)),
        [],
      );
    return go();
  };
  await b.produce(add());
  await b.run({ hook });
  assert.deepEqual(await b.sums(), ['t/p=1']);
});

test('an event for a topic that its job no longer declares is still sent there', async (t) => {
  const b = await bench(t);
  await b.produce(add());
  const crashed = await b.worker(0, {
    hook: async (name, go) => {
      if (name === 'claim.commit') throw new Error('it crashed');
      return go();
    },
  });
  await assert.rejects(crashed.turn(0), /it crashed/);
  const worker = await b.worker(0, { job: { ...addUp, to: [] } });
  await assert.rejects(worker.turn(0), { code: 'LOG_AWAY' });
  assert.equal(await worker.turn(0), 'worked');
  assert.equal((await b.emitted(addUp)).length, 1);
});

test('an origin counts only where a job derives events for the topic from it', async (t) => {
  const lines = { 'count-down/other.events/0': 1, 'somebody/other.events/0': 2, 'routed/other.events/0': 2 };
  for (const [line, applied] of Object.entries(lines)) {
    const b = await bench(t);
    for (const id of ['a', 'b']) {
      const data = { thingId: 't', partId: 'p', amount: 1 };
      const [record] = recordsOf(b.stores.codec, { topic: things, def: added, data, id, time: START }, 1);
      const headers = { ...record?.headers, ce_origin: `${line}/7/0` };
      await b.stores.transport.produce([{ ...(record as NewRecord), headers }]);
    }
    const upstreams = (topic: string) => new Set(topic === things.name ? ['count-down/other.events'] : []);
    const runtime = { ...b.runtime(), upstreams };
    const membership = await runtime.stores.transport.join(addUp.name, things.name, {
      assigned: () => {},
      revoked: async () => {},
    });
    const worker = ownerOfRows({ job: addUp, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
    while ((await worker.turn(0)) !== 'idle');
    assert.deepEqual(await b.sums(), [`t/p=${applied}`], line);
  }
});
