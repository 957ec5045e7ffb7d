/** Random writes with random versions leave the store in the same state as a simple model of the port. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';
import { compareVersions, type Version, type WriteResult } from '../../sinks/port.ts';
import type { RowWrite } from '../../sinks/tables/port.ts';
import { keysWhere } from './keys-where.ts';
import { assertHolds, learners, type Scene, v, write } from './tables-samples.ts';

const USERS = ['ada', 'bob'];
const NAMES = ['a', 'b', 'c', 'd', 'e', 'f', '__proto__'];

/** A write. `entries` are the changed ones: a number sets, null deletes. A whole write has only those that are set. */
interface Step {
  readonly user: string;
  readonly token: number;
  readonly revision: number;
  readonly whole: boolean;
  readonly gone: boolean;
  readonly progress: number;
  readonly due: number | null;
  readonly entries: [string, number | null][];
}

const step: fc.Arbitrary<Step> = fc.record({
  user: fc.constantFrom(...USERS),
  token: fc.integer({ min: 1, max: 3 }),
  revision: fc.integer({ min: 0, max: 4 }),
  whole: fc.boolean(),
  gone: fc.oneof({ weight: 4, arbitrary: fc.constant(false) }, fc.constant(true)),
  progress: fc.integer({ min: 0, max: 100 }),
  due: fc.option(fc.integer({ min: 1, max: 1000 })),
  entries: fc.uniqueArray(fc.tuple(fc.constantFrom(...NAMES), fc.option(fc.nat(9))), { selector: ([name]) => name }),
});

export function rowsBehaveLikeTheModel(tablesTest: (title: string, body: (s: Scene) => Promise<void>) => void): void {
  tablesTest('random writes have the results of a model of the port', async (s) => {
    let run = 0;
    const call = fc.uniqueArray(step, { maxLength: 3, selector: ({ user }) => user });
    const calls = fc.array(call, { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(calls, async (generated) => {
        run += 1;
        await behavesLikeTheModel(s, run, s.tellsStale ? generated : comparable(generated));
      }),
      { numRuns: s.tellsStale ? 150 : 25 },
    );
  });
}

/** The writes that a store with a timestamp in every cell can order, too: whole writes, each with its own version. */
function comparable(calls: readonly Step[][]): Step[][] {
  const seen = new Set<string>();
  return calls.map((steps) =>
    steps.flatMap((each) => {
      const version = `${each.user} ${each.token}.${each.revision}`;
      if (seen.has(version)) return [];
      seen.add(version);
      return [{ ...each, whole: true }];
    }),
  );
}

async function behavesLikeTheModel(s: Scene, run: number, calls: readonly Step[][]): Promise<void> {
  const { tables } = s;
  const partition = (s.partition + run) % 2 ** 31;
  const model = new Map<string, RowWrite>();
  /** Users whose row ever existed. Deleted rows still match. */
  const found = new Set<string>();
  for (const steps of calls) {
    const rows = steps.map((each) => writeOf(s, run, partition, each));
    const results = await tables.write(learners, rows);
    const expected = rows.map((row, i): WriteResult => {
      const { user, entries } = steps[i] as Step;
      const held = model.get(user);
      if (held !== undefined && compareVersions(row.version, held.version) < 0) return 'stale';
      if (row.data !== undefined) found.add(user);
      model.set(user, row.whole ? row : merged(held, row, entries));
      return 'written';
    });
    if (s.tellsStale) assert.deepEqual(results, expected);
  }
  for (const row of model.values()) await assertHolds(tables, row);
  const timers = [...model.values()].flatMap(({ key, timers }) =>
    Object.entries(timers).map(([name, due]) => ({ partition, key, name, due })),
  );
  const due = await tables.due(learners, [partition], 1000, 10);
  const order = (a: { key: readonly string[] }, b: { key: readonly string[] }) =>
    a.key.join() < b.key.join() ? -1 : 1;
  assert.deepEqual([...due].sort(order), timers.sort(order));
  const keys = await keysWhere(tables, learners, partition, s.tenant, 'courseId', `course-${run}`);
  const held = [...model.values()].filter(({ key }) => found.has(key[1] as string));
  assert.deepEqual(keys.map((key) => key.join()).sort(), held.map((row) => row.key.join()).sort());
}

function writeOf(s: Scene, run: number, partition: number, from: Step): RowWrite {
  const version: Version = v(from.token, from.revision);
  // Every name counts as stored, so that a deletion is always a change, whatever the store has.
  let counts = Entries.stored(from.whole ? [] : NAMES.map((name): [string, number] => [name, -1]));
  for (const [name, value] of from.entries) counts = value === null ? counts.delete(name) : counts.set(name, value);
  return write(s.key(from.user, `batch-${run}`), version, {
    partition,
    whole: from.whole,
    at: `at ${from.progress}`,
    outbox: from.progress % 2 === 0 ? '' : `says ${from.progress}`,
    timers: from.due === null ? {} : { wake: from.due },
    data: from.gone ? undefined : { courseId: `course-${run}`, progress: from.progress, counts },
  });
}

/** The row after a write of changes: the entries that the store had, with the changes applied. */
function merged(held: RowWrite | undefined, row: RowWrite, changes: Step['entries']): RowWrite {
  if (row.data === undefined) return row;
  const counts = new Map((held?.data?.['counts'] as Entries<number> | undefined) ?? []);
  for (const [name, value] of changes) {
    if (value === null) counts.delete(name);
    else counts.set(name, value);
  }
  return { ...row, data: { ...row.data, counts: Entries.of(counts) } };
}
