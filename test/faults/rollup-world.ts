/** Servers, processes that roll up, and a platform that keeps producing. The cases of `rollups.test.ts` disturb them. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from '../../app/config/config.ts';
import { type Wired, wire } from '../../app/stores/wiring.ts';
import { TributaryError } from '../../core/errors.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { currentGeneration, tableName } from '../../reports/runtime/generations.ts';
import { startAll } from '../../servers/group.ts';
import type { KafkaServer } from '../../servers/kafka.ts';
import { startRegistry } from '../../servers/registry.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from '../../servers/s3.ts';
import type { Server } from '../../servers/server.ts';
import { Random } from '../../testing/random.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { batchEvents, enrollmentEvents } from '../../topics/index.ts';
import { shortId } from '../../topics/log/origin.ts';
import { parseProgress } from '../../topics/log/progress.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { type Counted, directCount, Facts, recordsIn } from './rollup-facts.ts';
import { expectedFigures, RollupTables, SOURCES, type TableName } from './rollup-tables.ts';
import { type Gate, startGate } from './s3-gate.ts';
import { startBrokers } from './servers.ts';
import { until } from './until.ts';
import { Fleet, type Worker } from './workers.ts';

export const TOPICS = [enrollmentEvents, batchEvents];
export const BUCKET = 'rollups';
const JOBS = Object.values(SOURCES).map(({ name }) => name);
const CHUNK = 30;
const PACE_MS = 50;

interface Servers {
  readonly kafka: KafkaServer;
  readonly registry: Server;
  readonly s3: Server;
}

export async function startRollupWorld(seed: number): Promise<RollupWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-rollups-'));
  const [kafka, registry, s3] = (await startAll<Server | KafkaServer>([
    startBrokers(folder, 1),
    startRegistry({ folder: join(folder, 'registry') }),
    startS3({ folder: join(folder, 's3'), buckets: [BUCKET] }),
  ])) as [KafkaServer, Server, Server];
  const servers = { kafka, registry, s3 };
  const file = configFile(folder, 'test', servers, s3.url);
  const { config } = loadConfig({ flags: {}, env: {}, file, folder });
  const wired = await wire({ config, platform: learningPlatform });
  const tables = await RollupTables.open(wired.objects, join(folder, 'reader'));
  return new RollupWorld({ folder, file, servers, wired, tables, random: new Random(seed) });
}

/** @param endpoint the address at which this process reaches S3 */
function configFile(folder: string, name: string, { kafka, registry }: Servers, endpoint: string): string {
  const file = join(folder, `${name}.json`);
  const keys = {
    data: join(folder, name),
    transport: kafka.url,
    registry: registry.url,
    objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${endpoint}&region=${S3_REGION}`,
    logLevel: 'debug',
    sessionMs: 1500,
    backOffLongestMs: 1000,
    maxRecords: 200,
    publishMs: 300,
  };
  writeFileSync(file, JSON.stringify(keys));
  return file;
}

interface Parts {
  readonly folder: string;
  readonly file: string;
  readonly servers: Servers;
  readonly wired: Wired;
  readonly tables: RollupTables;
  readonly random: Random;
}

export class RollupWorld {
  readonly servers: Servers;
  readonly wired: Wired;
  readonly fleet: Fleet;
  readonly random: Random;
  /** The configuration file of this installation. */
  readonly file: string;
  /** The number of partitions of each topic. */
  partitions = enrollmentEvents.partitions;
  readonly #folder: string;
  readonly #tables: RollupTables;
  readonly #facts: Facts;
  readonly #gates = new Map<string, Gate>();
  /** The counts of deleted topics. */
  #counted: Counted | undefined;
  /** Resolves when nothing is being produced. */
  #producing: Promise<void> = Promise.resolve();
  #pause: Promise<void> | undefined;

  constructor({ folder, file, servers, wired, tables, random }: Parts) {
    this.#folder = folder;
    this.file = file;
    this.servers = servers;
    this.wired = wired;
    this.#tables = tables;
    this.random = random;
    this.#facts = new Facts(random, wired.stores.codec);
    const configOf = (name: string) => configFile(folder, name, servers, this.#gateOf(name).url);
    this.fleet = new Fleet(folder, configOf, ['run', ...JOBS]);
  }

  /** A folder for what a test starts beside these servers. It is deleted with the world. */
  folderOf(name: string): string {
    const folder = join(this.#folder, name);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** The current location of a table. */
  async urlOf(name: TableName): Promise<string> {
    const { prefix } = SOURCES[name];
    const { generation } = await currentGeneration(this.wired.objects, prefix);
    return `s3://${BUCKET}/${tableName(prefix, generation)}`;
  }

  #gateOf(name: string): Gate {
    const gate = this.#gates.get(name);
    if (gate === undefined) throw new Error(`${name} has no gate`);
    return gate;
  }

  gateOf(worker: Worker): Gate {
    return this.#gateOf(worker.name);
  }

  async startOne(): Promise<Worker> {
    const gate = await startGate(this.servers.s3.url);
    // No await before this: several workers may start at once, and the fleet numbers them in this order.
    this.#gates.set(`worker-${this.#gates.size + 1}`, gate);
    return this.fleet.startOne();
  }

  async startWorkers(count: number): Promise<void> {
    const workers = await Promise.all(Array.from({ length: count }, () => this.startOne()));
    await Promise.all(workers.map((worker) => worker.owns(1)));
  }

  /** Kills a worker as soon as it logs that it published, when the group's offset may still be older, and starts another worker. */
  async killOncePublished(): Promise<void> {
    const worker = this.random.pick(this.fleet.running);
    await worker.owns(1);
    const { published } = worker;
    await until(`${worker.name} publishes`, () => worker.published > published, this.tails);
    await this.fleet.kill(worker);
    await this.startOne();
  }

  async #produce(records: readonly NewRecord[]): Promise<void> {
    for (;;) {
      try {
        await this.wired.stores.transport.produce(records);
        return;
      } catch (error) {
        if (!(error instanceof TributaryError && error.kind === 'retry')) throw error;
      }
    }
  }

  /** Produces facts while the body runs, and for a few more rounds. */
  async whileProducing(body: () => Promise<void>): Promise<void> {
    let isOver = false;
    const producing = (async () => {
      for (let rest = 10; rest > 0; rest = isOver ? rest - 1 : 10) {
        await this.#pause;
        this.#producing = this.#produce(this.#facts.next(CHUNK, this.partitions));
        await this.#producing;
        await sleep(PACE_MS);
      }
    })();
    producing.catch(() => {});
    try {
      await body();
    } finally {
      isOver = true;
      await producing;
    }
  }

  /** Produces nothing while the body runs, so that the body may delete the topics. Their counts are kept. */
  async whileForgotten(body: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#pause = promise;
    try {
      await this.#producing;
      await this.assertCounted();
      this.#counted = await directCount(this.wired.stores);
      this.#facts.forget();
      await body();
    } finally {
      this.#pause = undefined;
      resolve();
    }
  }

  readonly tails = (): string => this.fleet.running.map(({ name, tail }) => `\n--- ${name}:\n${tail}`).join('');

  /** How often workers waited with this error code. */
  waits(code: string): number {
    return this.fleet.waits().get(code) ?? 0;
  }

  /** Whether the group has reached the end of its current topic, as opposed to a deleted one of that name. */
  async #isLevel({ name, from }: (typeof SOURCES)[keyof typeof SOURCES]): Promise<boolean> {
    const { transport } = this.wired.stores;
    const [info] = await transport.describe([from.name]);
    const committed = await transport.committed(name, from.name);
    if (info === undefined || committed.length < info.partitions.length) return false;
    const isOfIt = committed.every(({ offset, metadata }) => {
      return offset !== undefined && parseProgress(metadata, offset).topicId === shortId(info.id);
    });
    return isOfIt && (await transport.lag(name, from.name)).every(({ lag }) => lag === 0);
  }

  /** The tables have the totals of a direct count, and each unreadable record has one dead letter. Returns the direct count. */
  async assertCounted(): Promise<Counted> {
    const { stores } = this.wired;
    const isLevel = async () => {
      assert.deepEqual(this.fleet.deserters(), [], 'no worker ends by itself');
      return (await Promise.all(Object.values(SOURCES).map((each) => this.#isLevel(each)))).every((each) => each);
    };
    await until('the groups are level with the topics', isLevel, this.tails);
    const expected = await directCount(stores, structuredClone(this.#counted));
    for (const name of ['enrollments', 'activity'] as const) {
      assert.deepEqual(await this.#tables.figures(name), expectedFigures(expected, name), name);
    }
    const deadLetters: string[] = [];
    for (const { name } of TOPICS) {
      for await (const { headers } of recordsIn(stores, deadLetterTopic(name))) {
        deadLetters.push(`${name}/${headers[DEAD_LETTER.partition]}/${headers[DEAD_LETTER.offset]}`);
      }
    }
    assert.deepEqual(deadLetters.sort(), [...expected.unreadable].sort(), 'one dead letter for each unreadable record');
    return expected;
  }

  async close(): Promise<void> {
    await this.fleet.killAll();
    for (const gate of this.#gates.values()) gate.stop();
    await this.#tables.close();
    await this.wired.close();
    await Promise.all(Object.values(this.servers).map((server) => server.kill()));
    if (process.env['FAULTS_KEEP'] === undefined) rmSync(this.#folder, { recursive: true, force: true });
  }
}
