/** Workers of two releases side by side, as during an update: what one of them stores, the other can read or waits. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { kindOf, TributaryError } from '../../../core/errors.ts';
import { summarizeBatch, trackProgress } from '../../../jobs/index.ts';
import type { PartitionOwner } from '../../../jobs/runtime/owner.ts';
import type { StoredRow } from '../../../sinks/tables/port.ts';
import { dump, partitionsOf } from '../../../testing/dump.ts';
import { Random } from '../../../testing/random.ts';
import type { Claim } from '../../../topics/log/transport.ts';
import { CAMPUS_JOBS, Campus, PARTITIONS } from '../../harness/campus.ts';
import { ofRelease, type Release } from '../../harness/releases.ts';
import type { Hook } from './intercept.ts';

const LEARNERS = 24;
const seeds = process.env['SEED'] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env['SEED'])];

async function campus(t: TestContext): Promise<Campus> {
  const opened = await Campus.open();
  t.after(() => opened.stores.close());
  return opened;
}

const everything = (c: Campus) => dump(c.stores, CAMPUS_JOBS);
const deadLetters = async (c: Campus) => {
  const infos = await c.stores.transport.describe();
  const names = infos.map(({ name }) => name).filter((name) => name.endsWith('.dead-letter'));
  return (await Promise.all(names.map((name) => partitionsOf(c.stores.transport, name)))).flat(2).length;
};

class Crash extends Error {}

/** Crashes before or after one of the next effects. */
function dying(random: Random): Hook {
  let left = random.below(40);
  const reach = () => {
    left -= 1;
    if (left <= 0) throw new Crash();
  };
  return async (name, go) => {
    if (!/^(tables|claim|search|cache)\./.test(name) || name === 'claim.close') return go();
    reach();
    const answer = await go();
    if (name === 'claim.commit' || name === 'tables.write') reach();
    return answer;
  };
}

/** Runs some turns, until the worker crashes, waits for the update, or has nothing to do. */
async function someTurns(worker: PartitionOwner, random: Random): Promise<'waits' | 'over'> {
  try {
    for (let turns = 1 + random.below(4); turns > 0 && (await worker.turn(0)) !== 'idle'; turns--);
    return 'over';
  } catch (error) {
    if (error instanceof TributaryError && error.code === 'FORMAT_NEWER') return 'waits';
    if (error instanceof Crash || kindOf(error) === 'retry') return 'over';
    throw error;
  }
}

async function update(t: TestContext, from: Release, to: Release, seed: number): Promise<number> {
  const random = new Random(seed);
  const c = await campus(t);
  let waited = 0;
  for (let learners = 0; learners < LEARNERS; ) {
    const some = Math.min(1 + random.below(4), LEARNERS - learners);
    await c.enrol(some);
    learners += some;
    for (let owners = random.below(8); owners > 0; owners--) {
      // The share of processes with the new release grows.
      const release = random.chance(learners / LEARNERS) ? to : from;
      const assignment = [random.pick(CAMPUS_JOBS), random.below(PARTITIONS)] as const;
      const worker = await c.worker(...assignment, ofRelease(release, dying(random)), {
        maxRecords: 1 + random.below(4),
      });
      if ((await someTurns(worker, random)) === 'waits') {
        assert.equal(release, from, 'the newer one never waits');
        waited += 1;
      }
    }
  }
  await c.run(ofRelease(to, (_, go) => go()));
  assert.deepEqual(await c.counts(), [LEARNERS, LEARNERS]);
  const calm = await campus(t);
  await calm.enrol(LEARNERS);
  await calm.run();
  assert.deepEqual(await everything(c), await everything(calm));
  assert.equal(await deadLetters(c), 0);
  return waited;
}

for (const [from, to] of [
  [1, 2],
  [2, 3],
] as const) {
  test(`owners of releases ${from} and ${to} in turn, dying anywhere, lose nothing and double nothing`, async (t) => {
    let waited = 0;
    for (const seed of seeds) {
      t.diagnostic(`SEED=${seed} runs this one alone`);
      waited += await update(t, from, to, seed);
    }
    if (seeds.length > 1) assert.ok(waited > 0, 'the older one met what the newer one had stored');
  });
}

/** Where this release meets the newer format; everything else is in its own format. */
const PLACES: Readonly<Record<string, (text: string, of: 'at' | 'outbox' | 'progress') => string>> = {
  'the position of a row': (text, of) => (of === 'at' ? text : text.replace(/^3\|/, '2|')),
  'the outbox of a row': (text, of) => (of === 'outbox' ? text : text.replace(/^3\|/, '2|')),
  'what was committed with an offset': (text, of) => (of === 'progress' ? text : text.replace(/^3\|/, '2|')),
};

for (const [what, keep] of Object.entries(PLACES)) {
  test(`a worker that meets ${what} in a newer format waits: it reads, sends and commits nothing`, async (t) => {
    const c = await campus(t);
    await c.enrol(12);
    const only: Hook = async (name, go, args) => {
      const given = args as unknown[];
      if (name === 'tables.write') {
        given[1] = (given[1] as StoredRow[]).map((row) => ({
          ...row,
          at: keep(row.at, 'at'),
          outbox: keep(row.outbox, 'outbox'),
        }));
      }
      if (name === 'claim.commit') {
        const transaction = given[0] as Parameters<Claim['commit']>[0];
        given[0] = { ...transaction, metadata: keep(transaction.metadata, 'progress') };
      }
      return go();
    };
    await c.run(ofRelease(3, only));
    // Both partitions get events about known learners.
    await c.visit(12);
    const before = await c.stores.transport.committed(trackProgress.name, trackProgress.from.name);
    const emittedCount = (await partitionsOf(c.stores.transport, summarizeBatch.from.name)).flat().length;
    for (let p = 0; p < PARTITIONS; p++) {
      const worker = await c.worker(trackProgress, p);
      for (let tries = 0; tries < 3; tries++) {
        await assert.rejects(worker.turn(0), {
          code: 'FORMAT_NEWER',
          kind: 'retry',
          message: new RegExp(`^${what} was`),
        });
      }
    }
    assert.deepEqual(await c.stores.transport.committed(trackProgress.name, trackProgress.from.name), before);
    assert.equal((await partitionsOf(c.stores.transport, summarizeBatch.from.name)).flat().length, emittedCount);
    assert.equal(await deadLetters(c), 0);
    await c.run(ofRelease(3, only));
    assert.equal((await c.stores.transport.lag(trackProgress.name, trackProgress.from.name))[0]?.lag, 0);
  });
}

test('an event that release 1 emitted is recognised when release 2 emits it again, and when it is read again', async (t) => {
  const c = await campus(t);
  await c.enrol(6);
  await c.run(ofRelease(1, (_, go) => go()));
  const origins = async () =>
    (await partitionsOf(c.stores.transport, summarizeBatch.from.name))
      .flat()
      .map(({ headers }) => headers['ce_origin']);
  assert.ok((await origins()).every((origin) => !String(origin).includes('@')));
  const rewind = async (job: (typeof CAMPUS_JOBS)[number]) => {
    for (let p = 0; p < PARTITIONS; p++)
      await c.stores.transport.seek(job.name, job.from.name, { partition: p, offset: 0 });
  };
  for (const job of [trackProgress, summarizeBatch, trackProgress]) {
    await rewind(job);
    await c.run();
    assert.deepEqual(await c.counts(), [6, 6], job.name);
  }
  assert.ok(
    (await origins()).some((origin) => String(origin).includes('@')),
    'release 2 has emitted them too',
  );
  await c.enrol(4);
  await c.run();
  for (const job of [summarizeBatch, trackProgress]) {
    await rewind(job);
    await c.run();
    assert.deepEqual(await c.counts(), [10, 10], job.name);
  }
});
