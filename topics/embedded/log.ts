/**
 * The log itself: topics, their partitions and the records in them, in the shared SQLite file.
 *
 * Records that are appended together to one partition are one row (see `batch.ts`), of some hundred records at most. Its id is the
 * id of the partition times 2^40 plus the offset of its first record: SQLite is fastest at appending and reading in that order.
 * There may be 8,191 partitions of 10^12 records each.
 *
 * One process opens the file, and one log in it appends: the bounds of each partition are kept in memory. Every function is
 * synchronous, and appends all of its records or none.
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
  /** Called when something changes for a claim that waits for records. */
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
  /** Adds partitions until the topic has as many as given. */
  expand(topic: string, partitions: number): void;
  /** Every topic, by name. */
  topics(): ReadonlyMap<string, StoredTopic>;
  /** Throws TOPIC_MISSING, as does everything else if the topic or partition does not exist. */
  topic(name: string): StoredTopic;
  partition(topic: string, partition: number): Partition;
  /** Appends in one transaction with `first`, which runs before it and may throw. Returns the offset of each record. */
  append(records: readonly NewRecord[], first?: () => void): number[];
  /** Records from `from` on, in order; fewer than `limit` when they are larger than `maxBytes`, but at least one. */
  read(partition: Partition, from: number, limit: number, maxBytes: number): LogRecord[];
  /** The offset of the first record of that time or later; the end if there is none. */
  at(partition: Partition, time: number): number;
  /** Drops the records at the front of each partition that are older than the retention. Returns how many. */
  expire(now: number): Promise<number>;
  /** From here on nobody waits for records; everything else still works. */
  stop(): void;
  stopping(): boolean;
  /** From here on everything but `stopping` throws USAGE. */
  close(): void;
}

const SPAN = 2 ** 40;
/** Records in one row: whoever wants one of them reads all of them. */
const MOST_RECORDS = 250;
const MOST_BYTES = 512 * 1024;
/** Records that one transaction drops, so that it does not hold up the process for long. */
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
/** The batches from the one that holds a record on. Parameters: ids of the partition's first record, of the record, and of its end. */
const FROM = 'FROM log_batches WHERE id >= (SELECT max(id) FROM log_batches WHERE id BETWEEN ? AND ?) AND id < ?';
const SELECT = `SELECT id, meta, bytes ${FROM} ORDER BY id`;
const AGES = `SELECT id, count, newest ${FROM} ORDER BY id`;

type Bound = number | string | Uint8Array | null;

export function openLog(database: Database): Log {
  database.exec(TABLES);
  const topics = new Map<string, StoredTopic>();
  let stage: 'open' | 'stopping' | 'closed' = 'open';
  load();

  /** Loads the topics that are in the file and not yet in memory. */
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
  function insert(byPartition: ReadonlyMap<Partition, readonly NewRecord[]>): void {
    const statement = database.statement(INSERT);
    for (const [partition, records] of byPartition) {
      let id = partition.id * SPAN + partition.end;
      for (const together of batches(records)) {
        const { count, newest, meta, bytes } = encodeBatch(together);
        statement.run(id, count, newest, meta, bytes);
        id += count;
      }
    }
  }

  /** The rows of a partition, beginning with the one that holds `from`. */
  function* rowsFrom<R>(sql: string, { id, end }: Partition, from: number): Iterable<R> {
    const base = id * SPAN;
    yield* database.statement(sql).iterate(base, base + from, base + end) as unknown as Iterable<R>;
  }

  /** The first offset of that time or later. After `most` older records: the offset after those that were looked at. */
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

  /** Drops some of the records at the front that are older than `before`. Returns how many: 0 if there are none. */
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
        insert(byPartition);
      });
      for (const [partition, added] of byPartition) {
        partition.end += added.length;
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

/** The records that are stored together as one row. */
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

/** Wakes every claim that waits for the partition. */
export function wake(partition: Partition): void {
  for (const wakeUp of [...partition.waiting]) wakeUp();
}
