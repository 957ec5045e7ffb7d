/**
 * The property: rows rebuilt from the archive and the rest of the topic equal the existing rows, whatever records a job had read: timers,
 * answers of channels, records forwarded to their partition, replayed dead letters, unreadable records and repeats, written by owners
 * that crash or come late. The rebuild crashes, too, and meanwhile the topic loses more records.
 */
import type { TestContext } from 'node:test';
import type { Job } from '../../jobs/define.ts';
import { jobs } from '../../jobs/index.ts';
import { compareGenerations } from '../../jobs/runtime/rows/generations/compare.ts';
import { currentTables } from '../../jobs/runtime/rows/generations/current-tables.ts';
import { openGeneration, rebuildGeneration } from '../../jobs/runtime/rows/generations/rebuild.ts';
import { archivedLog } from '../../reports/operate/archived-log.ts';
import { currentTable } from '../../reports/operate/kept.ts';
import { archiveOf } from '../../reports/runtime/archive-source.ts';
import { withPoints } from '../../testing/points.ts';
import { type GivenEvent, recordsOf } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { memoryStores, rememberingChannel, type TestStores } from '../../testing/stores.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { Topic } from '../../topics/define.ts';
import { topics } from '../../topics/index.ts';
import type { LogRecord, NewRecord } from '../../topics/log/transport.ts';
import { type World as Archives, PARTITIONS, worldOf } from '../reports/operate/world.ts';
import { assertAlike, operator } from './generations-property.ts';
import { randomHistory } from './history.ts';
import { World } from './world.ts';

const EVENTS = 40;
const DAY = 24 * 3_600_000;
const SIGNAL = new AbortController().signal;
const read = [...new Set(jobs.map(({ from }) => from))];

class Crash extends Error {}

/** Returns the kinds of archived records that are for one job alone. */
export async function assertMadeFromArchive(t: TestContext, seed: number): Promise<Set<string>> {
  const random = new Random(seed);
  const mail = rememberingChannel(() => ({ outcome: 'sent', detail: 'accepted' }));
  const inner = await memoryStores(jobs, { topics, partitions: PARTITIONS, channels: { mail: mail.channel } });
  const stores = { ...inner, tables: currentTables(inner.tables, jobs) };
  const archives = await worldOf(t, topics, { stores });
  await live(archives, random);
  await lose(stores, random);
  for (const job of jobs) await assertMade(archives, job, random);
  return kindsIn(archives);
}

/** The kinds of archived records that are for one job alone. */
async function kindsIn(archives: Archives): Promise<Set<string>> {
  const kind =
    "CASE WHEN origin LIKE 'routed/%' THEN 'routed' WHEN type IN ('timer.fired', 'call.answered') THEN type ELSE 'replayed' END";
  const kinds = new Set<string>();
  for (const topic of read) {
    if ((await currentTable(archives.kept, archiveOf(topic))) === undefined) continue;
    const rows = await archives.query(
      archiveOf(topic),
      `SELECT DISTINCT ${kind} AS kind FROM rows WHERE only_for IS NOT NULL`,
    );
    for (const row of rows) kinds.add(String(row['kind']));
  }
  return kinds;
}

/** Runs the jobs, and archives everything. */
async function live(archives: Archives, random: Random): Promise<void> {
  const stores = archives.stores;
  const history = randomHistory(random, EVENTS, 'still');
  const now = history.first[0]?.time ?? 0;
  const world = await World.start(stores, jobs, { random, partitions: PARTITIONS, now });
  const archive = async (): Promise<void> => {
    for (const topic of read) await archives.count(archiveOf(topic));
  };
  for (const event of history.first) await stores.transport.produce(recordsOf(stores.codec, event, PARTITIONS));
  await world.settle(now);
  const middle = random.below(history.rest.length);
  for (const [i, event] of history.rest.entries()) {
    await stores.transport.produce(
      recordsOf(stores.codec, event, PARTITIONS).flatMap((each) => oddly(event, each, random)),
    );
    for (let steps = random.below(25); steps > 0; steps--) await world.step();
    if (random.chance(0.2)) await world.replaceOne(random.chance(0.6));
    if (random.chance(0.05)) await world.rewindOne();
    world.loseLateOnes(0.05);
    if (i === middle) await archive();
  }
  await world.settle(Math.max(...history.rest.map(({ time }) => time), now));
  await world.settle(history.end + 100 * DAY);
  await archive();
}

/** The record unchanged, in a wrong partition, for one job alone like a replayed dead letter, followed by a broken copy, or twice. */
function oddly({ topic }: GivenEvent, record: NewRecord, random: Random): NewRecord[] {
  const isKeyed = record.key !== null;
  if (isKeyed && random.chance(0.2)) return [{ ...record, partition: (record.partition + 1) % PARTITIONS }];
  if (isKeyed && random.chance(0.15)) {
    const readers = jobs.filter(({ from }) => from === topic);
    const replayed = { [LOGGED_AT]: String(record.timestamp), [ONLY_FOR]: random.pick(readers).name };
    return [{ ...record, headers: { ...record.headers, ...replayed } }];
  }
  if (random.chance(0.05)) return [record, { ...record, value: Buffer.from([0, 1]) }];
  return random.chance(0.1) ? [record, record] : [record];
}

/** Retention deletes the oldest records of every topic, up to a random time. */
async function lose({ transport }: TestStores, random: Random): Promise<void> {
  const times: number[] = [];
  for (const { name } of read) {
    for (let p = 0; p < PARTITIONS; p++) {
      const records: LogRecord[] = await transport.read(name, p, 0, 10_000);
      times.push(...records.map(({ timestamp }) => timestamp));
    }
  }
  if (times.length === 0) return;
  const { retentionMs } = read[0] as Topic;
  await transport.expire(random.pick(times) + retentionMs + random.below(2));
}

async function assertMade(archives: Archives, job: Job, random: Random): Promise<void> {
  const { stores } = archives;
  const generation = await openGeneration(job, operator(stores), true);
  let crashes = 2;
  for (let isMade = false; !isMade; ) {
    const transport = await logOf(archives, job);
    const reach = async (): Promise<void> => {
      if (crashes === 0 || !random.chance(0.05)) return;
      crashes -= 1;
      throw new Crash();
    };
    const runtime = operator(withPoints({ ...stores, transport }, reach));
    try {
      await rebuildGeneration(job, generation, runtime, { signal: SIGNAL, lookMs: 1 });
      isMade = true;
    } catch (error) {
      if (!(error instanceof Crash)) throw error;
      await lose(stores, random);
    }
  }
  const ignored = { signal: SIGNAL, waiting: () => {}, progress: () => {} };
  assertAlike(await compareGenerations(job, generation, operator(stores), ignored));
}

/** The log as the job reads it, including the records that only the archive still has. */
async function logOf({ kept, stores }: Archives, { name: reader, from: topic }: Job): Promise<TestStores['transport']> {
  const { transport } = stores;
  const found = await currentTable(kept, archiveOf(topic));
  // Nothing was archived.
  if (found === undefined) return transport;
  const { snapshot } = found;
  const log = await archivedLog({ stores: kept, transport, topic, snapshot, reader, whole: true, signal: SIGNAL });
  return log.transport;
}
