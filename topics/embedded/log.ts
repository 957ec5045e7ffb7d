/**
 * The log itself: topics, their partitions and the records in them, in the shared SQLite file.
 *
 * Records that are appended together to one partition are one row (see `batch.ts`), some hundred at most. Its id is the id of
 * the partition times 2^40 plus the offset of its first record, so that appending and reading in order are what SQLite is
 * fastest at. That leaves room for 8,191 partitions of 10^12 records each.
 *
 * One process has the file, and one log in it appends: where each partition begins and ends is kept in memory. Every
 * function is synchronous and, as to records, all or nothing.
 */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { TributaryError } from '../../core/errors.ts';
import type { Database } from '../../embedded/database.ts';
import type { LogRecord, NewRecord, TopicShape, TopicSpec } from '../log/transport.ts';
import { decodeBatch, encodeBatch } from './batch.ts';

export interface Partition {
  /** The key of this partition in other tables. */
  readonly id: number;
  readonly topic: string;
  readonly partition: number;
  /** The first offset that can still be read. */
  begin: number;
  /** The offset the next record will have. */
  end: number;
  /** Called when something changes for those who wait for records. */
  readonly waiting: Set<() => void>;
}

export interface StoredTopic {
  readonly name: string;
  readonly uuid: string;
  readonly retentionMs: number;
  readonly partitions: readonly Partition[];
}

export interface Log {
  create(specs: readonly TopicSpec[]): void;
  /** Adds partitions until the topic has so many. */
  expand(topic: string, partitions: number): void;
  /** Every topic, by name. */
  topics(): ReadonlyMap<string, StoredTopic>;
  /** Throws TOPIC_MISSING, as does everything that is given a topic or partition that does not exist. */
  topic(name: string): StoredTopic;
  partition(topic: string, partition: number): Partition;
  /** Appends in one transaction with `first`, which runs before and may throw. Answers the offset of each record. */
  append(records: readonly NewRecord[], first?: () => void): number[];
  /** Records from `from` on, in order; fewer than `limit` when they are larger than `maxBytes`, but at least one. */
  read(partition: Partition, from: number, limit: number, maxBytes: number): LogRecord[];
  /** The offset of the first record of that time or later; the end if there is none. */
  at(partition: Partition, time: number): number;
  /** Drops the records at the front of each partition that are older than the retention. Answers how many. */
  expire(now: number): Promise<number>;
  /** Nobody waits for records any more; everything else is still done. */
  stop(): void;
  stopping(): boolean;
  /** From here on everything but `stopping` throws USAGE. */
  close(): void;
}

const SPAN = 2 ** 40;
/** Records in one row: who wants one of them reads all of them. */
const MOST_RECORDS = 250;
const MOST_BYTES = 512 * 1024;
/** Records dropped in one transaction, so that the process is not held up for long. */
const EXPIRE_RECORDS = 10_000;

const TABLES = `
  CREATE TABLE IF NOT EXISTS log_topics (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, uuid TEXT NOT NULL, retention_ms INTEGER NOT NULL);
  CREATE TABLE IF NOT EXISTS log_partitions (
    id INTEGER PRIMARY KEY, topic_id INTEGER NOT NULL, partition INTEGER NOT NULL, begin_offset INTEGER NOT NULL,
    UNIQUE (topic_id, partition));
  CREATE TABLE IF NOT EXISTS log_batches (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL, newest INTEGER NOT NULL, meta TEXT NOT NULL, bytes BLOB NOT NULL);
`;
const INSERT = 'INSERT INTO log_batches (id, count, newest, meta, bytes) VALUES (?, ?, ?, ?, ?)';
/** From the batch that holds a record, on: the first of the partition, the record, and the end of the partition. */
const FROM = 'FROM log_batches WHERE id >= (SELECT max(id) FROM log_batches WHERE id BETWEEN ? AND ?) AND id < ?';
const SELECT = `SELECT id, meta, bytes ${FROM} ORDER BY id`;
const AGES = `SELECT id, count, newest ${FROM} ORDER BY id`;

type Bound = number | string | Uint8Array | null;

export function openLog(database: Database): Log {
  database.exec(TABLES);
  const topics = new Map<string, StoredTopic>();
  let stage: 'open' | 'stopping' | 'closed' = 'open';
  load();

  /** Takes up the topics that are in the file and not yet in memory. */
  function load(): void {
    const stored = rows<[number, string, string, number]>('SELECT id, name, uuid, retention_ms FROM log_topics');
    for (const [id, name, uuid, retentionMs] of stored) {
      if (!topics.has(name)) topics.set(name, { name, uuid, retentionMs, partitions: loadPartitions(id, name) });
    }
  }

  function loadPartitions(topicId: number, topic: string): Partition[] {
    return rows<[number, number, number, number | null]>(
      `SELECT id, partition, begin_offset,
         (SELECT b.id + b.count FROM log_batches b
          WHERE b.id >= p.id * ${SPAN} AND b.id < (p.id + 1) * ${SPAN} ORDER BY b.id DESC LIMIT 1)
       FROM log_partitions p WHERE topic_id = ? ORDER BY partition`,
      topicId,
    ).map(([id, partition, begin, after]) => {
      const end = after === null ? begin : after - id * SPAN;
      return { id, topic, partition, begin, end, waiting: new Set() };
    });
  }

  function addPartitions(topicId: number, from: number, to: number): void {
    const add = database.statement('INSERT INTO log_partitions (topic_id, partition, begin_offset) VALUES (?, ?, 0)');
    for (let partition = from; partition < to; partition++) add.run(topicId, partition);
  }

  function rows<R>(sql: string, ...values: Bound[]): R[] {
    return database.statement(sql).all(...values) as unknown as R[];
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

  /** Writes each partition's records at its end. */
  function insert(places: ReadonlyMap<Partition, readonly NewRecord[]>): void {
    const statement = database.statement(INSERT);
    for (const [partition, records] of places) {
      let id = partition.id * SPAN + partition.end;
      for (const together of batches(records)) {
        const { count, newest, meta, bytes } = encodeBatch(together);
        statement.run(id, count, newest, meta, bytes);
        id += count;
      }
    }
  }

  /** The rows of a partition from the one on that holds `from`, one after the other. */
  function* rowsFrom<R>(sql: string, { id, end }: Partition, from: number): Iterable<R> {
    const base = id * SPAN;
    yield* database.statement(sql).iterate(base, base + from, base + end) as unknown as Iterable<R>;
  }

  /** The first offset of that time or later; or, after so many older records, the offset behind those that were looked at. */
  function firstOf(partition: Partition, time: number, most: number): number {
    let next = partition.begin;
    for (const [id, count, newest] of rowsFrom<[number, number, number]>(AGES, partition, partition.begin)) {
      const first = Math.max(partition.begin, id - partition.id * SPAN);
      if (newest >= time) {
        const inside = read(partition, first, count, Number.POSITIVE_INFINITY);
        return inside.find(({ timestamp }) => timestamp >= time)?.offset ?? next;
      }
      next = id - partition.id * SPAN + count;
      if (next - partition.begin >= most) break;
    }
    return next;
  }

  /** Drops one stretch of records at the front that are older than `before`. Answers how many: 0 when there are none. */
  function expireSome(partition: Partition, before: number): number {
    const base = partition.id * SPAN;
    const begin = firstOf(partition, before, EXPIRE_RECORDS);
    const dropped = begin - partition.begin;
    if (dropped === 0) return 0;
    database.transaction(() => {
      database
        .statement('DELETE FROM log_batches WHERE id >= ? AND id < ? AND id + count <= ?')
        .run(base, base + begin, base + begin);
      database.statement('UPDATE log_partitions SET begin_offset = ? WHERE id = ?').run(begin, partition.id);
    });
    partition.begin = begin;
    return dropped;
  }

  function read(partition: Partition, from: number, limit: number, maxBytes: number): LogRecord[] {
    const records: LogRecord[] = [];
    const first = Math.max(from, partition.begin);
    if (first >= partition.end || limit <= 0) return records;
    let bytes = 0;
    for (const [id, meta, content] of rowsFrom<[number, string, Uint8Array]>(SELECT, partition, first)) {
      const batch = decodeBatch(meta, content, partition.partition, id - partition.id * SPAN);
      const metaBytes = meta.length / batch.length;
      for (const record of batch) {
        if (record.offset < first) continue;
        bytes += metaBytes + (record.key?.length ?? 0) + (record.value?.length ?? 0);
        if (bytes > maxBytes && records.length > 0) return records;
        records.push(record);
        if (records.length === limit) return records;
      }
    }
    return records;
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
      const places = new Map<Partition, NewRecord[]>();
      const offsets = records.map((record) => {
        const partition = partitionOf(record.topic, record.partition);
        const placed = places.get(partition);
        if (placed === undefined) places.set(partition, [record]);
        else placed.push(record);
        return partition.end + (placed?.length ?? 1) - 1;
      });
      database.transaction(() => {
        first?.();
        insert(places);
      });
      for (const [partition, placed] of places) {
        partition.end += placed.length;
        wake(partition);
      }
      return offsets;
    },

    read(partition, from, limit, maxBytes) {
      open();
      return read(partition, from, limit, maxBytes);
    },

    at(partition, time) {
      open();
      return firstOf(partition, time, Number.POSITIVE_INFINITY);
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

/** Records as they are stored together. */
function* batches(records: readonly NewRecord[]): Iterable<readonly NewRecord[]> {
  let first = 0;
  let bytes = 0;
  for (let i = 0; i < records.length; i++) {
    const { key, value } = records[i] as NewRecord;
    const size = (key?.length ?? 0) + (value?.length ?? 0);
    if (i > first && (i - first === MOST_RECORDS || bytes + size > MOST_BYTES)) {
      yield records.slice(first, i);
      first = i;
      bytes = 0;
    }
    bytes += size;
  }
  if (first < records.length) yield records.slice(first);
}

/** Lets everybody who waits at the partition look again. */
export function wake(partition: Partition): void {
  for (const look of [...partition.waiting]) look();
}
