/** A job is not rebuilt from an archive that lacks records: of an earlier release, with a gap, or behind the topic's retention. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ArchivedLog, archivedLog } from '../../../reports/operate/archived-log.ts';
import { currentTable } from '../../../reports/operate/kept.ts';
import { archiveOf } from '../../../reports/runtime/archive-source.ts';
import type { SegmentSource } from '../../../reports/runtime/source.ts';
import { given } from '../../../testing/produce.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import { visitEvents, visited } from '../visits.ts';
import { PARTITIONS, type World, worldOf } from './world.ts';

const DAY = 86_400_000;
const TIME = Date.UTC(2026, 2, 1, 12);
const SIGNAL = new AbortController().signal;
const archive = archiveOf(visitEvents);
const partition = partitionOfText('ada', PARTITIONS);
const ADDED: readonly string[] = [
  'only_for',
  'only_rows',
  'only_views',
  'first_origin',
  'personal_unfit',
  'personal_detail',
];

/** The archive as an earlier release wrote it. */
const older: SegmentSource = {
  ...archive,
  forEveryJob: false,
  layout: { ...archive.layout, columns: archive.layout.columns.filter(({ name }) => !ADDED.includes(name)) },
};

/** Produces an event of Ada on each of these days. */
async function visit(world: World, ...days: readonly number[]): Promise<void> {
  const on = (day: number) =>
    given(visitEvents, visited, { userId: 'ada' }, { id: `ada-${day}`, time: TIME + day * DAY });
  await world.produce(...days.map(on));
}

/** The topic loses its records from before this day. */
async function lose({ stores }: World, day: number): Promise<void> {
  assert.ok((await stores.transport.expire(TIME + day * DAY - 1 + visitEvents.retentionMs)) > 0);
}

async function logOf({ kept, stores }: World, whole = true): Promise<ArchivedLog> {
  const found = await currentTable(kept, archive);
  assert.ok(found);
  const { transport } = stores;
  const { snapshot } = found;
  const reader = 'a-job';
  return archivedLog({ stores: kept, transport, topic: visitEvents, snapshot, reader, whole, signal: SIGNAL });
}

async function claimOf(log: ArchivedLog) {
  const membership = await log.transport.join('a-group', visitEvents.name, { assigned() {}, revoked: async () => {} });
  return membership.claim(partition);
}

const FETCH = { maxRecords: 2, waitMs: 0 };

test('an archive that has everything since the topic began is whole, also after an owner ended in between', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visit(world, 0, 1);
  await world.count(archive);
  await visit(world, 2, 3);
  await world.count(archive);
  await visit(world, 4);
  await lose(world, 3);
  const log = await logOf(world);
  assert.deepEqual(log.parts[partition], { partition, begin: 3, first: 0, reach: 4, whole: 0 });
  const claim = await claimOf(log);
  const offsets: number[] = [];
  for (let fetched = await claim.fetch(FETCH); fetched.records.length > 0; fetched = await claim.fetch(FETCH)) {
    offsets.push(...fetched.records.map(({ offset }) => offset));
  }
  assert.deepEqual([claim.begin, offsets], [0, [0, 1, 2, 3, 4]]);
});

test('an archive that begins later than the topic has what it has', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visit(world, 0, 1);
  await lose(world, 1);
  await visit(world, 2, 3);
  await world.count(archive);
  await lose(world, 3);
  const { first, whole } = (await logOf(world)).parts[partition] ?? {};
  assert.deepEqual([first, whole], [1, 1]);
});

test('what an earlier release has archived is refused, with what to do', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visit(world, 0, 1);
  await world.count(older);
  await lose(world, 1);
  await assert.rejects(logOf(world), { code: 'USAGE', message: /is incomplete before offset 1 of partition/ });
  await visit(world, 2, 3);
  await world.count(archive);
  await lose(world, 3);
  await assert.rejects(logOf(world), {
    code: 'USAGE',
    message:
      /is incomplete before offset 2 of .* `tributary rollup expire archive-visit-events --before 2026-03-03 --yes`/,
  });
  assert.equal((await logOf(world, false)).parts[partition]?.first, 0, 'who only looks may read it');
});

test('an archive with a gap is refused, while it lasts and once it is in the middle', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visit(world, 0, 1);
  await world.count(archive);
  const log = await logOf(world);
  await visit(world, 2, 3);
  await lose(world, 3);
  await assert.rejects(logOf(world), {
    code: 'USAGE',
    message: /from offset 2 to 2 of partition \d are neither in visit\.events/,
  });
  // A reader that opened the log earlier notices the gap when it claims. Nothing was lost when this one opened it.
  assert.equal(log.parts[partition]?.first, undefined);
  await world.count(archive);
  await visit(world, 4);
  await assert.rejects(logOf(world), { code: 'USAGE', message: /is incomplete before offset 3 of partition/ });
});

test('a claim is refused if the topic has lost more than the archive had, and ends if it does so meanwhile', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  await visit(world, 0, 1, 2);
  await world.count(archive);
  await lose(world, 1);
  const log = await logOf(world);
  await visit(world, 3, 4);
  const claim = await claimOf(log);
  await lose(world, 2);
  assert.equal((await claim.fetch(FETCH)).records.length, 1);
  await assert.rejects(claim.fetch(FETCH), {
    code: 'FENCED',
    message: /begins at 2 now, and began at 1 when it was claimed/,
  });
  await lose(world, 4);
  await assert.rejects(claimOf(log), { code: 'USAGE', message: /from offset 3 to 3 of partition/ });
});
