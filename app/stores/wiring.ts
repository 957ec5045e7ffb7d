/**
 * Opens the ports of a configuration, each by the implementation that its URL names (`openers.ts`). The platform determines what the jobs
 * need: topics, schemas, tables and indexes. Missing ones are made here, if wanted.
 */

import { join } from 'node:path';
import type { ChannelName } from '../../core/channel.ts';
import { kindOf, TributaryError } from '../../core/errors.ts';
import { callAnswered, timerFired } from '../../core/event.ts';
import type { Database } from '../../embedded/database.ts';
import { hasDatabase } from '../../embedded/file.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { Forgotten } from '../../jobs/runtime/forgotten.ts';
import { currentTables } from '../../jobs/runtime/rows/generations/current-tables.ts';
import {
  DEFAULT_SETTINGS,
  type Runtime,
  recordBudgetOf,
  rowBudgetOf,
  type Settings,
  type Stores,
} from '../../jobs/runtime/stores.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import { upstreamsOf } from '../../jobs/runtime/upstreams.ts';
import type { Platform } from '../../modules/define.ts';
import { indexesOf, storedTablesOf, topicSpecs } from '../../modules/derived.ts';
import type { KeptStores } from '../../reports/operate/kept.ts';
import type { RollupSettings } from '../../reports/runtime/settings.ts';
import type { Channel } from '../../sinks/channels/port.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { Requests } from '../../sinks/requests/port.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { Codec } from '../../topics/codec/codec.ts';
import type { Registry } from '../../topics/codec/registry.ts';
import { pipelineEvents } from '../../topics/index.ts';
import type { TopicsAdmin } from '../../topics/log/admin.ts';
import type { Config, Port } from '../config/keys.ts';
import { isEmbedded } from '../config/urls.ts';
import type { Failure } from '../run/running-jobs.ts';
import { StoreCalls } from '../telemetry/store-calls.ts';
import { VERSION } from '../version.ts';
import { absentPort } from './absent.ts';
import { lateSearch } from './late-search.ts';
import { type Implementations, openerOf, type Shared } from './openers.ts';

/** Which missing topics, schemas, tables and indexes to make: all, the embedded ones, or none. */
export type Prepare = 'all' | 'embedded' | 'nothing';

/** What an installation consists of. */
export interface Setup {
  readonly config: Config;
  readonly platform: Platform;
}

export interface Wired extends Setup {
  readonly stores: Stores;
  readonly topics: TopicsAdmin;
  readonly registry: Registry;
  readonly objects: Objects;
  /** The stores that tables of segments are made with, opened at the first call. */
  segments(): Promise<KeptStores>;
  readonly requests: Requests;
  /** The calls that this process makes to its stores. */
  readonly storeCalls: StoreCalls;
  /** The jobs of this process that failed, with their errors. */
  readonly failed: Map<string, Failure>;
  /** The file that all embedded implementations share, and that one process has alone; undefined if none is embedded. */
  readonly embedded: { damage(): string[] } | undefined;
  /** Makes the topics, schemas, tables and indexes that are missing, unless it has done so already. */
  prepare(what: Prepare): Promise<void>;
  /**
   * Makes everything before jobs run. If the table of a job's rows has drifted, only that job stops, when it begins. A search that does not
   * answer is not waited for: its error is returned, and its indexes are made before the first document of the runtime is written.
   */
  prepareJobs(): Promise<TributaryError | undefined>;
  runtime(telemetry: Telemetry): Runtime;
  close(): Promise<void>;
}

/** For a missing data folder. `makes`: it is made. `looks`: nothing is made. `tries`: it is made in memory, for a dry run. */
export type Access = 'makes' | 'looks' | 'tries';

/** Opens the ports of the configuration and makes what is missing. After an error, everything that was opened is closed again. */
export async function wire(
  { config, platform }: Setup,
  first: Prepare = 'all',
  access: Access = 'makes',
): Promise<Wired> {
  const { IN_MEMORY, openDatabase } = await import('../../embedded/database.ts');
  const isAbsent = access !== 'makes' && !hasDatabase(config.data);
  const storeCalls = new StoreCalls();
  const closers: (() => Promise<void>)[] = [];
  let database: Database | undefined;
  const shared: Shared = {
    config,
    database() {
      if (database === undefined) {
        const opened = openDatabase(isAbsent ? IN_MEMORY : config.data);
        database = opened;
        closers.push(async () => opened.close());
      }
      return database;
    },
  };
  const close = async (): Promise<void> => {
    // In reverse order: the transport first, since the others may still be read through it, and the database last.
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  async function open<P extends Port>(port: P): Promise<Implementations[P]> {
    if (isAbsent && isEmbedded(config[port]) && (access === 'looks' || port === 'objects')) return absent(port);
    const opened = await openerOf(port, config[port])(shared, config[port]);
    if (opened !== undefined) closers.push(() => (opened as { close(): Promise<void> }).close());
    return opened === undefined ? opened : watched(port, opened);
  }
  function watched<P extends Port>(port: P, opened: Implementations[P]): Implementations[P] {
    if (port !== 'transport') return storeCalls.watch(port, opened as object) as Implementations[P];
    const { transport, ...rest } = opened as Implementations['transport'];
    return { ...rest, transport: storeCalls.watch(port, transport) } as Implementations[P];
  }
  function absent<P extends Port>(port: P): Implementations[P] {
    const one = absentPort(config.data);
    return (port === 'transport' ? { transport: one, topics: one } : one) as Implementations[P];
  }
  try {
    const registry = await open('registry');
    const objects = await open('objects');
    const requests = await open('requests');
    const channels = await openChannels(open);
    const cache = await open('cache');
    const search = lateSearch(await open('search'));
    const tables = currentTables(await open('tables'), platform.jobs);
    const { transport, topics: admin } = await open('transport');
    const stores: Stores = { transport, codec: new Codec(registry), tables, cache, search, channels };
    let opening: Promise<KeptStores> | undefined;
    let isPrepared = false;
    const prepare = async (what: Prepare): Promise<void> => {
      if (isPrepared || what === 'nothing') return;
      await makeMissing(stores, platform, (port) => (isEmbedded(config[port]) ? !isAbsent : what === 'all'));
      isPrepared = what === 'all';
    };
    const prepareJobs = async (): Promise<TributaryError | undefined> => {
      if (isPrepared) return undefined;
      await makeMissing(stores, platform, (port) => port !== 'search' && port !== 'tables');
      await prepareTables(stores.tables, platform.jobs);
      let away: TributaryError | undefined;
      try {
        await search.prepare(indexesOf(platform.jobs));
      } catch (error) {
        if (kindOf(error) !== 'retry') throw error;
        away = error as TributaryError;
        search.prepareLater(indexesOf(platform.jobs));
      }
      isPrepared = true;
      return away;
    };
    await prepare(first);
    return {
      config,
      stores,
      topics: admin,
      prepare,
      prepareJobs,
      registry,
      objects,
      segments: () => {
        opening ??= openSegments(config, objects, closers);
        return opening;
      },
      requests,
      platform,
      failed: new Map(),
      storeCalls,
      embedded: isAbsent ? undefined : database && { damage: () => damageOf(database as Database) },
      runtime(telemetry) {
        const settings = settingsOf(config);
        // From all declared jobs: this process may run only some of them.
        const upstreams = upstreamsOf(platform.jobs);
        return {
          stores,
          clock: systemClock,
          settings,
          telemetry,
          recordBudget: recordBudgetOf(settings),
          catchUpBudget: recordBudgetOf(settings),
          rowBudget: rowBudgetOf(settings),
          random: Math.random,
          upstreams,
          forgotten: new Forgotten(stores.tables),
          pipelineTopic: pipelineTopicOf(config, platform),
        };
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The disk space for segments that compactions and rebuilds have read. Segments in use may exceed it. */
const SEGMENT_CACHE_BYTES = 1_000_000_000;

async function openSegments(config: Config, objects: Objects, closers: (() => Promise<void>)[]): Promise<KeptStores> {
  const [{ openDuckDb }, { segmentCache }] = await Promise.all([
    import('../../duckdb/database.ts'),
    import('../../sinks/segments/cache.ts'),
  ]);
  const cache = segmentCache({ folder: join(config.data, 'segments'), objects, maxBytes: SEGMENT_CACHE_BYTES });
  const duck = await openDuckDb({
    folder: join(config.data, 'duckdb'),
    readable: [cache.folder],
    memoryBytes: config.duckMemoryMb * 1_000_000,
  });
  closers.push(() => duck.close());
  return { objects, duck, cache, now: systemClock.now, engine: `tributary ${VERSION}` };
}

export const rollupSettingsOf = ({ publishMs, publishMb }: Config): RollupSettings => ({
  publishMs,
  publishBytes: publishMb * 1_000_000,
});

/** The problems that SQLite finds in its file, at most ten. */
function damageOf(database: Database): string[] {
  const found = database.statement('PRAGMA quick_check(10)').all<[string]>();
  return found.map(([text]) => text).filter((text) => text !== 'ok');
}

async function openChannels(open: (name: ChannelName) => Promise<Channel | undefined>): Promise<Stores['channels']> {
  const channels: Partial<Record<ChannelName, Channel>> = {};
  for (const name of ['mail', 'webhook', 'push', 'sms'] as const) {
    const opened = await open(name);
    if (opened !== undefined) channels[name] = opened;
  }
  return channels;
}

/** What is missing in the ports to prepare. */
async function makeMissing(
  { transport, codec, tables, search }: Stores,
  { topics, jobs }: Platform,
  prepares: (port: Port) => boolean,
): Promise<void> {
  if (prepares('transport')) await transport.createTopics(topicSpecs(topics));
  if (prepares('registry')) await prepareSchemas(codec, { topics, jobs });
  if (prepares('tables')) await tables.prepare(storedTablesOf(jobs));
  if (prepares('search')) await search.prepare(indexesOf(jobs));
}

export async function prepareSchemas(codec: Codec, { topics, jobs }: Pick<Platform, 'topics' | 'jobs'>): Promise<void> {
  await codec.prepare(topics);
  for (const job of jobs) {
    for (const def of [timerFired, callAnswered]) {
      if (job.on.includes(def)) await codec.prepareEvent(job.from.name, def);
    }
  }
}

/** All tables together, or one by one if a table has drifted: the job of that table reports it when it begins. */
async function prepareTables(tables: Tables, jobs: Platform['jobs']): Promise<void> {
  const all = storedTablesOf(jobs);
  const isDrifted = (error: unknown) => error instanceof TributaryError && error.code === 'TABLE_DRIFTED';
  try {
    await tables.prepare(all);
  } catch (error) {
    if (!isDrifted(error)) throw error;
    const rows = new Set(jobs.map(({ row }) => row));
    for (const table of all) {
      await tables.prepare([table]).catch((error) => {
        if (!isDrifted(error) || !rows.has(table)) throw error;
      });
    }
  }
}

/** Undefined if the installation does not want these events, or its platform lacks the module `pipeline`. */
function pipelineTopicOf({ pipelineEvents: wanted }: Config, { topics }: Platform): string | undefined {
  return wanted === 'on' && topics.includes(pipelineEvents) ? pipelineEvents.name : undefined;
}

function settingsOf(config: Config): Settings {
  return {
    ...DEFAULT_SETTINGS,
    maxRecords: config.maxRecords,
    maxKeys: config.maxKeys,
    batchesAtOnce: config.batchesAtOnce,
    waitMs: config.waitMs,
    lookupMs: config.lookupMs,
    timerMs: config.timerMs,
    rowCacheMb: config.rowCacheMb,
    viewWaitMs: config.viewWaitMs,
    backOffMs: [config.backOffFirstMs, config.backOffLongestMs],
    undeclaredTypes: config.undeclaredTypes,
  };
}
