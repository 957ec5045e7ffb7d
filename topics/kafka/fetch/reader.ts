/**
 * The records of one partition that were fetched ahead, and the position of its reader. Sends no requests.
 */
import { KeyCount } from '../../log/key-count.ts';
import type { LogRecord } from '../../log/transport.ts';
import { type BatchHead, BatchReader, batchHeads, committed } from '../wire/batch-reader.ts';
import type { Fetched } from '../wire/calls/fetch.ts';

/** The most that one call of `take` returns, unless a single record is larger. */
const TAKE_BYTES = 4 * 1024 * 1024;

export interface ReaderOptions {
  readonly topic: string;
  /** If given, only records of the topic with this id are read. */
  readonly id?: string | undefined;
  readonly partition: number;
  readonly offset: number;
  /** Differs among the readers of a partition. */
  readonly slot?: number;
}

export class Reader {
  readonly topic: string;
  readonly id: string | undefined;
  readonly partition: number;
  readonly slot: number;
  closed = false;
  /** Why there will be no more records. */
  failure: unknown;
  /** Since when no broker has answered, by `performance.now`, and why. */
  failing: { readonly since: number; readonly error: unknown } | undefined;
  /** The broker that leads the partition, if it is known. */
  node: number | undefined;
  /** Incremented when an answer in flight becomes stale. */
  generation = 0;
  /** Bytes of the batches that are not completely read yet. */
  bytes = 0;

  /** The next offset to fetch: everything before it is in `#batches`, was taken, or is never visible. */
  #fetchFrom: number;
  /** The next offset to hand out. */
  #next: number;
  #lastTaken = -1;
  #batches: BatchHead[] = [];
  #open: { readonly reader: BatchReader; readonly bytes: number } | undefined;
  /** The offset after the last visible record that was fetched. */
  #visibleEnd = -1;
  #lastStable = -1;
  /** The end of the partition, if that is before the next offset. */
  #endsBefore: number | undefined;
  readonly #waiting = new Set<() => void>();

  constructor({ topic, id, partition, offset, slot = 0 }: ReaderOptions) {
    this.slot = slot;
    this.id = id;
    this.topic = topic;
    this.partition = partition;
    this.#fetchFrom = offset;
    this.#next = offset;
  }

  get fetchFrom(): number {
    return this.#fetchFrom;
  }

  /** Whether a broker has answered since it was opened or moved. */
  get known(): boolean {
    return this.#lastStable >= 0 || this.#endsBefore !== undefined;
  }

  /** Whether every visible record was fetched, as far as is known. If so, the next fetch may have to wait. */
  get atEnd(): boolean {
    return this.known && this.#fetchFrom >= this.#lastStable;
  }

  get isBeyond(): boolean {
    return this.#endsBefore !== undefined;
  }

  /** The offset after the last visible record. Transaction markers after it do not count. */
  get end(): number {
    if (this.#endsBefore !== undefined) return this.#endsBefore;
    return Math.max(this.#next, this.atEnd ? this.#visibleEnd : this.#lastStable);
  }

  /** Whether there is something to read, here or at the broker. */
  get isBehind(): boolean {
    return !this.isBeyond && this.known && this.#next < this.end;
  }

  seek(offset: number): void {
    this.generation += 1;
    this.#fetchFrom = offset;
    this.#next = offset;
    this.#lastTaken = -1;
    this.#batches = [];
    this.#open = undefined;
    this.bytes = 0;
    this.#visibleEnd = -1;
    this.#lastStable = -1;
    this.#endsBefore = undefined;
    this.wake();
  }

  /**
   * Adds an answer that begins at `fetchFrom`. Copies it: the answer contains records of other partitions,
   * too.
   */
  accept({ records, aborted, lastStable }: Fetched): void {
    const heads = batchHeads(Buffer.from(records));
    for (const head of committed(heads, aborted)) {
      if (head.nextOffset <= this.#next) continue;
      this.#batches.push(head);
      this.bytes += head.bytes.length;
      this.#visibleEnd = head.nextOffset;
    }
    const last = heads.at(-1);
    if (last !== undefined) this.#fetchFrom = Math.max(this.#fetchFrom, last.nextOffset);
    this.#lastStable = lastStable;
    this.failing = undefined;
    this.wake();
  }

  /** Call this if the partition ends before the next offset. */
  beyond(end: number): void {
    this.#endsBefore = end;
    this.failing = undefined;
    this.wake();
  }

  fail(error: unknown): void {
    this.failure = error;
    this.wake();
  }

  /** Takes the next fetched records. */
  take(maxRecords: number, maxKeys = maxRecords): LogRecord[] {
    const records: LogRecord[] = [];
    const keys = maxKeys < maxRecords ? new KeyCount() : undefined;
    let bytes = 0;
    while (records.length < maxRecords && bytes < TAKE_BYTES && (keys === undefined || keys.size < maxKeys)) {
      const record = this.#read();
      if (record === undefined) break;
      if (record.offset < this.#next) continue;
      bytes += (record.key?.length ?? 0) + (record.value?.length ?? 0);
      this.#next = record.offset + 1;
      this.#lastTaken = record.offset;
      keys?.add(record);
      records.push(record);
    }
    return records;
  }

  /**
   * An offset that is equivalent to `offset` for a reader: if only transaction markers follow the
   * last taken record, the offset after them. So a group that has read everything has no lag.
   */
  past(offset: number): number {
    const drained = this.#open === undefined && this.#batches.length === 0;
    return drained && offset === this.#lastTaken + 1 ? Math.max(offset, this.#fetchFrom) : offset;
  }

  /** Settles when something has changed, after `ms`, or when the signal is aborted. */
  change(ms: number, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      this.#waiting.add(done);
      signal?.addEventListener('abort', done);
    });
  }

  wake(): void {
    for (const wake of [...this.#waiting]) wake();
  }

  #read(): LogRecord | undefined {
    for (;;) {
      if (this.#open === undefined) {
        const head = this.#batches.shift();
        if (head === undefined) return undefined;
        this.#open = { reader: new BatchReader(head, this.partition), bytes: head.bytes.length };
      }
      const { reader, bytes } = this.#open;
      const record = reader.next();
      // Release the batch with its last record, not at the next call: until then it would keep its
      // partition out of the requests.
      if (reader.isDone) {
        this.bytes -= bytes;
        this.#open = undefined;
      }
      if (record !== undefined) return record;
    }
  }
}
