/**
 * Marks that are longer than brokers take as metadata (`offset.metadata.max.bytes`). They are records of a compacted topic, in the
 * transaction of the commit; the metadata says which record. Compaction keeps the newest committed record of each key, and that
 * is the one that the metadata of its partition refers to.
 */
import { TributaryError } from '../../../core/errors.ts';
import { partitionOfText } from '../../log/partition.ts';
import type { Committed, NewRecord } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { createMissing } from '../cluster/topics.ts';
import { Reader } from '../fetch/reader.ts';
import type { CommittedOffset } from '../wire/calls.ts';
import { fetch, READ_UNCOMMITTED } from '../wire/calls-records.ts';
import { CODE, check, KafkaError } from '../wire/errors.ts';
import { checksumOf, encodeMarks, pack, type Reference, referring, seal, unpack, unseal } from './marks.ts';
import type { Offsets } from './offsets.ts';

export const MARKS_TOPIC = { name: 'tributary.marks', partitions: 12, retentionMs: -1, compacted: true } as const;

/** As brokers come. */
const LIMIT = 4096;
/** One that was just committed may be compacted away while it is looked for, since a newer one was committed. */
const TRIES = 5;
const BYTES = 64 * 1024;

export interface PlaceOfGroup {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** Marks, ready to be committed. */
export interface Sealed {
  /** To be appended in the transaction, before the offset is committed; undefined if the metadata holds all. */
  readonly record: NewRecord | undefined;
  /** `appendedAt` is the offset of the record. */
  metadata(appendedAt: number | undefined): string;
}

/** The last marks that a claim has committed, and how: the same again need no record of their own. */
export interface LastMarks {
  readonly marks: string;
  readonly body: string;
}

export class MarksTopic {
  readonly #cluster: Cluster;
  readonly #offsets: Offsets;
  #limit = LIMIT;
  #made: Promise<void> | undefined;

  constructor(cluster: Cluster, offsets: Offsets) {
    this.#cluster = cluster;
    this.#offsets = offsets;
  }

  /** `last` is told how they were committed; use it once they are. */
  async seal(
    of: PlaceOfGroup,
    offset: number,
    marks: string,
    last?: LastMarks,
  ): Promise<Sealed & { last(): LastMarks }> {
    let body = last?.marks === marks ? last.body : encodeMarks(marks);
    const sealed = { metadata: () => seal(offset, body), last: () => ({ marks, body }) };
    if (seal(offset, body).length <= this.#limit) return { ...sealed, record: undefined };
    const value = pack(marks);
    const partition = await this.#partitionOf(of);
    return {
      ...sealed,
      record: {
        topic: MARKS_TOPIC.name,
        partition,
        key: Buffer.from(keyOf(of)),
        value,
        headers: {},
        timestamp: Date.now(),
      },
      metadata(appendedAt) {
        body = referring({ partition, offset: appendedAt as number, checksum: checksumOf(value) });
        return seal(offset, body);
      },
    };
  }

  /** The broker did not take this metadata: less is tried from now on. False if there is no shorter form. */
  refused(metadata: string): boolean {
    if (metadata.length > this.#limit) return false;
    this.#limit = metadata.length - 1;
    return true;
  }

  /** What the group has committed. Throws FORMAT_NEWER if a newer release did. */
  async committed(of: PlaceOfGroup): Promise<Committed> {
    for (let tries = 1; ; tries++) {
      const found = await this.#offsets.committed(of);
      if (found === undefined) return { offset: undefined, marks: '', foreign: false };
      const marks = await this.#marksOf(of, found);
      if (marks !== undefined) return { offset: found.offset, ...marks };
      if (tries === TRIES) {
        throw new TributaryError(
          'STORE_BROKEN',
          `the marks of ${keyOf(of)} at offset ${found.offset} are not in ${MARKS_TOPIC.name} any more; restore that topic, or move the group with marks that are given`,
        );
      }
    }
  }

  async #marksOf(
    of: PlaceOfGroup,
    { offset, metadata }: CommittedOffset,
  ): Promise<{ marks: string; foreign: boolean } | undefined> {
    const unsealed = unseal(metadata, offset);
    if (unsealed === undefined) return { marks: '', foreign: true };
    if ('marks' in unsealed) return { marks: unsealed.marks, foreign: false };
    const bytes = await this.#cluster.persist(() => this.#read(keyOf(of), unsealed.reference));
    return bytes && { marks: unpack(bytes), foreign: false };
  }

  /** Undefined if the record is not there. */
  async #read(key: string, { partition, offset, checksum }: Reference): Promise<Uint8Array | undefined> {
    const topic = MARKS_TOPIC.name;
    const node = await this.#cluster.leader(topic, partition);
    // That a group has committed the reference says that its transaction was committed, though its mark may not be here yet.
    const limits = { waitMs: 0, bytes: BYTES, partitionBytes: BYTES, isolation: READ_UNCOMMITTED } as const;
    const answer = await this.#cluster
      .lane(node, 'main')
      .call(fetch([{ topic, id: undefined, partition, offset }], limits));
    check(answer.error, 'fetching');
    const [found] = answer.partitions;
    if (found === undefined) throw new KafkaError(-1, `reading partition ${partition} of ${topic}`);
    if (found.error === CODE.OFFSET_OUT_OF_RANGE) return undefined;
    check(found.error, `reading partition ${partition} of ${topic}`);
    const reader = new Reader(topic, partition, offset);
    reader.accept({ ...found, aborted: [] });
    const [record] = reader.take(1);
    const isIt = record?.offset === offset && Buffer.from(record.key ?? []).toString() === key;
    return isIt && record.value !== null && checksumOf(record.value) === checksum ? record.value : undefined;
  }

  async #partitionOf(of: PlaceOfGroup): Promise<number> {
    this.#made ??= createMissing(this.#cluster, [MARKS_TOPIC]);
    try {
      await this.#made;
    } catch (error) {
      this.#made = undefined;
      throw error;
    }
    const { partitions } = await this.#cluster.persist(() => this.#cluster.topic(MARKS_TOPIC.name));
    return partitionOfText(keyOf(of), partitions.length);
  }
}

const keyOf = ({ group, topic, partition }: PlaceOfGroup): string => `${group}/${topic}/${partition}`;
