/**
 * Stores metadata of offsets that are longer than brokers accept (`offset.metadata.max.bytes`). They
 * are records of a compacted topic, appended in the transaction of the commit, and the committed
 * offset refers to the record. Compaction keeps the newest committed record of each key, which is the
 * one that the offset refers to.
 */
import { TributaryError } from '../../../core/errors.ts';
import { partitionOfText } from '../../log/partition.ts';
import type { Committed } from '../../log/transport.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { createMissing } from '../cluster/topics.ts';
import { fetchOne } from '../fetch/fetch-one.ts';
import { Reader } from '../fetch/reader.ts';
import type { Sealed } from '../produce/transaction.ts';
import { READ_UNCOMMITTED } from '../wire/calls/fetch.ts';
import type { CommittedOffset } from '../wire/calls/offsets.ts';
import {
  checksumOf,
  encodeMetadata,
  pack,
  type Reference,
  referring,
  seal,
  unpack,
  unseal,
} from './commit-metadata.ts';
import type { GroupPartition, Offsets } from './offsets.ts';

export const METADATA_TOPIC = {
  name: 'tributary.marks',
  partitions: 12,
  retentionMs: -1,
  compacted: true,
} as const;

/** The default of `offset.metadata.max.bytes`. */
const LIMIT = 4096;
/** A record may be compacted away while it is read, because a newer one was committed. */
const TRIES = 5;
const BYTES = 64 * 1024;

/**
 * The last metadata that a claim has committed, and how they were stored: unchanged metadata need no new
 * record.
 */
export interface LastMetadata {
  readonly metadata: string;
  readonly body: string;
}

export class MetadataTopic {
  readonly #cluster: Cluster;
  readonly #offsets: Offsets;
  #limit = LIMIT;
  #created: Promise<void> | undefined;

  constructor(cluster: Cluster, offsets: Offsets) {
    this.#cluster = cluster;
    this.#offsets = offsets;
  }

  /** Pass the returned `last` to the next call, once the metadata are committed. */
  async seal(
    of: GroupPartition,
    offset: number,
    metadata: string,
    last?: LastMetadata,
  ): Promise<Sealed & { last(): LastMetadata }> {
    let body = last?.metadata === metadata ? last.body : encodeMetadata(metadata);
    const sealed = { metadata: () => seal(offset, body), last: () => ({ metadata, body }) };
    if (seal(offset, body).length <= this.#limit) return { ...sealed, record: undefined };
    const value = pack(metadata);
    const partition = await this.#partitionOf(of);
    return {
      ...sealed,
      record: {
        topic: METADATA_TOPIC.name,
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

  /**
   * Call this if the broker did not accept these metadata. Later ones are then stored in a shorter form. Returns
   * false if there is none.
   */
  refused(metadata: string): boolean {
    if (metadata.length > this.#limit) return false;
    this.#limit = metadata.length - 1;
    return true;
  }

  /** What the group has committed. Throws FORMAT_NEWER if a newer release committed it. */
  async committed(of: GroupPartition): Promise<Committed> {
    for (let tries = 1; ; tries++) {
      const found = await this.#offsets.committed(of);
      if (found === undefined) return { offset: undefined, metadata: '', foreign: false };
      const metadata = await this.#metadataOf(of, found);
      if (metadata !== undefined) return { offset: found.offset, ...metadata };
      if (tries === TRIES) {
        throw new TributaryError(
          'STORE_BROKEN',
          `the metadata of ${keyOf(of)} at offset ${found.offset} are not in ${METADATA_TOPIC.name} any more; restore that topic, or move the group with metadata that are given`,
        );
      }
    }
  }

  async #metadataOf(
    of: GroupPartition,
    { offset, metadata }: CommittedOffset,
  ): Promise<{ metadata: string; foreign: boolean } | undefined> {
    const unsealed = unseal(metadata, offset);
    if (unsealed === undefined) return { metadata: '', foreign: true };
    if ('metadata' in unsealed) return { metadata: unsealed.metadata, foreign: false };
    const bytes = await this.#cluster.persist(() => this.#read(keyOf(of), unsealed.reference));
    return bytes && { metadata: unpack(bytes), foreign: false };
  }

  /** Undefined if there is no such record. */
  async #read(key: string, { partition, offset, checksum }: Reference): Promise<Uint8Array | undefined> {
    const topic = METADATA_TOPIC.name;
    // The reference is committed, so its transaction is, too, even if the marker is not in this partition yet.
    const limits = { waitMs: 0, bytes: BYTES, partitionBytes: BYTES, isolation: READ_UNCOMMITTED } as const;
    const found = await fetchOne(this.#cluster, { topic, id: undefined, partition, offset }, limits);
    if (found === undefined) return undefined;
    const reader = new Reader({ topic, partition, offset });
    reader.accept({ ...found, aborted: [] });
    const [record] = reader.take(1);
    const isIt = record?.offset === offset && Buffer.from(record.key ?? []).toString() === key;
    return isIt && record.value !== null && checksumOf(record.value) === checksum ? record.value : undefined;
  }

  async #partitionOf(of: GroupPartition): Promise<number> {
    this.#created ??= createMissing(this.#cluster, [METADATA_TOPIC]);
    try {
      await this.#created;
    } catch (error) {
      this.#created = undefined;
      throw error;
    }
    const { partitions } = await this.#cluster.persist(() => this.#cluster.topic(METADATA_TOPIC.name));
    return partitionOfText(keyOf(of), partitions.length);
  }
}

const keyOf = ({ group, topic, partition }: GroupPartition): string => `${group}/${topic}/${partition}`;
