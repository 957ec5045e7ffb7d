/** Where partitions begin and end, and where groups go on. */

import type { Cluster } from '../cluster/cluster.ts';
import { Together } from '../cluster/coalescer.ts';
import { type CommittedOffset, stableOffsets } from '../wire/calls.ts';
import { CODE, check, KafkaError } from '../wire/errors.ts';

const EARLIEST = -2;
const LATEST = -1;
const READ_UNCOMMITTED = 0;

interface Listed {
  readonly responses: readonly {
    readonly topic: string;
    readonly partitions: readonly { readonly partition: number; readonly errorCode: number; readonly offset: string }[];
  }[];
}

export interface Place {
  readonly topic: string;
  readonly partition: number;
}

export interface Bounds {
  readonly begin: number;
  readonly end: number;
}

const placeOf = ({ topic, partition }: Place): string => `${topic}/${partition}`;

/** By place, in their order. `end` counts what open transactions have written too: it is the offset the next record gets. */
export async function boundsOf(cluster: Cluster, places: readonly Place[]): Promise<Bounds[]> {
  const [begins, ends] = await Promise.all([listed(cluster, places, EARLIEST), listed(cluster, places, LATEST)]);
  return places.map((_, i) => ({ begin: begins[i] as number, end: ends[i] as number }));
}

/** By place, in their order: the first offset of that time or later, -1 if there is none. */
export async function listed(cluster: Cluster, places: readonly Place[], timestamp: number): Promise<number[]> {
  const leaders = await Promise.all(places.map(({ topic, partition }) => cluster.leader(topic, partition)));
  const offsets = new Map<string, number>();
  const nodes = Map.groupBy(places.keys(), (i) => leaders[i] as number);
  await Promise.all(
    [...nodes].map(async ([node, indices]) => {
      const here = indices.map((i) => places[i] as Place);
      const answers = await listedBy(cluster, node, here, timestamp);
      for (const [i, answer] of answers.entries()) {
        if (answer instanceof Error) throw answer;
        offsets.set(placeOf(here[i] as Place), answer);
      }
    }),
  );
  return places.map((place) => offsets.get(placeOf(place)) as number);
}

async function listedBy(
  cluster: Cluster,
  node: number,
  places: readonly Place[],
  timestamp: number,
): Promise<(number | Error)[]> {
  const topics = Map.groupBy(places, ({ topic }) => topic);
  const { responses } = await cluster.lane(node, 'main').ask<Listed>('ListOffsets', {
    isolationLevel: READ_UNCOMMITTED,
    topics: [...topics].map(([topic, each]) => ({
      topic,
      partitions: [...new Set(each.map(({ partition }) => partition))].map((partition) => ({ partition, timestamp })),
    })),
  });
  const found = new Map(
    responses.flatMap(({ topic, partitions }) =>
      partitions.map((answer) => [placeOf({ topic, partition: answer.partition }), answer] as const),
    ),
  );
  return places.map((place) => {
    const answer = found.get(placeOf(place));
    if (answer?.errorCode === 0) return Number(answer.offset);
    return new KafkaError(
      answer?.errorCode ?? -1,
      `asking for the offsets of partition ${place.partition} of ${place.topic}`,
    );
  });
}

interface GroupPlace extends Place {
  readonly group: string;
}

/** What claims ask for, each of its own partition, and all of a process together. */
export class Offsets {
  readonly #cluster: Cluster;
  readonly #begins: Together<Place, number>;
  readonly #committed: Together<number, CommittedOffset | undefined>;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#begins = new Together((node, places) => listedBy(cluster, Number(node), places, EARLIEST));
    this.#committed = new Together((where, partitions) => this.#fetch(where, partitions));
  }

  /** The first offset of the partition that can still be read. */
  begin(place: Place): Promise<number> {
    return this.#cluster.persist(async () => {
      const node = await this.#cluster.leader(place.topic, place.partition);
      return this.#begins.ask(String(node), place);
    });
  }

  /**
   * What the group has committed, undefined if nothing. A transaction of this very partition that is just ending is waited for,
   * so that what is answered holds whatever was committed before.
   */
  async committed({ group, topic, partition }: GroupPlace): Promise<CommittedOffset | undefined> {
    // Slashes stand in no name of a topic.
    const where = `${topic}/${group}`;
    const found = await this.#cluster.persist(() => this.#committed.ask(where, partition));
    return found === undefined || found.offset < 0 ? undefined : found;
  }

  async #fetch(where: string, partitions: readonly number[]): Promise<(CommittedOffset | undefined | Error)[]> {
    const topic = where.slice(0, where.indexOf('/'));
    const group = where.slice(topic.length + 1);
    const node = await this.#cluster.coordinator('group', group);
    const asked = [...new Set(partitions)];
    const answer = await this.#cluster.lane(node, 'main').call(stableOffsets(group, topic, asked));
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
