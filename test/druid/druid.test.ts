/**
 * A real Druid that reads our topics by the specifications of `rollup druid-spec` counts right, odd and wrong records as our rollups do.
 * `npm run test:druid` starts everything it needs; once before, run `npm run servers:install -- kafka registry druid`.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kafka, logLevel } from 'kafkajs';
import { loadConfig } from '../../app/config/config.ts';
import { druidSource } from '../../app/reports/druid-source.ts';
import { learningPlatform } from '../../modules/learning.ts';
import type { Datasource, Metric } from '../../reports/define-datasource.ts';
import { druidSpec } from '../../reports/druid/spec.ts';
import { type Druid, startDruid } from '../../servers/druid.ts';
import { startAll } from '../../servers/group.ts';
import { type KafkaServer, startKafka } from '../../servers/kafka.ts';
import { startRegistry } from '../../servers/registry.ts';
import type { Server } from '../../servers/server.ts';
import { Random } from '../../testing/random.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { confluentRegistry } from '../../topics/confluent/registry.ts';
import { kinds } from './kinds.ts';
import { countedRows, type Form, Records, type Written } from './records.ts';

/** The jars of druid-avro-extensions, which not every repository has. Without them, Avro is not tested. */
const EXTENSION = process.env['DRUID_AVRO_EXTENSION'];
const FORMS: Readonly<Record<'avro' | 'json', readonly Form[]>> = { avro: ['avro'], json: ['json', 'structured'] };
const RECORDS = 1000;
const ABORTED = 100;
const PATIENCE_MS = 150_000;
const seed = Number(process.env['DRUID_SEED'] ?? Math.floor(Math.random() * 1_000_000));
const datasources = [...learningPlatform.datasources, ...kinds];

const folder = mkdtempSync(join(tmpdir(), 'tributary-druid-'));
let kafka: KafkaServer;
let registry: Server;
let druid: Druid;
let codec: Codec;

before(
  async () => {
    [kafka, registry, druid] = (await startAll<Server | KafkaServer | Druid>([
      startKafka({ folder: join(folder, 'kafka') }),
      startRegistry({ folder: join(folder, 'registry') }),
      startDruid({ folder: join(folder, 'druid'), extension: EXTENSION }),
    ])) as [KafkaServer, Server, Druid];
    codec = new Codec(confluentRegistry({ url: registry.url }));
    await codec.prepare(datasources.map(({ from }) => from));
  },
  { timeout: 300_000 },
);
after(async () => {
  await Promise.all([druid, kafka, registry].map((server) => server?.kill()));
  rmSync(folder, { recursive: true, force: true });
});

for (const encoding of ['json', 'avro'] as const) {
  const skip = encoding === 'avro' && EXTENSION === undefined && 'DRUID_AVRO_EXTENSION names no folder of its jars';
  test(`Druid counts every datasource from topics of ${encoding} as we do`, { skip, timeout: 400_000 }, async (t) => {
    t.diagnostic(`DRUID_SEED=${seed}`);
    const written = await produce(new Records(new Random(seed), codec), encoding);
    for (const datasource of datasources) await supervise(datasource, encoding);
    for (const datasource of datasources) {
      await allRead(datasource, encoding);
      const records = written.get(datasource.from.name) ?? [];
      await assertCounted(datasource, encoding, records);
    }
    for (const datasource of datasources) await ask(`${supervisor()}/${nameIn(datasource, encoding)}/terminate`, {});
  });
}

type Encoding = keyof typeof FORMS;
const nameIn = (datasource: Datasource, encoding: Encoding): string => `${datasource.name}_${encoding}`;
const topicOf = ({ name }: Datasource['from'], encoding: Encoding): string => `${name}-${encoding}`;

interface Spec {
  readonly spec: {
    readonly dataSchema: {
      dataSource: string;
      readonly dimensionsSpec: { readonly dimensions: readonly { readonly name: string }[] };
      readonly metricsSpec: readonly { readonly name: string }[];
    };
    readonly ioConfig: { topic: string };
  };
  readonly context: object;
}

/** The printed specification, with another topic and another name, because each encoding has its own. */
function specOf(datasource: Datasource, encoding: Encoding): Spec {
  const flags = { transport: kafka.url, registry: registry.url };
  const { config } = loadConfig({ flags, env: {}, folder });
  const { source } = druidSource(config, { encoding, brokers: null, registry: null });
  const spec = JSON.parse(JSON.stringify(druidSpec(datasource, source).spec)) as Spec;
  spec.spec.dataSchema.dataSource = nameIn(datasource, encoding);
  spec.spec.ioConfig.topic = topicOf(datasource.from, encoding);
  return spec;
}

async function ask<T>(url: string, body?: unknown): Promise<T> {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, body === undefined ? {} : { method: 'POST', headers, body: JSON.stringify(body) });
  const text = await answer.text();
  assert.ok(answer.ok, `${url}: ${answer.status} ${text}`);
  return JSON.parse(text) as T;
}

const supervisor = (): string => `${druid.url}/druid/indexer/v1/supervisor`;

async function supervise(datasource: Datasource, encoding: Encoding): Promise<void> {
  const spec = specOf(datasource, encoding);
  await ask(supervisor(), spec);
  const kept = await ask<Spec>(`${supervisor()}/${nameIn(datasource, encoding)}`);
  assert.deepEqual(kept.context, spec.context, 'what was left out is told in the console');
}

type Totals = Readonly<Record<'processed' | 'thrownAway' | 'unparseable', number>>;
type Stats = Readonly<
  Record<string, Readonly<Record<string, { readonly totals?: { readonly buildSegments: Totals } }>>>
>;

/** Waits until Druid has read every committed record. */
async function allRead(datasource: Datasource, encoding: Encoding): Promise<void> {
  const name = nameIn(datasource, encoding);
  const deadline = Date.now() + PATIENCE_MS;
  for (;;) {
    const stats = await ask<Stats>(`${supervisor()}/${name}/stats`);
    const totals = Object.values(stats).flatMap((group) =>
      Object.values(group).flatMap(({ totals }) => (totals === undefined ? [] : [totals.buildSegments])),
    );
    const read = totals.reduce((sum, each) => sum + each.processed + each.thrownAway + each.unparseable, 0);
    if (read === RECORDS) return;
    assert.ok(
      Date.now() < deadline && read < RECORDS,
      `${name}: ${read} of ${RECORDS} records: ${JSON.stringify(stats)}`,
    );
    await sleep(500);
  }
}

async function assertCounted(datasource: Datasource, encoding: Encoding, records: readonly Written[]): Promise<void> {
  const { dataSchema } = specOf(datasource, encoding).spec;
  const [, ...dimensions] = dataSchema.dimensionsSpec.dimensions.map(({ name }) => name);
  const made = dataSchema.metricsSpec.map(({ name }) => name);
  const metrics = datasource.metrics.filter(({ name }) => made.includes(name));
  const columns = ['timestamp_to_millis(__time)', 'tenant', ...dimensions].map((each, n) => `${each} as c${n}`);
  const query = `select ${[...columns, ...metrics.map((metric) => `${asked(metric)} as "${metric.name}"`)].join(', ')}
    from "${nameIn(datasource, encoding)}" group by ${columns.map((_, n) => n + 1).join(', ')}`;
  const rows = await ask<Record<string, unknown>[]>(`${druid.broker}/druid/v2/sql`, { query });
  const found = rows.map((row) => {
    const cells = metrics.map(({ name, kind }) => [name, kind === 'quantile' ? sizeOf(row[name]) : row[name]]);
    return [JSON.stringify(columns.map((_, n) => row[`c${n}`])), Object.fromEntries(cells)];
  });
  const counted = countedRows(datasource, records, { codec, dimensions });
  const expected = [...counted].map(([key, cells]) => {
    return [key, Object.fromEntries(metrics.map(({ name }) => [name, cells[name]]))];
  });
  assert.ok(expected.length > 20, `${datasource.name} has rows`);
  assert.deepEqual(Object.fromEntries(found), Object.fromEntries(expected), datasource.name);
}

function asked({ name, kind }: Metric): string {
  if (kind === 'distinct') return `approx_count_distinct_ds_hll("${name}")`;
  // Two intervals. All values are in the first.
  if (kind === 'quantile') return `ds_histogram(ds_quantiles_sketch("${name}"), 1e18)`;
  return kind === 'min' || kind === 'max' ? `${kind}("${name}")` : `coalesce(sum("${name}"), 0)`;
}

/** The number of values in a sketch, from its histogram. The histogram of an empty sketch has no numbers. */
const sizeOf = (histogram: unknown): number => Number((JSON.parse(String(histogram)) as unknown[])[0]) || 0;

const clientOf = () => new Kafka({ brokers: [kafka.url.slice('kafka://'.length)], logLevel: logLevel.NOTHING });

/** Creates every topic and fills it in transactions, one of which is aborted. Returns the committed records by topic. */
async function produce(records: Records, encoding: Encoding): Promise<Map<string, Written[]>> {
  const client = clientOf();
  const admin = client.admin();
  await admin.connect();
  const producer = client.producer({ transactionalId: 'facts', maxInFlightRequests: 1, idempotent: true });
  await producer.connect();
  const written = new Map<string, Written[]>();
  for (const topic of new Set(datasources.map(({ from }) => from))) {
    // The records are old, so retention would delete them.
    const configEntries = [{ name: 'retention.ms', value: '-1' }];
    await admin.createTopics({ topics: [{ topic: topicOf(topic, encoding), numPartitions: 2, configEntries }] });
    const send = async (count: number, end: 'commit' | 'abort'): Promise<Written[]> => {
      const sent = Array.from({ length: count }, () => records.next(topic, FORMS[encoding]));
      const transaction = await producer.transaction();
      await transaction.send({
        topic: topicOf(topic, encoding),
        messages: sent.map(({ value, headers, timestamp }, n) => ({
          value: value === null ? null : Buffer.from(value),
          headers: headers as Record<string, string>,
          timestamp: `${timestamp}`,
          partition: n % 2,
        })),
      });
      await transaction[end]();
      return sent;
    };
    const first = await send(RECORDS / 2, 'commit');
    await send(ABORTED, 'abort');
    written.set(topic.name, [...first, ...(await send(RECORDS / 2, 'commit'))]);
  }
  await producer.disconnect();
  await admin.disconnect();
  return written;
}
