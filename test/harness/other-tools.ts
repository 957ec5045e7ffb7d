/** What other tools do to the embedded log, or a broker to a real one. */

import { partitionsOf } from '../../testing/dump.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';
import { topics } from '../../topics/index.ts';
import type { LogRecord, NewRecord, Transport } from '../../topics/log/transport.ts';
import { type Campus, PARTITIONS } from './campus.ts';
import { FOR_EVER } from './retention.ts';

/** See `topics/embedded/records.ts`. */
const SPAN = 2 ** 40;

/** Sets the offsets of a group as foreign tools do: in each partition another offset, without the metadata that was stored beside it. */
export async function putBy(
  { stores: { transport, database } }: Campus,
  { name, from }: { readonly name: string; readonly from: { readonly name: string } },
  offsetFrom: (end: number) => number,
): Promise<void> {
  const [topic] = await transport.describe([from.name]);
  const ids = database
    .statement('SELECT p.partition, p.id FROM log_partitions p JOIN log_topics t ON t.id = p.topic_id WHERE t.name = ?')
    .all<[number, number]>(from.name);
  for (const [partition, id] of ids) {
    database
      .statement("UPDATE log_offsets SET next_offset = ?, marks = '' WHERE group_name = ? AND partition_id = ?")
      .run(offsetFrom(topic?.partitions[partition]?.end ?? 0), name, id);
  }
}

/** Deletes the topic, and with it the offsets of its groups, as Kafka does. Then creates it again. */
export async function remake(campus: Campus, name: string): Promise<void> {
  const { database, transport: old } = campus.stores;
  await old.close();
  const [[id] = [0]] = database.statement('SELECT id FROM log_topics WHERE name = ?').all<[number]>(name);
  const partitions = database.statement('SELECT id FROM log_partitions WHERE topic_id = ?').all<[number]>(id);
  for (const [partition] of partitions) {
    database.exec(`DELETE FROM log_batches WHERE id >= ${partition * SPAN} AND id < ${(partition + 1) * SPAN}`);
    database.exec(`DELETE FROM log_offsets WHERE partition_id = ${partition}`);
  }
  database.exec(`DELETE FROM log_partitions WHERE topic_id = ${id}; DELETE FROM log_topics WHERE id = ${id}`);
  const transport = embeddedTransport(database);
  await transport.createTopics([{ name, partitions: PARTITIONS, retentionMs: FOR_EVER }]);
  campus.stores = { ...campus.stores, transport };
}

/** Copies records as a mirror does: to the same partitions in the same order, with their headers and times, but at other offsets. */
export async function mirror(from: Transport, to: Transport, takes: (record: LogRecord) => boolean): Promise<void> {
  for (const { name } of topics) {
    for (const partition of await partitionsOf(from, name)) {
      const [first] = partition;
      if (first === undefined) continue;
      // A record that no job folds shifts the offsets.
      const other = { ...first, headers: { ...first.headers, ce_type: 'something.else', ce_origin: '' } };
      const records = [other, ...partition.filter(takes)].map((record): NewRecord => ({ ...record, topic: name }));
      await to.produce(records);
    }
  }
}

export const isEmittedByNoJob = ({ headers }: LogRecord): boolean => headers['ce_origin'] === undefined;
