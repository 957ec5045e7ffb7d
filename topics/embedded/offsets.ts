/**
 * The committed offset of each group and partition, and the fencing of claims. There is one row for each group and partition, whose
 * epoch each claim increments. A commit carries the epoch of its claim, and is accepted only while that epoch is the newest.
 */

import { TributaryError } from '../../core/errors.ts';
import type { Database } from '../../embedded/database.ts';
import type { Committed } from '../log/transport.ts';
import type { Partition } from './records.ts';

export interface Commit {
  /** The epoch of the claim. */
  readonly epoch: number;
  readonly offset: number;
  readonly metadata: string;
}

export interface Offsets {
  /** Increments the epoch, which fences every earlier claim. Returns the epoch and the offset committed so far. */
  claim(group: string, partition: Partition): { readonly epoch: number; readonly committed: Committed };
  /** Throws FENCED if there is a newer epoch. Call it in the transaction of the commit. */
  commit(group: string, partition: Partition, commit: Commit): void;
  /** Moves the offset and fences every claim. Keeps the metadata unless new ones are given. */
  seek(group: string, partition: Partition, offset: number, metadata?: string): void;
  committed(group: string, partition: Partition): Committed;
  /** Throws FENCED if there is a newer epoch. */
  check(group: string, partition: Partition, epoch: number): void;
}

const TABLES = `
  CREATE TABLE IF NOT EXISTS log_offsets (
    group_name TEXT NOT NULL, partition_id INTEGER NOT NULL, next_offset INTEGER, marks TEXT NOT NULL,
    epoch INTEGER NOT NULL, PRIMARY KEY (group_name, partition_id)) WITHOUT ROWID;
`;

export function openOffsets(database: Database): Offsets {
  database.exec(TABLES);

  function readCommitted(group: string, partition: Partition): Committed {
    const row = database
      .statement('SELECT next_offset, marks FROM log_offsets WHERE group_name = ? AND partition_id = ?')
      .get<[number | null, string]>(group, partition.id);
    return committedOf(row?.[0] ?? null, row?.[1] ?? '');
  }

  return {
    check(group, partition, epoch) {
      const [row] = database
        .statement('SELECT epoch FROM log_offsets WHERE group_name = ? AND partition_id = ?')
        .all<[number]>(group, partition.id);
      if (row?.[0] !== epoch) throw fenced(group, partition, 'a newer claim exists');
    },

    claim(group, partition) {
      const [row] = database.transaction(() =>
        database
          .statement(
            `INSERT INTO log_offsets VALUES (?, ?, NULL, '', 1)
             ON CONFLICT DO UPDATE SET epoch = epoch + 1 RETURNING epoch, next_offset, marks`,
          )
          .all<[number, number | null, string]>(group, partition.id),
      ) as [[number, number | null, string]];
      const [epoch, offset, text] = row;
      return { epoch, committed: committedOf(offset, text) };
    },

    commit(group, partition, { epoch, offset, metadata }) {
      const { changes } = database
        .statement(
          'UPDATE log_offsets SET next_offset = ?, marks = ? WHERE group_name = ? AND partition_id = ? AND epoch = ?',
        )
        .run(checked(offset), sealed(offset, metadata), group, partition.id, epoch);
      if (changes === 0) throw fenced(group, partition, 'a newer claim exists');
    },

    seek(group, partition, offset, metadata) {
      database.transaction(() => {
        const kept = metadata ?? readCommitted(group, partition).metadata;
        database
          .statement(
            `INSERT INTO log_offsets VALUES (?, ?, ?, ?, 1)
             ON CONFLICT DO UPDATE SET epoch = epoch + 1, next_offset = excluded.next_offset, marks = excluded.marks`,
          )
          .run(group, partition.id, checked(offset), sealed(offset, kept));
      });
    },

    committed: readCommitted,
  };
}

/** The stored form of metadata: the offset of the commit comes first. If it differs from the row's, somebody else moved the offset. */
const sealed = (offset: number, metadata: string): string => `${offset} ${metadata}`;

function committedOf(offset: number | null, text: string): Committed {
  if (offset === null) return { offset: undefined, metadata: '', foreign: false };
  const seal = sealed(offset, '');
  return text.startsWith(seal)
    ? { offset, metadata: text.slice(seal.length), foreign: false }
    : { offset, metadata: '', foreign: true };
}

export function fenced(group: string, partition: Partition, why: string): TributaryError {
  return new TributaryError(
    'FENCED',
    `group ${group} at ${partition.topic}/${partition.partition}: ${why}; release the partition, and claim it again if it is still assigned`,
  );
}

function checked(offset: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0) return offset;
  throw new TributaryError('USAGE', `${offset} is not an offset; give a whole number from 0 on`);
}
