/** Where partitions begin and end, and where groups go on. */

import type { Committed } from '../transport.ts';
import { type CommittedOffset, stableOffsets } from './calls.ts';
import type { Cluster } from './cluster.ts';
import { CODE, check } from './errors.ts';
import { decodeMarks } from './marks.ts';

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
    [...nodes].map(async ([node, here]) => {
      const topics = Map.groupBy(
        here.map((i) => places[i] as Place),
        ({ topic }) => topic,
      );
      const { responses } = await cluster.lane(node, 'main').ask<Listed>('ListOffsets', {
        isolationLevel: READ_UNCOMMITTED,
        topics: [...topics].map(([topic, each]) => ({
          topic,
          partitions: each.map(({ partition }) => ({ partition, timestamp })),
        })),
      });
      for (const { topic, partitions } of responses) {
        for (const { partition, errorCode, offset } of partitions) {
          check(errorCode, `asking for the offsets of partition ${partition} of ${topic}`);
          offsets.set(`${topic}/${partition}`, Number(offset));
        }
      }
    }),
  );
  return places.map(({ topic, partition }) => offsets.get(`${topic}/${partition}`) as number);
}

/**
 * What the group has committed of the partitions, in their order. A transaction that is just ending is waited for, so that what
 * is answered holds whatever was committed before.
 */
export async function committedOf(
  cluster: Cluster,
  group: string,
  topic: string,
  partitions: readonly number[],
): Promise<Committed[]> {
  const found = await cluster.persist(async () => {
    const node = await cluster.coordinator('group', group);
    const answer = await cluster.lane(node, 'main').call(stableOffsets(group, topic, partitions));
    // A group that nobody ever joined or committed to.
    if (answer.error === CODE.GROUP_ID_NOT_FOUND) return [];
    check(answer.error, `reading the offsets of the group ${group}`);
    for (const { partition, error } of answer.partitions) {
      check(error, `reading the offset of the group ${group} for partition ${partition} of ${topic}`);
    }
    return answer.partitions;
  });
  return partitions.map((partition) => committed(found.find((each) => each.partition === partition)));
}

function committed(found: CommittedOffset | undefined): Committed {
  if (found === undefined || found.offset < 0) return { offset: undefined, marks: '', foreign: false };
  return { offset: found.offset, marks: decodeMarks(found.metadata), foreign: false };
}
