/**
 * Fetches ahead for all readers of a process, over two connections to each broker (and two more for
 * each further reader of the same partition). One is for partitions with records to read; its
 * requests are answered at once. The other is for partitions that were read to their end; its
 * requests wait for a new record. So a partition without records delays no other, and a slow reader
 * keeps only its own partition out of the next request.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { keyOf } from '../cluster/topic-partition.ts';
import { type Fetched, fetch } from '../wire/calls/fetch.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, isPassing, KafkaError, translate } from '../wire/errors.ts';
import { boundsOf } from './bounds.ts';
import { Reader } from './reader.ts';

/**
 * How long a broker holds a request without records, and so how long a new reader may wait for the next
 * request.
 */
const WAIT_MS = 250;
const ANSWER_BYTES = 8 * 1024 * 1024;
const LEAST_PARTITION_BYTES = 64 * 1024;
const MOST_PARTITION_BYTES = 1024 * 1024;
const PAUSE_MS = 100;

/** The readers that share a request. */
interface Route {
  readonly node: number;
  readonly slot: number;
  readonly kind: 'backlog' | 'end';
}

export class Fetcher {
  readonly #cluster: Cluster;
  readonly #readers = new Set<Reader>();
  /** The running loops, each with the function that wakes it when it is idle. */
  readonly #loops = new Map<string, () => void>();

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** With `id`, only records of the topic with that id are read. */
  open(topic: string, partition: number, offset: number, id?: string): Reader {
    const reader = new Reader({ topic, id, partition, offset, slot: this.#freeSlot(topic, partition) });
    this.#readers.add(reader);
    void this.#locate(reader);
    return reader;
  }

  /** A request can name a partition only once, so two readers of a partition (of two groups, for example) need two requests. */
  #freeSlot(topic: string, partition: number): number {
    const taken = [...this.#readers].filter((each) => each.topic === topic && each.partition === partition);
    let slot = 0;
    while (taken.some((each) => each.slot === slot)) slot += 1;
    return slot;
  }

  close(reader: Reader): void {
    reader.closed = true;
    this.#readers.delete(reader);
    reader.wake();
    this.wake();
  }

  /** Call this when a reader wants records again, because it gave some out or was moved to another offset. */
  wake(): void {
    for (const wake of [...this.#loops.values()]) wake();
  }

  stop(): void {
    for (const reader of this.#readers) this.close(reader);
  }

  /** Looks up the leader, until there is one. */
  async #locate(reader: Reader): Promise<void> {
    while (!reader.closed && reader.failure === undefined && reader.node === undefined) {
      try {
        reader.node = await this.#cluster.leader(reader.topic, reader.partition);
      } catch (error) {
        if (!isPassing(error)) return reader.fail(translate(error, describe(reader)));
        this.#failing(reader, error);
        await sleep(PAUSE_MS);
      }
    }
    if (reader.node === undefined) return;
    for (const kind of ['backlog', 'end'] as const) this.#start({ node: reader.node, slot: reader.slot, kind });
    this.wake();
  }

  #start(route: Route): void {
    const id = `${route.node}/${route.slot}/${route.kind}`;
    if (this.#loops.has(id)) return;
    this.#loops.set(id, () => {});
    void this.#run(route, id);
  }

  async #run(route: Route, id: string): Promise<void> {
    for (let turn = 0; !this.#cluster.closed; turn++) {
      const here = this.#readersOf(route);
      if (here.length === 0) break;
      const wanting = here.filter((reader) => this.#wants(reader) && (route.kind === 'end') === reader.atEnd);
      if (wanting.length === 0) {
        await new Promise<void>((resolve) => this.#loops.set(id, resolve));
        continue;
      }
      // The first partition of a request gets a batch however large it is, so the partitions take
      // turns.
      const first = turn % wanting.length;
      await this.#fetch(route, [...wanting.slice(first), ...wanting.slice(0, first)]);
    }
    this.#loops.delete(id);
  }

  #readersOf({ node, slot }: Route): Reader[] {
    return [...this.#readers].filter((reader) => reader.node === node && reader.slot === slot);
  }

  #wants(reader: Reader): boolean {
    const { closed, failure, isBeyond, bytes } = reader;
    return !closed && failure === undefined && !isBeyond && bytes < this.#partitionBytes();
  }

  /** A partition's share of the memory budget: it may use that much, plus one answer. */
  #partitionBytes(): number {
    const share = Math.floor(this.#cluster.settings.aheadBytes / (2 * Math.max(1, this.#readers.size)));
    return Math.min(Math.max(share, LEAST_PARTITION_BYTES), MOST_PARTITION_BYTES);
  }

  async #fetch({ node, slot, kind }: Route, readers: readonly Reader[]): Promise<void> {
    const generations = readers.map(({ generation }) => generation);
    const from = readers.map(({ topic, id, partition, fetchFrom }) => ({ topic, id, partition, offset: fetchFrom }));
    try {
      const call = fetch(from, {
        waitMs: kind === 'end' ? WAIT_MS : 0,
        bytes: ANSWER_BYTES,
        partitionBytes: this.#partitionBytes(),
      });
      const answer = await this.#cluster.connection(node, `fetch-${kind}-${slot}`).send(call);
      check(answer.error, 'fetching');
      const answers = new Map(answer.partitions.map((each) => [keyOf(each), each]));
      const settled = readers.map((reader, i) => {
        if (reader.closed || reader.generation !== generations[i]) return undefined;
        const found = answers.get(keyOf(reader));
        return found && this.#accept(reader, found);
      });
      await Promise.all(settled);
    } catch (error) {
      for (const reader of readers) this.#relocate(reader, error);
      await sleep(PAUSE_MS);
    }
    // A reader that has reached the end, or has left it, now belongs to the other loop.
    this.wake();
  }

  async #accept(reader: Reader, fetched: Fetched): Promise<void> {
    if (fetched.error === CODE.OFFSET_OUT_OF_RANGE) return this.#outOfRange(reader);
    if (fetched.error !== 0) return this.#relocate(reader, new KafkaError(fetched.error, describe(reader)));
    try {
      reader.accept(fetched);
    } catch (error) {
      reader.fail(translate(error, describe(reader)));
    }
  }

  /**
   * Never continues at another offset automatically: lost records have to be reported, and somebody has to
   * decide what to do.
   */
  async #outOfRange(reader: Reader): Promise<void> {
    const { topic, partition, fetchFrom, generation } = reader;
    try {
      const [bounds] = await boundsOf(this.#cluster, [{ topic, partition }]);
      if (bounds === undefined || reader.generation !== generation) return;
      if (fetchFrom > bounds.end) return reader.beyond(bounds.end);
      if (fetchFrom < bounds.begin) {
        const message = `partition ${partition} of ${topic} begins at ${bounds.begin} now: the records from ${fetchFrom} on were dropped by its retention before they were read`;
        return reader.fail(new TributaryError('LOG_AWAY', message));
      }
      this.#relocate(reader, new KafkaError(CODE.OFFSET_OUT_OF_RANGE, describe(reader)));
    } catch (error) {
      this.#relocate(reader, error);
    }
  }

  #relocate(reader: Reader, error: unknown): void {
    if (reader.closed || this.#cluster.closed) return;
    const stays = error instanceof KafkaError && error.code === CODE.OFFSET_OUT_OF_RANGE;
    if (!isPassing(error) && !stays) {
      reader.fail(translate(error, describe(reader)));
      return;
    }
    this.#failing(reader, error);
    if (reader.node === undefined) return;
    reader.node = undefined;
    this.#cluster.invalidate();
    setTimeout(() => this.#locate(reader), PAUSE_MS);
  }

  #failing(reader: Reader, error: unknown): void {
    reader.failing ??= { since: performance.now(), error };
    reader.wake();
  }
}

const describe = ({ topic, partition }: Reader): string => `reading partition ${partition} of ${topic}`;
