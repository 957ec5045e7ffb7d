/**
 * Reads the archive of a topic as records, each partition in the order of its offsets. It reads windows of offsets, and fetches only the
 * segments that may have records of a window. So an archive of any size is read with the memory of one window.
 */
import { isOfARow } from '../../core/event.ts';
import { quoted } from '../../duckdb/names.ts';
import { type filesOf, pinFiles, type Snapshot } from '../../sinks/delta/index.ts';
import { segmentsSql } from '../../sinks/segments/source.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { formatTime } from '../../topics/codec/time.ts';
import type { Topic } from '../../topics/define.ts';
import { ONLY_ROWS, ONLY_VIEWS } from '../../topics/log/only.ts';
import { FIRST_ORIGIN } from '../../topics/log/origin.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import { archivedDefs, archiveLayout, dataOf, type Parts, partsOf, unfitOf } from '../archive/columns.ts';
import { archiveJob } from '../runtime/archive-source.ts';
import type { KeptStores } from './kept.ts';

const WINDOW = 50_000;

type File = ReturnType<typeof filesOf>[number];
type Row = Readonly<Record<string, unknown>>;

/** A filter of events. Missing properties do not filter. Times are in ms since 1970 UTC. */
export interface Wanted {
  /** Logged at this time or later. */
  readonly from?: number | undefined;
  /** Logged before this time. */
  readonly to?: number | undefined;
  readonly types?: readonly string[] | undefined;
  readonly key?: string | undefined;
  /**
   * The job or datasource that reads. Of the records for one reader alone, it gets its own. By default the archive itself: dead letters may
   * have been replayed for it.
   */
  readonly reader?: string | undefined;
}

/** Offsets of one partition of one topic id: from `from` (inclusive) to `to` (exclusive). */
export interface Range {
  readonly topicId: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** At most this many events of each window. */
  readonly limit?: number;
}

/** An event of the archive. */
export interface Archived {
  readonly topicId: string;
  readonly partition: number;
  readonly offset: number;
  /** In ms since 1970 UTC. */
  readonly recordedAt: number;
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly time: number;
  readonly subject: string | undefined;
  readonly tenant: string;
  readonly key: string | null;
  readonly origin: string | undefined;
  readonly broadcast: boolean;
  /** As in the JSON of events, including personal fields. */
  readonly data: Readonly<Record<string, unknown>>;
  /** The original values of fields from which something was dropped, since it does not fit the schema. */
  readonly unfit: Readonly<Record<string, unknown>>;
  /** By name: the headers that state for whom a record is, and what it was before. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface PartitionExtent {
  readonly topicId: string;
  readonly partition: number;
  readonly events: number;
  readonly first: number;
  readonly last: number;
}

export class ArchiveReader {
  readonly #stores: KeptStores;
  readonly #topic: Topic;
  readonly #snapshot: Snapshot;
  readonly #wanted: Wanted;
  readonly #files: readonly File[];
  readonly #parts: ReadonlyMap<string, Parts>;

  constructor(stores: KeptStores, topic: Topic, snapshot: Snapshot, wanted: Wanted = {}) {
    this.#stores = stores;
    this.#topic = topic;
    this.#snapshot = snapshot;
    this.#wanted = wanted;
    this.#files = [...snapshot.days].flatMap(([day, files]) => (mayHave(day, wanted) ? [...files.values()] : []));
    this.#parts = new Map(archivedDefs(topic).map((def) => [def.type, partsOf(def)]));
  }

  /** The matching parts of the archive by topic id and partition, in the order in which the topics were created, then by partition. */
  async extents(signal: AbortSignal): Promise<PartitionExtent[]> {
    const columns = 'count(*) AS events, min(log_offset) AS first, max(log_offset) AS last, min(recorded_at) AS since';
    const sql = (from: string): string =>
      `SELECT topic_id, log_partition, ${columns} FROM ${from} WHERE ${this.#where()} GROUP BY ALL`;
    const rows = await this.#query(this.#files, sql, signal);
    const since = new Map<string, number>();
    for (const row of rows) {
      const id = String(row['topic_id']);
      since.set(id, Math.min(since.get(id) ?? Number.POSITIVE_INFINITY, (row['since'] as Date).getTime()));
    }
    return rows
      .map((row) => ({
        topicId: String(row['topic_id']),
        partition: Number(row['log_partition']),
        events: Number(row['events']),
        first: Number(row['first']),
        last: Number(row['last']),
      }))
      .sort((a, b) => (since.get(a.topicId) ?? 0) - (since.get(b.topicId) ?? 0) || a.partition - b.partition);
  }

  /** By type: the number of matching events, and how many of them jobs derived. */
  async types(
    signal: AbortSignal,
  ): Promise<{ readonly type: string; readonly events: number; readonly derived: number }[]> {
    const sql = (from: string): string =>
      `SELECT type, count(*) AS events, count(origin) AS derived FROM ${from} WHERE ${this.#where()} AND ${ONCE} GROUP BY ALL ORDER BY type`;
    const rows = await this.#query(this.#files, sql, signal);
    return rows.map((row) => ({
      type: String(row['type']),
      events: Number(row['events']),
      derived: Number(row['derived']),
    }));
  }

  /** The last day that has a record of the partition before the offset. */
  async lastDay({ topicId, partition, to }: Omit<Range, 'from'>, signal: AbortSignal): Promise<string | undefined> {
    const sql = (from: string): string =>
      `SELECT CAST(max(date) AS VARCHAR) AS day FROM ${from} WHERE topic_id = ${quoted(topicId)} AND log_partition = ${partition} AND log_offset < ${to}`;
    const [row] = await this.#query(this.#files, sql, signal);
    return typeof row?.['day'] === 'string' ? row['day'] : undefined;
  }

  /** Reads in the order of offsets, one window at a time. */
  async *read({ topicId, partition, from, to, limit }: Range, signal: AbortSignal): AsyncGenerator<Archived[]> {
    const spans = this.#files.map((file) => ({ file, ...spanOf(file, partition) }));
    for (let at = from; at < to; ) {
      // No file has records before the next span, so windows without archived events are skipped.
      const next = Math.min(...spans.filter(({ last }) => last >= at).map(({ first }) => Math.max(first, at)));
      if (next >= to) return;
      const end = Math.min(to, next + WINDOW);
      const files = spans.filter(({ first, last }) => first < end && last >= next).map(({ file }) => file);
      const partitionFilter = `topic_id = ${quoted(topicId)} AND log_partition = ${partition}`;
      const sql = (relation: string): string =>
        `SELECT * FROM ${relation} WHERE ${partitionFilter} AND log_offset >= ${next} AND log_offset < ${end} AND ${this.#where()} ORDER BY log_offset${limit === undefined ? '' : ` LIMIT ${limit}`}`;
      const rows = await this.#query(files, sql, signal);
      if (rows.length > 0) yield rows.map((row) => this.#archived(row));
      at = end;
    }
  }

  async #query(files: readonly File[], sql: (relation: string) => string, signal: AbortSignal): Promise<Row[]> {
    const { duck, cache } = this.#stores;
    await using pinned = await pinFiles(cache, this.#snapshot, files);
    const relation = `(${segmentsSql(archiveLayout(this.#topic), pinned.paths)}) AS archived`;
    return await duck.using((connection) => connection.rows(sql(relation), signal));
  }

  #where(): string {
    const { from, to, types, key, reader = archiveJob(this.#topic.name) } = this.#wanted;
    const parts = [`(only_for IS NULL OR only_for = ${quoted(reader)})`];
    if (from !== undefined) parts.push(`epoch_ms(recorded_at) >= ${from}`);
    if (to !== undefined) parts.push(`epoch_ms(recorded_at) < ${to}`);
    if (types !== undefined) parts.push(types.length === 0 ? 'false' : `type IN (${types.map(quoted).join(', ')})`);
    if (key !== undefined) parts.push(`key = ${quoted(key)}`);
    return parts.join(' AND ');
  }

  #archived(row: Row): Archived {
    const type = String(row['type']);
    const text = (name: string): string | undefined => (typeof row[name] === 'string' ? row[name] : undefined);
    return {
      topicId: String(row['topic_id']),
      partition: Number(row['log_partition']),
      offset: Number(row['log_offset']),
      recordedAt: (row['recorded_at'] as Date).getTime(),
      id: String(row['id']),
      source: String(row['source']),
      type,
      time: (row['time'] as Date).getTime(),
      subject: text('subject'),
      tenant: String(row['tenant']),
      key: text('key') ?? null,
      origin: text('origin'),
      broadcast: row['broadcast'] === true,
      data: dataOf(row, this.#parts.get(type) ?? NOTHING_PERSONAL),
      unfit: unfitOf(row),
      headers: headersOf(row, type),
    };
  }
}

function headersOf(row: Row, type: string): Record<string, string> {
  const columns = {
    // Events of the runtime have their job in their data.
    ...(!isOfARow(type) && { [ONLY_FOR]: row['only_for'] }),
    [ONLY_ROWS]: row['only_rows'],
    [ONLY_VIEWS]: row['only_views'],
    [FIRST_ORIGIN]: row['first_origin'],
  };
  const texts = Object.entries(columns).filter((one): one is [string, string] => typeof one[1] === 'string');
  return Object.fromEntries(texts);
}

/** For a type that the topic no longer declares. */
const NOTHING_PERSONAL: Parts = { personal: [], hasBytes: false };

/** One copy of each broadcast. */
const ONCE = '(NOT broadcast OR log_partition = 0)';

/** Days are those of `recorded_at`. Segments without a day were written by other programs. */
function mayHave(day: string, { from, to }: Wanted): boolean {
  if (day === '') return true;
  if (from !== undefined && day < new Date(from).toISOString().slice(0, 10)) return false;
  return to === undefined || day <= new Date(to).toISOString().slice(0, 10);
}

/** The range of offsets in which a segment may have records of the partition. */
function spanOf({ stats }: File, partition: number): { readonly first: number; readonly last: number } {
  const { minValues = {}, maxValues = {} } = JSON.parse(stats ?? '{}') as Record<'minValues' | 'maxValues', Row>;
  const [least, most] = [numberIn(minValues, 'log_partition'), numberIn(maxValues, 'log_partition')];
  if (partition < (least ?? partition) || partition > (most ?? partition)) return { first: Infinity, last: -1 };
  return { first: numberIn(minValues, 'log_offset') ?? 0, last: numberIn(maxValues, 'log_offset') ?? Infinity };
}

const numberIn = (values: Row, name: string): number | undefined => {
  const value = values[name];
  return typeof value === 'number' ? value : undefined;
};

const encoder = new TextEncoder();

/** The record of an archived event at its position: in binary mode, with JSON data. */
export function recordOf(archived: Archived): LogRecord {
  const { partition, offset, recordedAt, id, source, type, time, subject, tenant, key, origin } = archived;
  const { data, unfit, headers } = archived;
  return {
    partition,
    offset,
    timestamp: recordedAt,
    key: key === null ? null : encoder.encode(key),
    value: encoder.encode(JSON.stringify({ ...data, ...unfit })),
    headers: {
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: id,
      ce_source: source,
      ce_type: type,
      ce_time: formatTime(time),
      ce_tenant: tenant,
      ...(subject !== undefined && { ce_subject: subject }),
      ...(origin !== undefined && { ce_origin: origin }),
      ...headers,
    },
  };
}
