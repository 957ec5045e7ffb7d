/**
 * The property: whatever happens to the processes, rows, views and emitted events end up as if nothing had happened. A seed is one
 * history, run twice: once undisturbed, and once with crashes, late owners, rewound offsets, evicted rows and
 * repeated sends.
 */
import assert from 'node:assert/strict';
import { DEFAULT_TENANT } from '../../core/event.ts';
import type { Job } from '../../jobs/define.ts';
import { jobs as allJobs, deliverMessage, projectCourse, summarizeBatch, trackProgress } from '../../jobs/index.ts';
import { ALL_RULES, type Rules } from '../../jobs/runtime/rows/rules.ts';
import { contentProgressed } from '../../schemas/enrollment.ts';
import { messageDelivered, messageFailed } from '../../schemas/notification.ts';
import { type Dump, dump, emittedEvents } from '../../testing/dump.ts';
import { type GivenEvent, recordsOf } from '../../testing/produce.ts';
import { Random } from '../../testing/random.ts';
import { memoryStores, rememberingChannel, type StoresOptions, type TestStores } from '../../testing/stores.ts';
import { notificationEvents, pipelineEvents, topics } from '../../topics/index.ts';
import { assertConsistent, comparable, factsOf } from './consistency.ts';
import { type History, type Lookups, randomHistory } from './history.ts';
import { pipelineTotals, sumOf } from './pipeline-totals.ts';
import { assertViewsShowRows } from './views-show-rows.ts';
import { type Distort, MOST_RECORDS, World } from './world.ts';

const PARTITIONS = 2;
const EVENTS = 45;
const DAY = 24 * 3_600_000;
/** Only the jobs in which a disagreement would show, so that their owners meet more often. */
const NARROW = [projectCourse, trackProgress, summarizeBatch];

export interface Trial {
  readonly calm: Dump;
  readonly rough: Dump;
  /** The messages that were sent, each listed once even if its channel was called several times. */
  readonly delivered: readonly [calm: string[], rough: string[]];
  /** The recipient and the message of each outcome that the disturbed run reported. */
  readonly endings: readonly string[];
  readonly deadLetters: readonly string[];
  /** The number of records of each job, according to the pipeline's figures and according to the commits. */
  readonly counted: readonly [reported: Counts, committed: Counts];
}

type Counts = Readonly<Record<string, number>>;

export interface Roughness {
  readonly rules?: Rules;
  readonly distort?: Distort;
  /** The stores of the disturbed run; by default the embedded ones, in memory. */
  readonly stores?: (jobs: readonly Job[], options: StoresOptions) => Promise<TestStores>;
  /** The tenant of the history. Stores that outlive a run keep the runs apart by tenant. */
  readonly tenant?: string;
  readonly possessionRecords?: number | undefined;
}

const jobsOf = (lookups: Lookups): readonly Job[] => (lookups === 'narrow' ? NARROW : allJobs);

async function liveThrough(seed: number, lookups: Lookups, roughness: Roughness = {}): Promise<Trial> {
  const history = randomHistory(new Random(seed), EVENTS, lookups);
  const jobs = jobsOf(lookups);
  const { tenant = DEFAULT_TENANT } = roughness;
  const calm = await life(jobs, history, new Random(seed + 1), undefined, lookups, tenant);
  // A misdirected record is applied later, perhaps after the learner left. The conclusions then correctly differ.
  const possessionRecords = seed % 2 === 0 ? MOST_RECORDS : undefined;
  const rough = await life(jobs, history, new Random(seed + 2), { possessionRecords, ...roughness }, lookups, tenant);
  return {
    calm: calm.dump,
    rough: rough.dump,
    delivered: [calm.delivered, rough.delivered],
    endings: rough.endings,
    deadLetters: rough.deadLetters,
    counted: rough.counted,
  };
}

/** The recipient and the message of a call to a channel. */
function messageOf(call: string): string {
  const [, recipientId, messageId] = decodeURIComponent(call).split('/').map(decodeURIComponent);
  return `${recipientId} ${messageId}`;
}

async function endingsOf(stores: TestStores, tenant: string): Promise<string[]> {
  const emitted = await emittedEvents(stores, notificationEvents, deliverMessage, tenant);
  const ends = emitted.filter(({ type }) => type === messageDelivered.type || type === messageFailed.type);
  return ends.map(({ data }) => `${(data as Ending).recipientId} ${(data as Ending).messageId}`).sort();
}

interface Ending {
  readonly recipientId: string;
  readonly messageId: string;
}

/** Checks what must hold for every seed. If lookups change, conclusions are compared with the facts instead of the undisturbed run. */
export async function assertSurvives(seed: number, lookups: Lookups, roughness: Roughness = {}): Promise<void> {
  const { calm, rough, delivered, endings, deadLetters, counted } = await liveThrough(seed, lookups, roughness);
  assert.deepEqual(deadLetters, []);
  assert.deepEqual(counted[0], counted[1]);
  assertConsistent(rough);
  assertViewsShowRows(rough, jobsOf(lookups));
  // Each message has one outcome, which is reported once, to its recipient.
  assert.deepEqual(endings, delivered[1].map(messageOf).sort());
  if (lookups !== 'still') {
    assert.deepEqual(factsOf(rough), factsOf(calm));
    return;
  }
  assert.deepEqual(comparable(rough), comparable(calm));
  assert.deepEqual(delivered[1], delivered[0]);
}

async function countedBy(world: World, stores: TestStores, jobs: readonly Job[]): Promise<Trial['counted']> {
  const totals = await pipelineTotals(stores);
  const of = (count: (job: string) => number): Counts =>
    Object.fromEntries(jobs.map(({ name }) => [name, count(name)]));
  return [of((job) => sumOf(totals.get(job))), of((job) => world.committed.of(job))];
}

/** Some addresses accept, some refuse, some never answer. The message alone decides, so that both runs agree. */
function mailChannel() {
  return rememberingChannel((key) => {
    const luck = [...key].reduce((sum, character) => (sum * 31 + character.charCodeAt(0)) % 1009, 7) % 5;
    if (luck === 0) return { outcome: 'refused', detail: 'no such mailbox' };
    if (luck === 1) return { outcome: 'away', detail: 'try later' };
    return { outcome: 'sent', detail: 'accepted' };
  });
}

async function life(
  jobs: readonly Job[],
  history: History,
  random: Random,
  roughness: Roughness | undefined,
  lookups: Lookups,
  tenant: string,
) {
  const mail = mailChannel();
  const make = roughness?.stores ?? memoryStores;
  const stores = await make(jobs, {
    topics: [...topics, pipelineEvents],
    partitions: PARTITIONS,
    channels: { mail: mail.channel },
  });
  try {
    const calm = roughness === undefined;
    const rules = roughness?.rules ?? ALL_RULES;
    const now = history.first[0]?.time ?? 0;
    const possessionRecords = roughness?.possessionRecords;
    const pipelineTopic = pipelineEvents.name;
    const options = { random, rules, partitions: PARTITIONS, now, possessionRecords, pipelineTopic };
    const world = await World.start(
      stores,
      jobs,
      roughness?.distort ? { ...options, distort: roughness.distort } : options,
    );
    for (const event of history.first) await produce(stores, { ...event, tenant }, 'well', random);
    await world.settle(options.now);
    for (const event of history.rest) {
      await produce(stores, { ...event, tenant }, calm ? 'well' : lookups === 'changing' ? 'astray' : 'twice', random);
      if (calm) continue;
      for (let steps = random.below(lookups === 'narrow' ? 25 : 40); steps > 0; steps--) await world.step();
      if (random.chance(0.25)) await world.replaceOne(random.chance(0.6));
      if (random.chance(0.06)) await world.rewindOne();
      world.loseLateOnes(0.05);
    }
    for (let steps = calm ? 0 : 400; steps > 0; steps--) {
      await world.step();
      if (steps > 150 && random.chance(0.03)) await world.replaceOne(random.chance(0.6));
      if (steps > 150 && random.chance(0.01)) await world.rewindOne();
      world.loseLateOnes(0.02);
    }
    // At the time of the last event, because an event much older than its record is not mailed.
    await world.settle(Math.max(...history.rest.map(({ time }) => time), options.now));
    // A failed call is repeated a few times, hours later.
    for (let day = 0; day < 6; day++) await world.settle(history.end + day * DAY);
    // Each run gets its answers at different times. The rows drop these times after 90 days.
    await world.settle(history.end + 100 * DAY);
    return {
      dump: await dump(stores, jobs, tenant),
      delivered: [...new Set(mail.calls)].sort(),
      endings: jobs.includes(deliverMessage) ? await endingsOf(stores, tenant) : [],
      deadLetters: world.deadLetters,
      counted: await countedBy(world, stores, jobs),
    };
  } finally {
    await stores.close();
  }
}

/** Sends as a platform does in a disturbed run: sometimes twice, or from a producer that does not know the partitions. */
async function produce(
  stores: TestStores,
  event: GivenEvent,
  how: 'well' | 'twice' | 'astray',
  random: Random,
): Promise<void> {
  const records = recordsOf(stores.codec, event, PARTITIONS);
  if (how === 'astray' && event.def === contentProgressed && random.chance(0.2)) {
    await stores.transport.produce(
      records.map((record) => ({ ...record, key: null, partition: random.below(PARTITIONS) })),
    );
    return;
  }
  await stores.transport.produce(records);
  if (how !== 'well' && random.chance(0.1)) await stores.transport.produce(records);
}
