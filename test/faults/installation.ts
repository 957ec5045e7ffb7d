/**
 * An installation under load: servers, worker processes that run all jobs (for rollups see `rollups.test.ts`), a platform that keeps
 * producing, and an undisturbed run of the same story. After every fault, readers must see the same in both.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { TributaryError } from '../../core/errors.ts';
import { jobs } from '../../jobs/index.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { Random } from '../../testing/random.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { Ledger } from './ledger.ts';
import { startOracle } from './oracle.ts';
import { assertPlainReads } from './plain-reads.ts';
import { comparable, entriesFrom, readAll } from './reading.ts';
import type { Report } from './report.ts';
import { isSettled, PARTITIONS, standing } from './settled.ts';
import { Story, type StoryEvent } from './story.ts';
import { faultyRecords } from './story-records.ts';
import { until } from './until.ts';
import { Fleet, runCommand } from './workers.ts';

export interface Places {
  readonly transport: string;
  readonly registry: string;
  readonly tables: string;
  readonly cache: string;
  readonly search: string;
  readonly requests: string;
  readonly objects: string;
}

const CHUNK = 20;
const PACE_MS = 100;
/** The number of events produced after a fault. */
const LEAST = 400;
/** After this many events there is enough to do, so they come ten times slower. */
const MANY = 1000;

export type Installation = Awaited<ReturnType<typeof install>>;

export async function install(folder: string, seed: number, places: Places, report: Report, settings = {}) {
  const random = new Random(seed);
  const story = new Story(new Random(seed + 1));
  const data = join(folder, 'data');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'tributary.json');
  const keys = {
    data,
    ...places,
    logLevel: 'debug',
    sessionMs: 3000,
    backOffLongestMs: 2000,
    maxRecords: 500,
    ...settings,
  };
  writeFileSync(file, JSON.stringify(keys));
  const { config } = loadConfig({ flags: {}, env: {}, file, folder });
  const oracle = await startOracle();
  const wired: Wired = await wire({ config, platform: learningPlatform });
  const { stores } = wired;
  // This clock leaps an hour each time, so that every look searches for timers. A client that found none searches again only after minutes.
  let looks = 0;
  const timers = cassandraTables({ url: places.tables }, () => (looks += 3_600_000));
  const looked = { transport: stores.transport, tables: timers };
  let isClosed = false;
  const fleet = new Fleet(folder, () => file, ['run', ...jobs.map(({ name }) => name)]);
  const ledger = new Ledger(stores);

  async function produce(records: readonly NewRecord[]): Promise<void> {
    // Sends again what was not acknowledged, as a platform service does.
    for (;;) {
      try {
        if (records.length > 0) await stores.transport.produce(records);
        return;
      } catch (error) {
        if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
      }
    }
  }

  async function produceEvents(events: readonly StoryEvent[]): Promise<void> {
    await produce(events.flatMap((one) => faultyRecords(one, stores.codec, PARTITIONS, random)));
    await oracle.produce(events);
  }

  /** Produces until `isOver` and then some more, slower if it takes long. Returns the number of events. */
  async function produceUntil(isOver: () => boolean, paceMs: number): Promise<number> {
    let count = 0;
    for (let rest = LEAST; rest > 0; rest = isOver() ? rest - CHUNK : LEAST) {
      const events = story.next(CHUNK);
      await produceEvents(events);
      count += events.length;
      await sleep(count > MANY && !isOver() ? 10 * paceMs : paceMs);
    }
    return count;
  }

  /** Waits until the jobs have advanced by this many records. */
  async function advanced(by: number): Promise<void> {
    // A worker killed in a transaction leaves offsets unreadable until its successor starts. So the first look has to wait, too.
    let before: number | undefined;
    const isSo = async (): Promise<boolean> => {
      const { committed } = await standing(stores);
      before ??= committed;
      return committed >= before + by;
    };
    await until(`the jobs come on by ${by} records`, unlessDeserted(isSo), tails);
  }

  async function settled(): Promise<void> {
    await until(
      'nothing is left to do',
      unlessDeserted(() => isSettled(looked)),
      tails,
    );
  }

  /** Fails if a worker has ended by itself: no outage is a reason for that. */
  function unlessDeserted(isSo: () => Promise<boolean>): () => Promise<boolean> {
    return () => {
      assert.deepEqual(fleet.deserters(), [], 'no worker ends by itself');
      return isSo();
    };
  }

  const tails = (): string => fleet.running.map(({ name, tail }) => `\n--- ${name}:\n${tail}`).join('');

  /** Compares everything that readers can see with the undisturbed run. */
  async function assertUndisturbed(): Promise<void> {
    await oracle.settle();
    await ledger.readOn();
    assert.deepEqual(ledger.repeated, [], 'no fact is said twice');
    assertSame(count(ledger.facts), count(oracle.ledger.facts), 'derived facts');
    assert.deepEqual(ledger.strangers, [], 'dead letters are of poisoned records only');
    const fates = oracle.ledger.fates();
    for (const [name, each] of ledger.fates()) {
      for (const fate of each) assert.deepEqual([fate], fates.get(name), `what became of poison ${name}`);
    }
    assert.deepEqual([...ledger.fates().keys()].sort(), [...fates.keys()].sort(), 'the poison of both lives');
    const expected = comparable(await oracle.read());
    const found = comparable(await readAll(stores, entriesFrom));
    for (const [name, rows] of Object.entries(expected)) {
      assertSame(count(found[name]?.map(asText) ?? []), count(rows.map(asText)), name);
    }
    await assertPlainReads(config, expected);
    const outbox = join(data, 'outbox/mail');
    const mails = existsSync(outbox) ? readdirSync(outbox).filter((name) => name.endsWith('.eml')) : [];
    assert.equal(mails.length, oracle.messages().length, 'every message left once');
  }

  /**
   * Keeps the platform producing during `fault`, which settles when the fault is over. Waits until the jobs have done
   * everything, and compares the result with the undisturbed run.
   */
  async function survive(name: string, fault: () => Promise<unknown>, { paceMs = PACE_MS } = {}): Promise<void> {
    const begun = performance.now();
    let isOver = false;
    const producing = produceUntil(() => isOver, paceMs);
    producing.catch(() => {});
    await advanced(100 + random.below(400));
    const faultAt = performance.now();
    await fault();
    isOver = true;
    const overAt = performance.now();
    const lag = (await away(() => standing(stores))).lag;
    await advanced(1);
    const advancedAt = performance.now();
    const events = await producing;
    const producedAt = performance.now();
    await settled();
    const settledAt = performance.now();
    await assertUndisturbed();
    report.row({
      name,
      events,
      lag,
      faultMs: overAt - faultAt,
      advancedMs: advancedAt - overAt,
      caughtUpMs: Math.max(0, settledAt - Math.max(producedAt, overAt)),
      totalMs: performance.now() - begun,
    });
  }

  async function open(workers: number): Promise<void> {
    await fleet.start(workers);
    for (const part of story.opening()) {
      await produceEvents(part);
      await settled();
      await oracle.settle();
    }
    await assertUndisturbed();
  }

  return {
    random,
    fleet,
    wired,
    /** Runs a command beside the workers. It must succeed. */
    async command(...args: string[]): Promise<void> {
      const { code, text } = await runCommand(folder, file, args);
      assert.equal(code, 0, text);
    },
    advanced,
    survive,
    open,
    assertUndisturbed,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await fleet.killAll();
      await timers.close();
      await wired.close();
      await oracle.close();
    },
  };
}

async function away<T>(ask: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
    }
  }
}

const asText = (value: unknown): string => JSON.stringify(value);

function count(texts: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1);
  return counts;
}

/** Fails if they differ, naming some of the differences. */
function assertSame(found: ReadonlyMap<string, number>, expected: ReadonlyMap<string, number>, what: string): void {
  const differing = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): string[] =>
    [...a].filter(([text, times]) => b.get(text) !== times).map(([text, times]) => `${times} × ${text}`);
  const [surplus, missing] = [differing(found, expected), differing(expected, found)];
  if (surplus.length + missing.length === 0) return;
  const some = (texts: readonly string[]): string => [...texts].sort().slice(0, 5).join('\n  ');
  assert.fail(
    `${what}: ${surplus.length} are other than in the undisturbed run:\n  ${some(surplus)}\nexpected (${missing.length}):\n  ${some(missing)}`,
  );
}
