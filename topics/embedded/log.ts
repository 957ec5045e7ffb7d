/**
 * The log: topics, their partitions and the records in them (`records.ts`), in the shared SQLite file.
 *
 * Only one process opens the file, and only one log in that process appends, so the bounds of each partition are kept in memory.
 * Every function except `expire` is synchronous. `append` writes all of its records or none.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { Database } from '../../embedded/database.ts';
import type { LogRecord, NewRecord, TopicShape, TopicSpec } from '../log/transport.ts';
import { openRecords, type Partition } from './records.ts';

export interface StoredTopic {
  readonly name: string;
  readonly uuid: string;
  readonly retentionMs: number;
  readonly partitions: readonly Partition[];
}

export interface Log {
  create(specs: readonly TopicSpec[]): void;
  /** Adds partitions until the topic has as many as given. */
  expand(topic: string, partitions: number): void;
  /** Every topic, by name. */
  topics(): ReadonlyMap<string, StoredTopic>;
  /** Throws TOPIC_MISSING if there is no such topic, as do the other functions for a missing topic or partition. */
  topic(name: string): StoredTopic;
  partition(topic: string, partition: number): Partition;
  /** Appends the records in one transaction, after `first`, which may throw. Returns the offset of each record. */
  append(records: readonly NewRecord[], first?: () => void): number[];
  /** Records from `from` on, in order. Fewer than `limit` if they would exceed `maxBytes`, but at least one if there is any. */
  read(partition: Partition, from: number, limit: number, maxBytes: number): LogRecord[];
  /** The offset of the first record of that time or later; the end if there is none. */
  at(partition: Partition, time: number): number;
  /** Drops the records at the front of each partition that are older than the retention. Returns how many. */
  expire(now: number): Promise<number>;
  /** Ends all waiting for records. Everything else still works. */
  stop(): void;
  stopping(): boolean;
  /** Afterwards every function that uses the log throws USAGE. */
  close(): void;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS log_topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL, retention_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS log_partitions (
    id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, partition INTEGER NOT NULL, begin_offset INTEGER NOT NULL,
    UNIQUE (topic_id, partition));
`;

/** About how many records one transaction drops, so that it does not block the process for long. */
const EXPIRE_RECORDS = 10_000;

type Bound = number | string | Uint8Array | null;

export function openLog(database: Database): Log {
  database.exec(TABLES);
  const stored = openRecords(database);
  const topics = new Map<string, StoredTopic>();
  let stage: 'open' | 'stopping' | 'closed' = 'open';
  load();

  /** Loads the topics that are in the file and not yet in memory. */
  function load(): void {
    const found = rows<[number, string, string, number]>('SELECT id, name, uuid, retention_ms FROM log_topics');
    for (const [id, name, uuid, retentionMs] of found) {
      if (!topics.has(name)) topics.set(name, { name, uuid, retentionMs, partitions: loadPartitions(id, name) });
    }
  }

  function loadPartitions(topicId: number, topic: string): Partition[] {
    return rows<[number, number, number]>(
      'SELECT id, partition, begin_offset FROM log_partitions WHERE topic_id = ? ORDER BY partition',
      topicId,
    ).map(([id, partition, begin]) => {
      return { id, topic, partition, begin, end: stored.end(id) ?? begin, waiting: new Set() };
    });
  }

  function addPartitions(topicId: number, from: number, to: number): void {
    const add = database.statement('INSERT INTO log_partitions (topic_id, partition, begin_offset) VALUES (?, ?, 0)');
    for (let partition = from; partition < to; partition++) add.run(topicId, partition);
  }

  function rows<R>(sql: string, ...values: Bound[]): R[] {
    return database.statement(sql).all<R>(...values);
  }

  function open(): void {
    if (stage === 'closed') throw new TributaryError('USAGE', 'the log is closed; open it again to use it');
  }

  function topic(name: string): StoredTopic {
    open();
    const found = topics.get(name);
    if (found !== undefined) return found;
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${name}; run \`tributary doctor\``);
  }

  function partitionOf(name: string, partition: number): Partition {
    const { partitions } = topic(name);
    const found = partitions[partition];
    if (found !== undefined) return found;
    throw new TributaryError(
      'TOPIC_MISSING',
      `topic ${name} has ${partitions.length} partitions and no partition ${partition}; give one from 0 to ${partitions.length - 1}`,
    );
  }

  /** Drops some records at the front that are older than `before`. Returns how many: 0 if there are none. */
  function expireSome(partition: Partition, before: number): number {
    const begin = stored.at(partition, before, EXPIRE_RECORDS);
    const dropped = begin - partition.begin;
    if (dropped === 0) return 0;
    database.transaction(() => {
      stored.dropBefore(partition, begin);
      database.statement('UPDATE log_partitions SET begin_offset = ? WHERE id = ?').run(begin, partition.id);
    });
    partition.begin = begin;
    return dropped;
  }

  return {
    create(specs) {
      open();
      database.transaction(() => {
        for (const { name, partitions, retentionMs } of specs) {
          const created = rows<[number]>(
            'INSERT INTO log_topics (name, uuid, retention_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING RETURNING id',
            name,
            randomUUID(),
            retentionMs,
          );
          for (const [id] of created) addPartitions(id, 0, partitions);
        }
      });
      load();
    },

    expand(name, count) {
      const { partitions, ...rest } = topic(name);
      const [[id] = [0]] = rows<[number]>('SELECT id FROM log_topics WHERE name = ?', name);
      database.transaction(() => addPartitions(id, partitions.length, count));
      topics.set(name, { ...rest, partitions: [...partitions, ...loadPartitions(id, name).slice(partitions.length)] });
    },

    topics() {
      open();
      return topics;
    },
    topic,
    partition: partitionOf,

    append(records, first) {
      open();
      const byPartition = new Map<Partition, NewRecord[]>();
      const offsets = records.map((record) => {
        const partition = partitionOf(record.topic, record.partition);
        const added = byPartition.get(partition);
        if (added === undefined) byPartition.set(partition, [record]);
        else added.push(record);
        return partition.end + (added?.length ?? 1) - 1;
      });
      database.transaction(() => {
        first?.();
        for (const [partition, added] of byPartition) stored.insert(partition, added);
      });
      for (const [partition, added] of byPartition) {
        partition.end += added.length;
        wake(partition);
      }
      return offsets;
    },

    read(partition, from, limit, maxBytes) {
      open();
      return stored.read(partition, from, limit, maxBytes);
    },

    at(partition, time) {
      open();
      return stored.at(partition, time, Number.POSITIVE_INFINITY);
    },

    async expire(now) {
      open();
      let total = 0;
      for (const { partitions, retentionMs } of topics.values()) {
        for (const partition of partitions) {
          for (;;) {
            const dropped = expireSome(partition, now - retentionMs);
            if (dropped === 0) break;
            total += dropped;
            await setImmediate();
            open();
          }
        }
      }
      return total;
    },

    stop() {
      if (stage === 'open') stage = 'stopping';
      for (const { partitions } of topics.values()) partitions.forEach(wake);
    },
    stopping: () => stage !== 'open',
    close() {
      stage = 'closed';
    },
  };
}

export function shapeOf({ name, uuid, partitions }: StoredTopic): TopicShape {
  return { name, id: uuid, partitions: partitions.length };
}

/** Wakes everybody who waits for records of the partition. */
export function wake(partition: Partition): void {
  for (const wakeUp of [...partition.waiting]) wakeUp();
}
