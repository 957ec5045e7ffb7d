/**
 * Bad input through all jobs on the real runtime and the real embedded stores, mixed with the events of a small platform. Those events
 * have a tenant of their own, and must have exactly the result that they have without the bad input.
 *
 * Every bad record has its own seed: `HOSTILE_SEED=4711 node --test test/jobs/runtime/hostile.test.ts` produces only that
 * record. If a record breaks a job, the message names its seed.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode } from '../../../core/errors.ts';
import { callAnswered, type EventDef, timerFired } from '../../../core/event.ts';
import type { Job } from '../../../jobs/define.ts';
import { jobs } from '../../../jobs/index.ts';
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import { ownerOfRows } from '../../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../../jobs/runtime/rows/run.ts';
import type { TelemetryEvent } from '../../../jobs/runtime/telemetry.ts';
import { dump, partitionsOf } from '../../../testing/dump.ts';
import { recordsOf } from '../../../testing/produce.ts';
import { Random } from '../../../testing/random.ts';
import {
  ManualClock,
  memoryStores,
  rememberingChannel,
  type TestStores,
  testRuntime,
} from '../../../testing/stores.ts';
import { deadLetterTopic, type Topic } from '../../../topics/define.ts';
import type { LogRecord, NewRecord } from '../../../topics/log/transport.ts';
import { randomHistory } from '../../harness/history.ts';
import { HOSTILE_TEXTS, mutated } from '../../topics/codec/mutations.ts';
import { bytes, wantedOf } from '../../topics/codec/records.ts';

const RECORDS = 21_000;
const PARTITIONS = 2;
const GOOD = 'good';
/** The header with the seed of a record. */
const SEED = 'seed';
/** Records that are too large take time and prove nothing new. */
const MOST_LARGE = 3;

const alone = process.env['HOSTILE_SEED'];
const seeds = alone === undefined ? Array.from({ length: RECORDS }, (_, seed) => seed) : [Number(alone)];
const topics = [...new Set(jobs.map((job) => job.from))];
const events = topics.flatMap((topic) =>
  [...wantedOf(topic).values(), timerFired, callAnswered].map((def): [Topic, EventDef] => [topic, def]),
);
const history = randomHistory(new Random(99), 150, 'still');

/** Origins that look right, from jobs that do not exist. */
const FORGED = ['elsewhere/a.events/0/5/0', 'elsewhere/a.events/1/5/0', 'routed/a.events/0/7/0', 'x/y/0/999999999/3'];

let large = 0;

function hostileRecord(stores: TestStores, seed: number): NewRecord {
  const random = new Random(seed);
  const [topic, def] = events[seed % events.length] as [Topic, EventDef];
  let record: LogRecord = mutated(stores.codec, topic, def, random);
  if ((record.value?.length ?? 0) > 1024 * 1024 && large++ >= MOST_LARGE) record = { ...record, value: bytes('{') };
  const headers = random.chance(0.1) ? { ...record.headers, ce_origin: random.pick(FORGED) } : record.headers;
  const own = def.example[topic.key];
  const key = random.pick([own, own, own, null, random.pick(HOSTILE_TEXTS)]);
  return {
    topic: topic.name,
    partition: random.below(PARTITIONS),
    key: typeof key === 'string' ? bytes(key) : random.chance(0.1) ? Uint8Array.of(0xff, 0xfe) : null,
    value: record.value,
    headers: { ...headers, [SEED]: String(seed) },
    timestamp: record.timestamp,
  };
}

interface Life {
  readonly stores: TestStores;
  readonly telemetryEvents: readonly TelemetryEvent[];
  /** Rows and views of the good tenant. */
  readonly good: unknown;
  readonly delivered: readonly string[];
}

/** Runs all jobs on the good events, with the bad ones spread among them. */
async function live(stores: TestStores, bad: readonly NewRecord[], sent: () => readonly string[]): Promise<Life> {
  const clock = new ManualClock(history.first[0]?.time ?? 0);
  const telemetryEvents: TelemetryEvent[] = [];
  const worker = async (job: Job, partition: number, maxRecords = 200) => {
    const runtime = testRuntime(stores, {
      clock,
      telemetry: { tell: (event) => telemetryEvents.push(event) },
      settings: { maxRecords },
    });
    const listener = { assigned: () => {}, revoked: async () => {} };
    const membership = await stores.transport.join(job.name, job.from.name, listener);
    return ownerOfRows({ job, partition, membership, runtime, lookups: lookupsFor(runtime) });
  };
  const workers = new Map<PartitionOwner, () => Promise<never>>();
  for (const job of jobs) {
    for (let partition = 0; partition < PARTITIONS; partition++) {
      workers.set(await worker(job, partition), () => findCulprit(job, partition));
    }
  }
  /** Advances record by record, to find the one that breaks the job. */
  const findCulprit = async (job: Job, partition: number): Promise<never> => {
    const single = await worker(job, partition, 1);
    for (;;) {
      const [lag] = (await stores.transport.lag(job.name, job.from.name)).slice(partition);
      try {
        if ((await single.turn(0)) === 'idle') throw new Error(`${job.name} stopped, and could go on record by record`);
      } catch (error) {
        const [record] = await stores.transport.read(job.from.name, partition, lag?.committed ?? 0, 1);
        const seed = record?.headers[SEED];
        throw new Error(
          `${job.name} cannot live with seed ${seed} (${JSON.stringify(record?.headers)}): ${String(error)}; run it alone: HOSTILE_SEED=${seed} node --test test/jobs/runtime/hostile.test.ts`,
          { cause: error },
        );
      }
    }
  };
  const settle = async () => {
    for (let idle = 0; idle < 2; idle++) {
      for (const [each, culprit] of workers) {
        for (;;) {
          const turn = await each.turn(0).catch(culprit);
          if (turn === 'idle') break;
          idle = 0;
        }
      }
    }
  };
  const produce = async (good: (typeof history.first)[number][], from: readonly NewRecord[]) => {
    const step = Math.ceil(from.length / good.length);
    for (const [n, event] of good.entries()) {
      await stores.transport.produce(from.slice(n * step, (n + 1) * step));
      await stores.transport.produce(recordsOf(stores.codec, { ...event, tenant: GOOD }, PARTITIONS));
    }
  };
  const half = Math.floor(bad.length / 2);
  await produce([...history.first], bad.slice(0, half));
  await settle();
  await produce([...history.rest], bad.slice(half));
  await settle();
  clock.set(history.end);
  await settle();
  const { tables, indexes } = await dump(stores, jobs, GOOD);
  const caches = stores.database
    .statement("SELECT cache, record FROM cache_fields WHERE entry LIKE 'good%' AND record IS NOT NULL ORDER BY 1, 2")
    .all();
  return { stores, telemetryEvents, good: { tables, indexes, caches }, delivered: [...sent()].sort() };
}

const prepared = () => {
  const mail = rememberingChannel((key) => ({ outcome: key.includes('ada') ? 'refused' : 'sent', detail: '' }));
  const sent = () => [...new Set(mail.calls)].filter((key) => key.startsWith(`${GOOD}%2F`));
  return memoryStores(jobs, { partitions: PARTITIONS, channels: { mail: mail.channel } }).then((stores) => ({
    stores,
    sent,
  }));
};

test(`${seeds.length} bad records among good ones: each has an outcome, and the good ones are applied`, async (t) => {
  const mixed = await prepared();
  t.after(() => mixed.stores.close());
  const bad = seeds.map((seed) => hostileRecord(mixed.stores, seed));
  const { stores, telemetryEvents, good, delivered } = await live(mixed.stores, bad, mixed.sent);

  const kept = await Promise.all(topics.map(({ name }) => partitionsOf(stores.transport, name)));
  const produced = new Set(kept.flat(2).map(({ headers }) => headers[SEED]));
  assert.equal(seeds.filter((seed) => produced.has(String(seed))).length, seeds.length);

  const calm = await prepared();
  t.after(() => calm.stores.close());
  const expected = await live(calm.stores, [], calm.sent);
  assert.deepEqual(
    expected.telemetryEvents.filter(({ kind }) => kind === 'dead-letter'),
    [],
  );
  assert.deepEqual(good, expected.good);
  assert.deepEqual(delivered, expected.delivered);
  assert.ok(delivered.length > 0, 'no message went out');

  const ends = await checkCounts(stores, telemetryEvents);
  const codes = await checkDeadLetters(stores, telemetryEvents);
  t.diagnostic(JSON.stringify({ ...ends, ...codes }));
  assert.equal(codes['JOB_FAILED'] ?? 0, 0, 'a job fails at bad data instead of rejecting it');
  if (alone !== undefined) return;
  for (const end of ['applied', 'routed', 'unwanted', 'repeated', 'unchanged', 'not-ours']) {
    assert.ok((ends[end] ?? 0) >= 10, `${end} hardly ever happened: the records are too tame`);
  }
  for (const code of ['ENVELOPE_INVALID', 'VALUE_UNREADABLE', 'DATA_INVALID', 'KEY_INVALID', 'FACT_IMPOSSIBLE']) {
    assert.ok((codes[code] ?? 0) >= 10, `${code} hardly ever happened: the records are too tame`);
  }
});

/** Checks that every job counted every record of its topic once, with one outcome. */
async function checkCounts(
  stores: TestStores,
  telemetryEvents: readonly TelemetryEvent[],
): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  const count = (end: string, by: number) => {
    ends[end] = (ends[end] ?? 0) + by;
  };
  const read = new Map<string, number>();
  for (const event of telemetryEvents) {
    if (event.kind !== 'batch') continue;
    const skipped = Object.values(event.skipped).reduce((a, b) => a + b);
    assert.equal(event.records, event.applied + skipped + event.rejected + event.routed);
    const id = `${event.job}/${event.partition}`;
    read.set(id, (read.get(id) ?? 0) + event.records);
    count('applied', event.applied);
    count('rejected', event.rejected);
    count('routed', event.routed);
    for (const [end, by] of Object.entries(event.skipped)) count(end, by);
  }
  for (const job of jobs) {
    for (const { partition, begin, end, lag } of await stores.transport.lag(job.name, job.from.name)) {
      assert.equal(lag, 0, `${job.name} did not come to the end of partition ${partition}`);
      assert.equal(read.get(`${job.name}/${partition}`), end - begin);
    }
  }
  return ends;
}

/** Checks that every dead letter has its reason, its position and the original record. */
async function checkDeadLetters(
  stores: TestStores,
  telemetryEvents: readonly TelemetryEvent[],
): Promise<Record<string, number>> {
  const codes: Record<string, number> = {};
  const names = new Set<string>();
  for (const topic of topics) {
    const originals = await partitionsOf(stores.transport, topic.name);
    for (const deadLetter of (await partitionsOf(stores.transport, deadLetterTopic(topic.name))).flat()) {
      const of = (name: keyof typeof DEAD_LETTER) => String(deadLetter.headers[DEAD_LETTER[name]]);
      assert.equal(ERROR_CODES[of('code') as ErrorCode], 'reject', of('code'));
      assert.ok(of('message').length > 0 && of('message').length <= 1000);
      assert.ok(jobs.some(({ name, from }) => name === of('job') && from === topic));
      assert.equal(of('topic'), topic.name);
      const original = originals[Number(of('partition'))]?.[Number(of('offset'))] as LogRecord;
      assert.equal(original.offset, Number(of('offset')));
      assert.deepEqual(deadLetter.key, original.key);
      assert.deepEqual(deadLetter.value, original.value);
      assert.equal(Number(of('timestamp')), original.timestamp);
      for (const [name, value] of Object.entries(original.headers)) assert.deepEqual(deadLetter.headers[name], value);
      names.add(`${of('job')}/${of('partition')}/${of('offset')}`);
      codes[of('code')] = (codes[of('code')] ?? 0) + 1;
    }
  }
  const deadLetters = Object.values(codes).reduce((a, b) => a + b, 0);
  assert.equal(names.size, deadLetters, 'no record has two dead letters of one job');
  assert.equal(telemetryEvents.filter(({ kind }) => kind === 'dead-letter').length, deadLetters);
  return codes;
}
