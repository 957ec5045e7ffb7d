/** The upkeep of tables of segments that an embedded installation does automatically. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepSegments } from '../../app/upkeep/keep-segments.ts';
import { TributaryError } from '../../core/errors.ts';
import { currentTable, extentOf } from '../../reports/operate/kept.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { given } from '../../testing/produce.ts';
import { worldOf } from '../reports/operate/world.ts';
import { visitEvents, visited, visits } from '../reports/visits.ts';

const DAY = 86_400_000;
const HOUR = 3_600_000;
const SIGNAL = new AbortController().signal;

function logger() {
  const logged: string[] = [];
  return {
    said: logged,
    info: (text: unknown) => logged.push(String(text)),
    warn: (text: unknown) => logged.push(String(text)),
  };
}

test('small segments are compacted, expired days are removed, and unneeded files are deleted', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const source = { ...sourceOf(visits), retentionDays: 2 };
  const now = world.clock.now;
  for (const [i, days] of [0, 0, 0, 0, 5].entries()) {
    const event = given(visitEvents, visited, { userId: 'ada', page: 'home' }, { id: `v${i}`, time: now - days * DAY });
    await world.produce({ ...event, loggedAt: now });
    await world.count(source);
  }
  const log = logger();
  const keep = () => keepSegments(async () => world.kept, [source], log, SIGNAL);
  await keep();
  const found = await currentTable(world.kept, source);
  assert.ok(found);
  assert.equal(extentOf(found.snapshot).segments, 1);
  assert.deepEqual(log.said, [
    '1 day of rollups/visits/g1 removed, since over',
    '4 segments of rollups/visits/g1 are 1 now',
  ]);
  const files = async () =>
    (await Array.fromAsync(world.kept.objects.list('rollups/visits/g1/date='))).filter(({ name }) =>
      name.endsWith('parquet'),
    );
  assert.equal((await files()).length, 6, 'who reads an older snapshot goes on for a while');
  world.clock.now += HOUR + 1;
  await keep();
  assert.equal((await files()).length, 1);
  assert.equal(log.said.length, 2, 'there was nothing to say');
});

test('a table whose upkeep fails does not prevent the upkeep of the others', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const source = sourceOf(visits);
  const log = logger();
  let asked = 0;
  const open = async () => {
    asked += 1;
    if (asked === 1) throw new TributaryError('OBJECTS_AWAY', 'the bucket is away');
    return world.kept;
  };
  await keepSegments(open, [source, source], log, SIGNAL);
  assert.equal(asked, 2);
  assert.match(
    log.said.join(),
    /^the table of roll-up-visits could not be maintained: the bucket is away; it is tried again$/,
  );
});

test('it is noted when all tables were looked after, and not when one was not', async (t) => {
  const world = await worldOf(t, [visitEvents]);
  const source = sourceOf(visits);
  const noted = async () => (await Array.fromAsync(world.kept.objects.list('upkeep/'))).map(({ name }) => name);
  let asked = 0;
  const open = async () => {
    asked += 1;
    if (asked === 1) throw new TributaryError('OBJECTS_AWAY', 'the bucket is away');
    return world.kept;
  };
  await keepSegments(open, [source], logger(), SIGNAL);
  assert.deepEqual(await noted(), []);
  await keepSegments(open, [source], logger(), SIGNAL);
  assert.deepEqual(await noted(), ['upkeep/compact', 'upkeep/expire', 'upkeep/vacuum']);
});
