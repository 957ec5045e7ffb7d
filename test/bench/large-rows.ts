/**
 * What one event costs when its row is large. For each kind of event for which a row keeps an entry: the time per event at 5,000
 * entries and at 50, in one run, through the runtime on embedded stores in memory. Prints a table.
 */

import { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import { keyFields, type TableDef } from '../../core/target.ts';
import type { Job } from '../../jobs/define.ts';
import { notify } from '../../jobs/notify/notify.ts';
import { projectGroup } from '../../jobs/project-group/project-group.ts';
import { ownerOfRows } from '../../jobs/runtime/rows/handler.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import { contentProgressed, enrolled, progressFollowed } from '../../schemas/enrollment.ts';
import { activityAdded, memberAdded, memberProgressed, memberRemoved, memberRoleChanged } from '../../schemas/group.ts';
import { notificationRequested, preferencesChanged } from '../../schemas/notification.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { recordsOf } from '../../testing/produce.ts';
import { memoryStores, testRuntime } from '../../testing/stores.ts';

type Step = readonly [def: EventDef, data: Readonly<Record<string, unknown>>];
interface Case {
  readonly what: string;
  readonly job: Job;
  /** The events that make the row of `who` have `size` entries. */
  readonly given: (who: string, size: number) => Step[];
  /** The n-th measured event. It touches as many entries of a small row as of a large one. */
  readonly event: (who: string, n: number) => Step;
}

const [SMALL, LARGE] = [50, 5000];
const ROWS = 10;
const EVENTS_OF_A_ROW = 40;
const NINE = Date.UTC(2026, 0, 5, 9);
const times = <T>(n: number, make: (i: number) => T): T[] => Array.from({ length: n }, (_, i) => make(i));

const courseId = 'algebra';
const visits = (userId: string, i: number, status = 'started'): Step => {
  return [contentProgressed, { userId, courseId, contentId: `c${i}`, status }];
};
const visited = (userId: string, size: number): Step[] => [
  [enrolled, { userId, courseId, batchId: 'spring' }],
  ...times(size, (i) => visits(userId, i)),
];

const adds = (groupId: string, i: number): Step => [memberAdded, { groupId, userId: `u${i}` }];
const members = (groupId: string, size: number): Step[] => [
  [activityAdded, { groupId, activityId: courseId }],
  ...times(size, (i) => adds(groupId, i)),
];

const asks = (recipientId: string, i: number): Step => [
  notificationRequested,
  { recipientId, notificationId: `n${i}`, category: 'course', title: 'News' },
];
const digestPreferences = { period: 'daily', at: '08:00', channels: ['mail'] };
const prefers = (recipientId: string, rest: object): Step => [
  preferencesChanged,
  { recipientId, addresses: [{ channel: 'mail', address: 'ada@example.org' }], ...rest },
];
const asked =
  (rest: object) =>
  (recipientId: string, size: number): Step[] => [
    prefers(recipientId, rest),
    ...times(size, (i) => asks(recipientId, i)),
  ];
const asksOnce = (recipientId: string, n: number) => asks(recipientId, -1 - n);

const CASES: readonly Case[] = [
  { what: 'a visit, by contents', job: trackProgress, given: visited, event: visits },
  {
    what: 'a completion, by contents',
    job: trackProgress,
    given: visited,
    event: (who, n) => visits(who, n, 'completed'),
  },
  {
    what: 'an enrollment, by contents',
    job: trackProgress,
    given: visited,
    event: (userId, n) => [enrolled, { userId, courseId, batchId: `b${n}` }],
  },
  {
    what: 'a group that follows, by contents',
    job: trackProgress,
    given: visited,
    event: (userId, n) => [progressFollowed, { userId, courseId, groupId: `g${n}`, following: true }],
  },
  { what: 'one more member, by members', job: projectGroup, given: members, event: (who, n) => adds(who, -1 - n) },
  {
    what: 'one member less, by members',
    job: projectGroup,
    given: members,
    event: (groupId, n) => [memberRemoved, { groupId, userId: `u${n}` }],
  },
  {
    what: 'another role, by members',
    job: projectGroup,
    given: members,
    event: (groupId, n) => [memberRoleChanged, { groupId, userId: `u${n}`, role: 'admin' }],
  },
  {
    what: 'the progress of a member, by members',
    job: projectGroup,
    given: members,
    event: (groupId, n) => [
      memberProgressed,
      { groupId, userId: `u${n}`, courseId, enrolled: true, progress: 1, state: 'in_progress' },
    ],
  },
  { what: 'a notification, by those before', job: notify, given: asked({}), event: asksOnce },
  {
    what: 'one in quiet hours, by those before',
    job: notify,
    given: asked({ quietFrom: '08:00', quietUntil: '20:00' }),
    event: asksOnce,
  },
  {
    what: 'one for a digest, by those before',
    job: notify,
    given: asked({ digest: digestPreferences }),
    event: asksOnce,
  },
];

const course = {
  courseId: 'algebra',
  name: 'Algebra',
  retired: false,
  publishedAt: 0,
  measuredSince: 0,
  required: LARGE,
  units: Entries.of([['one', { name: 'One', parentId: null, optional: false, required: LARGE }]]),
  contents: Entries.of(times(LARGE, (i) => [`c${i}`, { name: '', required: true, units: ['one'] }] as const)),
};

/** The time of one event, in µs. */
async function measure({ job, given, event }: Case, size: number): Promise<number> {
  const stores = await memoryStores([job], { partitions: 1 });
  await stores.tables.prepare([courseStructure]);
  await put(courseStructure, course);
  const runtime = testRuntime(stores, { settings: { lookupMs: 60_000, rowCacheMb: 1000 } });
  const nobody = { assigned: () => {}, revoked: async () => {} };
  const membership = await stores.transport.join(job.name, job.from.name, nobody);
  const worker = ownerOfRows({ job, partition: 0, membership, runtime, lookups: lookupsFor(runtime) });
  let id = 0;
  const produce = async (steps: Iterable<Step>) => {
    const events = [...steps].map(([def, data]) => ({ topic: job.from, def, data, id: `${id++}`, time: NINE + id }));
    await stores.transport.produce(events.flatMap((each) => recordsOf(stores.codec, each, 1)));
  };
  const run = async () => {
    while ((await worker.turn(0)) !== 'idle');
  };
  const everybody = times(ROWS, (i) => `r${i}`);
  for (const who of everybody) await produce(given(who, size));
  await run();
  await produce(everybody.flatMap((who) => times(EVENTS_OF_A_ROW, (n) => event(who, n))));
  const startedAt = performance.now();
  await run();
  const micros = (1000 * (performance.now() - startedAt)) / (ROWS * EVENTS_OF_A_ROW);
  await stores.close();
  return micros;

  async function put(table: TableDef, data: Readonly<Record<string, unknown>>): Promise<void> {
    const key = [DEFAULT_TENANT, ...keyFields(table).map((name) => data[name] as string)];
    const version = { token: 1, revision: 1 };
    await stores.tables.write(table, [
      { key, version, at: '', outbox: '', timers: {}, data, partition: 0, whole: true },
    ]);
  }
}

const width = Math.max(...CASES.map(({ what }) => what.length));
process.stdout.write(`${''.padEnd(width)}  µs at ${SMALL}  µs at ${LARGE}  times\n`);
for (const one of CASES) {
  await measure(one, SMALL);
  const [small, large] = [await measure(one, SMALL), await measure(one, LARGE)];
  const figures = [small.toFixed(1).padStart(8), large.toFixed(1).padStart(10), (large / small).toFixed(2).padStart(5)];
  process.stdout.write(`${one.what.padEnd(width)}  ${figures.join('  ')}\n`);
}
