/**
 * How the records of the log are stored in the file.
 *
 * Records that are appended together to one partition are one row (see `batch.ts`), up to `MOST_RECORDS`. The id of the row is the id
 * of the partition times 2^40 plus the offset of its first record. So appends go to the end of a partition's ids and reads scan them
 * in order, which SQLite does fastest. That leaves room for 8,191 partitions of 10^12 records each.
 */
import type { Database } from '../../embedded/database.ts';
import type { LogRecord, NewRecord } from '../log/transport.ts';
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
  /** Callbacks of those who wait for records, called on any change. */
  readonly waiting: Set<() => void>;
}

export interface Records {
  /** The offset after the last record of the partition with that id; undefined if it has no records. */
  end(id: number): number | undefined;
  /** Writes the records at the end of the partition. The caller advances `partition.end`. */
  insert(partition: Partition, records: readonly NewRecord[]): void;
  /** See `Log`. */
  read(partition: Partition, from: number, limit: number, maxBytes: number): LogRecord[];
  /** The offset of the first record of that time or later. Stops after about `most` older records, and returns the offset after them. */
  at(partition: Partition, time: number, most: number): number;
  /** Drops the rows before `begin`. Records in the same row as the one at `begin` stay. */
  dropBefore(partition: Partition, begin: number): void;
}

const SPAN = 2 ** 40;
/** The most records in one row: reading one of them reads the whole row. */
const MOST_RECORDS = 250;
const MOST_BYTES = 512 * 1024;

const TABLE = `
  CREATE TABLE IF NOT EXISTS log_batches (
    id INTEGER PRIMARY KEY, count INTEGER NOT NULL, newest INTEGER NOT NULL, meta TEXT NOT NULL, bytes BLOB NOT NULL);
`;
const INSERT = 'INSERT INTO log_batches (id, count, newest, meta, bytes) VALUES (?, ?, ?, ?, ?)';
const LAST = 'SELECT id + count FROM log_batches WHERE id >= ? AND id < ? ORDER BY id DESC LIMIT 1';
/** The batches from the one that holds a record. Parameters are ids: the start of the partition, the record, the end of the partition. */
const FROM = 'FROM log_batches WHERE id >= (SELECT max(id) FROM log_batches WHERE id BETWEEN ? AND ?) AND id < ?';
const SELECT = `SELECT id, meta, bytes ${FROM} ORDER BY id`;
const AGES = `SELECT id, count, newest ${FROM} ORDER BY id`;

export function openRecords(database: Database): Records {
  database.exec(TABLE);

  /** The rows of a partition in order, beginning with the one that holds `from`. */
  function* rowsFrom<R>(sql: string, { id, end }: Partition, from: number): Iterable<R> {
    const base = id * SPAN;
    yield* database.statement(sql).iterate<R>(base, base + from, base + end);
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
    end(id) {
      const [last] = database.statement(LAST).all<[number]>(id * SPAN, (id + 1) * SPAN);
      return last === undefined ? undefined : last[0] - id * SPAN;
    },

    insert(partition, records) {
      const statement = database.statement(INSERT);
      let id = partition.id * SPAN + partition.end;
      for (const together of batches(records)) {
        const { count, newest, meta, bytes } = encodeBatch(together);
        statement.run(id, count, newest, meta, bytes);
        id += count;
      }
    },

    read,

    at(partition, time, most) {
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
    },

    dropBefore({ id }, begin) {
      const base = id * SPAN;
      database
        .statement('DELETE FROM log_batches WHERE id >= ? AND id < ? AND id + count <= ?')
        .run(base, base + begin, base + begin);
    },
  };
}

/** Groups the records into rows. */
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
