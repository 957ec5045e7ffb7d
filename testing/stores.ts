/** The real embedded stores in memory, prepared for some jobs. Only the channels are the test's own. */

import { callAnswered, timerFired } from '../core/event.ts';
import type { CacheDef, IndexDef, TableDef } from '../core/target.ts';
import { type Database, IN_MEMORY, openDatabase } from '../embedded/database.ts';
import type { Job } from '../jobs/define.ts';
import { Forgotten } from '../jobs/runtime/forgotten.ts';
import { RecordBudget } from '../jobs/runtime/record-budget.ts';
import {
  type Clock,
  DEFAULT_SETTINGS,
  type Runtime,
  rowBudgetOf,
  type Settings,
  type Stores,
} from '../jobs/runtime/stores.ts';
import { SILENT, type Telemetry } from '../jobs/runtime/telemetry.ts';
import { embeddedCache } from '../sinks/cache/embedded/cache.ts';
import type { Channel, Message } from '../sinks/channels/port.ts';
import { sqliteSearch } from '../sinks/search/sqlite/search.ts';
import { sqliteTables } from '../sinks/tables/sqlite/tables.ts';
import { Codec } from '../topics/codec/codec.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import { embeddedRegistry } from '../topics/embedded/registry.ts';
import { embeddedTransport } from '../topics/embedded/transport.ts';

export interface TestStores extends Stores {
  readonly database: Database;
  /** Lists every record of a cache and tenant, in any order. By default, those of the database. */
  readonly cached?: (cache: CacheDef, tenant: string) => Promise<Readonly<Record<string, unknown>>[]>;
  close(): Promise<void>;
}

export interface StoresOptions {
  readonly partitions?: number;
  readonly channels?: Stores['channels'];
  readonly database?: Database;
  readonly topics?: readonly Topic[];
}

export async function memoryStores(jobs: readonly Job[], options: StoresOptions = {}): Promise<TestStores> {
  const database = options.database ?? openDatabase(IN_MEMORY);
  const transport = embeddedTransport(database);
  const topics = new Set([...(options.topics ?? []), ...jobs.flatMap((job) => [job.from, ...job.to])]);
  const partitions = options.partitions ?? 2;
  await transport.createTopics(
    [...topics].flatMap(({ name, retentionMs }) => [
      { name, partitions, retentionMs },
      { name: deadLetterTopic(name), partitions, retentionMs },
    ]),
  );
  const codec = new Codec(embeddedRegistry(database));
  await codec.prepare([...topics]);
  for (const { name } of topics) {
    await codec.prepareEvent(name, timerFired);
    await codec.prepareEvent(name, callAnswered);
  }
  const tables = sqliteTables(database);
  const search = sqliteSearch(database);
  const targets = jobs.flatMap((job) => [job.row, ...job.views.map((view) => view.into)]);
  await tables.prepare([...new Set(targets.filter((target): target is TableDef => target.kind === 'table'))]);
  await search.prepare([...new Set(targets.filter((target): target is IndexDef => target.kind === 'index'))]);
  const cache = embeddedCache(database);
  const channels = options.channels ?? {};
  return {
    database,
    transport,
    codec,
    tables,
    search,
    cache,
    channels,
    async close() {
      await transport.close();
      await tables.close();
      await search.close();
      await cache.close();
      database.close();
    },
  };
}

/** A clock that stands still until it is set. `sleep` returns at once. */
export class ManualClock implements Clock {
  #now: number;
  #elapsed = 0;
  constructor(now: number) {
    this.#now = now;
  }
  now(): number {
    return this.#now;
  }
  elapsed(): number {
    return this.#elapsed;
  }
  /** Sets the wall clock. The time in between passes; if `now` is in the past, none does. */
  set(now: number): void {
    this.#elapsed += Math.max(0, now - this.#now);
    this.#now = now;
  }
  advance(ms: number): void {
    this.set(this.#now + ms);
  }
  /** Changes the wall clock without any time passing. */
  setWall(now: number): void {
    this.#now = now;
  }
  async sleep(): Promise<void> {}
  yieldToLoop(): Promise<void> | undefined {
    return undefined;
  }
}

const EVERYBODY: ReadonlySet<string> = Object.assign(new Set<string>(), { has: () => true });

export function testRuntime(
  stores: Stores,
  options: {
    clock?: Clock;
    settings?: Partial<Settings>;
    telemetry?: Telemetry;
    random?: () => number;
    forgotten?: Forgotten;
    upstreams?: Runtime['upstreams'];
    pipelineTopic?: Runtime['pipelineTopic'];
  } = {},
): Runtime {
  const settings = {
    ...DEFAULT_SETTINGS,
    waitMs: 0,
    timerMs: 0,
    viewWaitMs: Number.POSITIVE_INFINITY,
    ...options.settings,
  };
  return {
    stores,
    clock: options.clock ?? new ManualClock(Date.UTC(2026, 0, 1)),
    settings,
    telemetry: options.telemetry ?? SILENT,
    recordBudget: new RecordBudget(Number.POSITIVE_INFINITY),
    catchUpBudget: new RecordBudget(Number.POSITIVE_INFINITY),
    rowBudget: rowBudgetOf(settings),
    random: options.random ?? (() => 0.5),
    forgotten: options.forgotten ?? new Forgotten(),
    upstreams: options.upstreams ?? (() => EVERYBODY),
    pipelineTopic: options.pipelineTopic,
  };
}

/** A channel that records its messages, and answers as the test specifies. */
export function rememberingChannel(
  answer: (key: string, message: Message) => Awaited<ReturnType<Channel['send']>>,
  repeats: Channel['repeats'] = 'honours-key',
) {
  const calls: string[] = [];
  const messages: Message[] = [];
  const channel: Channel = {
    repeats,
    async send(message) {
      calls.push(message.key);
      messages.push(message);
      return answer(message.key, message);
    },
    async close() {},
  };
  return { channel, calls, messages };
}
