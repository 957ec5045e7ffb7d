/** Random histories of events for several rows. One alone: `ROWS_SEED=7 node --test test/jobs/runtime/several-rows-property.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../../testing/random.ts';
import { partIndex, polished } from './add-up.ts';
import { type Bench, bench } from './bench.ts';
import { type Hook, refusingKeys } from './intercept.ts';
import { add, breakable, found, move, replayAll } from './replays.ts';

const PARTS = ['a', 'b', 'c', 'd'];
const CRASHES = ['tables.write', 'search.apply', 'claim.commit', 'claim.look', 'cache.apply'];

/** Rows break and recover, stores refuse rows and views, and processes crash before and after anything they do. */
async function randomly(b: Bench, random: Random): Promise<Map<string, number>> {
  const expected = new Map(PARTS.map((part) => [part, 10]));
  const broken = new Set<string>();
  const job = breakable(broken);
  const change = (part: string, by: number) => expected.set(part, (expected.get(part) as number) + by);
  const living = async (calm: boolean): Promise<void> => {
    for (let lives = calm ? 0 : random.below(4); ; lives--) {
      if (!calm) for (const part of PARTS) random.chance(0.3) ? broken.add(part) : broken.delete(part);
      const [refusedRow, refusedView, dies, after] = calm
        ? []
        : [random.pick(PARTS), random.pick(PARTS), random.pick(CRASHES), random.chance(0.5)];
      const [rowHook, viewHook] = [
        refusingKeys(refusedRow ?? '', 'tables.write', random.chance(0.4) ? 'parts' : 'none'),
        refusingKeys(refusedView ?? '', 'search.apply', random.chance(0.6) ? partIndex.name : 'none'),
      ];
      let calls = random.below(6);
      const hook: Hook = async (name, go, args) => {
        const isDeath = lives > 0 && name === dies && calls-- === 0;
        if (isDeath && after !== true) throw new Error('a crash');
        const answer = await rowHook(name, () => viewHook(name, go, args), args);
        if (isDeath) throw new Error('a crash');
        return answer;
      };
      try {
        await b.run({ job, hook, settings: { maxRecords: 1 + random.below(6) } });
        if (lives <= 0) return;
      } catch (error) {
        if (!(error instanceof Error) || error.message !== 'a crash') throw error;
      }
    }
  };
  await b.produce(...PARTS.map((part) => add(part)));
  await living(true);
  for (let round = 0; round < 5; round++) {
    for (let n = random.below(6); n > 0; n--) {
      const [from, to] = random.shuffled(PARTS) as [string, string];
      if (random.chance(0.2)) {
        const amount = 1 + random.below(5);
        await b.produce([polished, { partId: from, amount }]);
        change(from, amount);
      } else {
        await b.produce(move(from, to));
        change(from, -1);
        change(to, 1);
      }
    }
    await living(false);
    await replayAll(b);
  }
  broken.clear();
  await living(true);
  assert.deepEqual(await replayAll(b), []);
  return expected;
}

const alone = process.env['ROWS_SEED'];
const seeds = alone === undefined ? Array.from({ length: 60 }, (_, seed) => seed) : [Number(alone)];

test(`${seeds.length} random histories: once every dead letter is replayed, every row has every event once, and so do its views`, async (t) => {
  let deadLetters = 0;
  for (const seed of seeds) {
    const b = await bench(t);
    const expected = await randomly(b, new Random(seed));
    const sums = [...expected].map(([part, sum]) => `${part}=${sum}`);
    const rows = (await b.sums()).map((sum) => sum.slice('t/'.length));
    assert.deepEqual(rows, sums, `ROWS_SEED=${seed}`);
    assert.deepEqual(await found(b), sums, `ROWS_SEED=${seed}: the view`);
    deadLetters += (await b.deadLetterRecords()).filter(({ value }) => value !== null).length;
  }
  if (alone === undefined) assert.ok(deadLetters > 100, `${deadLetters} letters are too few`);
});
