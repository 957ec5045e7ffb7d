/**
 * What a row has to say, kept in the row itself and written with it: so a crash after the row was written forgets nothing.
 *
 * Every entry has the offset of the record that made the row say it. A batch sends the entries that lie within it, in the order
 * of offset, row and utterance; since that set leaves in one transaction or not at all, the index of an entry within its offset
 * is its place in this order. Entries before the batch have left for certain, and the next write of the row drops them;
 * entries after it are of a larger batch of an earlier attempt, and wait for their turn.
 */
import type { RejectCode } from '../../schemas/errors.ts';
import type { ChannelName } from '../../schemas/fields.ts';
import type { Key } from '../../sinks/port.ts';
import type { Call } from '../define.ts';

interface Said {
  readonly offset: number;
  /** Of the causing event, in ms since 1970 UTC. */
  readonly time: number;
  readonly tenant: string;
}
/** A derived event, encoded. */
export interface SaidEvent extends Said {
  readonly kind: 'event';
  readonly topic: string;
  readonly type: string;
  /** Null for a broadcast. */
  readonly key: string | null;
  readonly value: Uint8Array;
}
/** A view's record that is to be removed. */
export interface SaidRemoval extends Said {
  readonly kind: 'removal';
  readonly view: string;
  readonly key: Key;
}
/** A channel that is to be called. */
export interface SaidCall extends Said {
  readonly kind: 'call';
  readonly row: Key;
  readonly channel: ChannelName;
  readonly attempt: number;
  readonly message: Omit<Call, 'kind' | 'channel' | 'attempt'>;
}
/** A record that the row rejected: were the row written with later records alone, an attempt after a crash would skip it. */
export interface SaidRejection extends Said {
  readonly kind: 'rejection';
  readonly code: RejectCode;
  readonly message: string;
}
export type OutboxEntry = SaidEvent | SaidRemoval | SaidCall | SaidRejection;

export const EMPTY: readonly OutboxEntry[] = [];

/** JSON, with the bytes in base64. */
export function formatOutbox(entries: readonly OutboxEntry[]): string {
  if (entries.length === 0) return '';
  return JSON.stringify(
    entries.map((entry) =>
      entry.kind === 'event'
        ? {
            ...entry,
            value: Buffer.from(entry.value.buffer, entry.value.byteOffset, entry.value.length).toString('base64'),
          }
        : entry,
    ),
  );
}

export function parseOutbox(text: string): readonly OutboxEntry[] {
  if (text === '') return EMPTY;
  return (JSON.parse(text) as (OutboxEntry & { value?: string })[]).map((entry) =>
    entry.kind === 'event' ? { ...entry, value: Buffer.from(entry.value as unknown as string, 'base64') } : entry,
  );
}

/** Without what has left for certain, when the batch begins at `first`. */
export function pending(entries: readonly OutboxEntry[], first: number): readonly OutboxEntry[] {
  return entries.every((entry) => entry.offset >= first) ? entries : entries.filter((entry) => entry.offset >= first);
}

/** What a batch from `first` up to and including `last` sends of these rows, in its order. */
export function inTurn(
  rows: Iterable<{ readonly id: string; readonly outbox: readonly OutboxEntry[] }>,
  first: number,
  last: number,
  withinBatch: boolean,
): OutboxEntry[] {
  const entries: { id: string; entry: OutboxEntry; turn: number }[] = [];
  for (const { id, outbox } of rows) {
    for (const entry of outbox) {
      if (!withinBatch || (entry.offset >= first && entry.offset <= last))
        entries.push({ id, entry, turn: entries.length });
    }
  }
  entries.sort((a, b) => a.entry.offset - b.entry.offset || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.turn - b.turn));
  return entries.map(({ entry }) => entry);
}
