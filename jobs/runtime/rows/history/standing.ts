/** What a row stores about itself, and the positions of its job and partition. Every look at a row's history begins with these. */

import type { Key } from '../../../../sinks/port.ts';
import type { StoredRow } from '../../../../sinks/tables/port.ts';
import { partitionOfText } from '../../../../topics/log/partition.ts';
import type { Job } from '../../../define.ts';
import { standingsOf } from '../../offsets/standing.ts';
import type { Runtime } from '../../stores.ts';
import { generationsOf, tableOf } from '../generations/state.ts';
import { parseOutbox } from '../outbox.ts';
import { type At, lastApplied, NOWHERE, parseAt } from '../position.ts';

export interface RowStanding {
  /** With the tenant first. */
  readonly key: Key;
  readonly generation: number;
  /** The name of the generation's table. */
  readonly table: string;
  /** Undefined if the store has no row. A row without data was deleted; its position is kept. */
  readonly row: StoredRow | undefined;
  /** The position of the row in the current topic. */
  readonly at: At;
  /** Whether the position belongs to a deleted topic of the same name. */
  readonly isOfEarlierTopic: boolean;
  /** How many entries the row has still to emit. */
  readonly pending: number;
  /** Of the current topic, as made by `shortId`. */
  readonly topicId: string;
  readonly partitions: number;
  /** The partition of the row's records. */
  readonly partition: number;
  /** The first offset that can be read, and the one after the last. */
  readonly begin: number;
  readonly end: number;
  /** The next offset that the job reads; undefined if it never committed an offset of this topic. */
  readonly next: number | undefined;
  /** The row, as it was read, has applied every record before this offset. */
  readonly bound: number;
}

/** `key` begins with the tenant. */
export async function standingOf(job: Job, key: Key, { stores }: Pick<Runtime, 'stores'>): Promise<RowStanding> {
  const { tables, transport } = stores;
  // In this order: a row has at least what its job had committed before the row was read.
  const { topicId, partitions: standings } = await standingsOf(job, transport);
  const partitions = Math.max(1, standings.length);
  const partition = partitionOfText(key[1] as string, partitions);
  const standing = standings[partition];
  const next = standing?.isOfAnother === true ? undefined : standing?.committed.offset;
  const { current } = await generationsOf(tables, job.name);
  const table = tableOf(job.row, current);
  const [row] = await tables.read(table, [key]);
  const at = row === undefined ? NOWHERE : parseAt(row.at, topicId);
  const hasLeft = (of: number, offset: number): boolean => of === partition && offset < (next ?? 0);
  return {
    key,
    generation: current,
    table: table.name,
    row,
    at,
    isOfEarlierTopic: row !== undefined && row.at !== '' && at.length === 0,
    pending: row === undefined ? 0 : parseOutbox(row.outbox, topicId, key[0] as string, hasLeft).length,
    topicId,
    partitions,
    partition,
    begin: standing?.info.begin ?? 0,
    end: standing?.info.end ?? 0,
    next,
    bound: Math.max(next ?? 0, lastApplied(at, partition) + 1),
  };
}
