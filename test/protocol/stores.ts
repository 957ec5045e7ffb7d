/** The stores of the two jobs: the real log, and tables that are either the real ones or settle cell by cell. */

import { callAnswered, DEFAULT_TENANT } from '../../core/event.ts';
import { IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { embeddedCache } from '../../sinks/cache/embedded/cache.ts';
import { sqliteSearch } from '../../sinks/search/sqlite/search.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { sqliteTables } from '../../sinks/tables/sqlite/tables.ts';
import { rememberingChannel } from '../../testing/stores.ts';
import { Codec } from '../../topics/codec/codec.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { embeddedRegistry } from '../../topics/embedded/registry.ts';
import { type EmbeddedTransport, embeddedTransport } from '../../topics/embedded/transport.ts';
import { pipelineEvents } from '../../topics/index.ts';
import { type Cells, type CellsOptions, cellTables } from './cells.ts';
import { jobA, jobB, lookups, one, shown, two } from './jobs.ts';

export interface ProtocolStores extends Stores {
  readonly transport: EmbeddedTransport;
  /** Undefined if the tables are the real ones. */
  readonly cells: Cells | undefined;
  /** Deletes a topic with everything in it, and creates it again. */
  remake(topic: Topic, partitions: number): Promise<void>;
  /** The message of each call to the channel. */
  readonly calls: readonly string[];
  look(value: number): Promise<void>;
  close(): Promise<void>;
}

export interface StoresOptions {
  /** The number of partitions of topic one. */
  readonly partitions: number;
  /** Undefined for the real tables. */
  readonly cells: CellsOptions | undefined;
}

export async function protocolStores({ partitions, cells }: StoresOptions): Promise<ProtocolStores> {
  const database = openDatabase(IN_MEMORY);
  let transport = embeddedTransport(database);
  await transport.createTopics(
    [one, two, pipelineEvents].flatMap(({ name, retentionMs }) => [
      { name, partitions: name === one.name ? partitions : 2, retentionMs },
      { name: deadLetterTopic(name), partitions: 1, retentionMs },
    ]),
  );
  const codec = new Codec(embeddedRegistry(database));
  await codec.prepare([one, two, pipelineEvents]);
  await codec.prepareEvent(one.name, callAnswered);
  const inCells = cells && cellTables(cells);
  const tables: Tables = inCells ?? sqliteTables(database);
  await tables.prepare([jobA.row, jobB.row, shown, lookups]);
  const sms = rememberingChannel(() => ({ outcome: 'sent', detail: '' }), 'at-most-once');
  const search = sqliteSearch(database);
  const cache = embeddedCache(database);
  let looked = 0;
  return {
    get transport() {
      return transport;
    },
    cells: inCells,
    async remake({ name, retentionMs }, partitions) {
      await transport.close();
      for (const sql of DELETE_TOPIC) database.statement(sql).run(name);
      transport = embeddedTransport(database);
      await transport.createTopics([{ name, partitions, retentionMs }]);
    },
    codec,
    tables,
    search,
    cache,
    channels: { sms: sms.channel },
    get calls() {
      return sms.calls.map((key) => decodeURIComponent(key).split('/').at(-1) as string);
    },
    async look(value) {
      const key = [DEFAULT_TENANT, 'it'];
      const version = { token: 1, revision: ++looked };
      const row = { key, version, at: '', outbox: '', timers: {}, partition: 0, whole: true };
      await tables.write(lookups, [{ ...row, data: { name: 'it', value } }]);
    },
    async close() {
      await transport.close();
      await Promise.all([tables.close(), search.close(), cache.close()]);
      database.close();
    },
  };
}

/** The embedded log cannot delete topics as Kafka's tools do. A group's offsets are deleted with the topic. */
const IDS = 'SELECT id FROM log_partitions WHERE topic_id = (SELECT id FROM log_topics WHERE name = ?)';
const DELETE_TOPIC = [
  `DELETE FROM log_batches WHERE id / 1099511627776 IN (${IDS})`,
  `DELETE FROM log_offsets WHERE partition_id IN (${IDS})`,
  `DELETE FROM log_partitions WHERE id IN (${IDS})`,
  'DELETE FROM log_topics WHERE name = ?',
];
