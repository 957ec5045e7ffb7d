/** The committed offsets of groups. */
import type { Cluster } from '../cluster/cluster.ts';
import { Coalescer } from '../cluster/coalescer.ts';
import { type CommittedOffset, stableOffsets } from '../wire/calls/offsets.ts';
import { CODE } from '../wire/error-codes.ts';
import { check, KafkaError } from '../wire/errors.ts';

/** One partition, as a group reads it. */
export interface GroupPartition {
  readonly group: string;
  readonly topic: string;
  readonly partition: number;
}

/** Reads committed offsets, of many partitions with one request for each group and topic. */
export class Offsets {
  readonly #cluster: Cluster;
  readonly #committed: Coalescer<number, CommittedOffset | undefined>;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#committed = new Coalescer((key, partitions) => this.#fetch(key, partitions));
  }

  /**
   * The offset that the group has committed; undefined if it never committed. Waits for a transaction
   * that is just ending, so that the answer includes everything that was committed before.
   */
  async committed({ group, topic, partition }: GroupPartition): Promise<CommittedOffset | undefined> {
    // Names of topics have no slash.
    const key = `${topic}/${group}`;
    const found = await this.#cluster.persist(() => this.#committed.ask(key, partition));
    return found === undefined || found.offset < 0 ? undefined : found;
  }

  async #fetch(key: string, partitions: readonly number[]): Promise<(CommittedOffset | undefined | Error)[]> {
    const topic = key.slice(0, key.indexOf('/'));
    const group = key.slice(topic.length + 1);
    const node = await this.#cluster.coordinator('group', group);
    const asked = [...new Set(partitions)];
    const answer = await this.#cluster.connection(node, 'main').send(stableOffsets(group, topic, asked));
    // A group that nobody ever joined or committed to.
    if (answer.error === CODE.GROUP_ID_NOT_FOUND) return partitions.map(() => undefined);
    check(answer.error, `reading the offsets of the group ${group}`);
    const found = new Map(answer.partitions.map((each) => [each.partition, each]));
    return partitions.map((partition) => {
      const each = found.get(partition);
      if (each === undefined || each.error === 0) return each;
      const what = `reading the offset of the group ${group} for partition ${partition} of ${topic}`;
      return new KafkaError(each.error, what);
    });
  }
}
