/**
 * What a row has still to emit. It is part of the row and written with it, so a crash after the row was written loses nothing.
 *
 * Every entry has the position of the record that caused it. A batch sends the entries whose positions lie within it, ordered by offset,
 * then by row, then as they were added. Either all of them leave, in one transaction, or none does. So the index of an entry among those of
 * its offset is always the same. Entries before the batch have certainly left, and the next write of the row drops them. Entries after the
 * batch come from a larger batch of an earlier attempt, and wait until their records are in a batch.
 *
 * When a topic is expanded, a row may move to another partition and take entries of the old one with it. Entries that have left are
 * dropped. The others wait for their record, which is sent on to the new partition, and leave with it.
 *
 * When a topic is deleted and made again, entries that were caused by records of the old topic are dropped.
 */

import type { ChannelName } from '../../../core/channel.ts';
import type { RejectCode } from '../../../core/errors.ts';
import type { Key } from '../../../sinks/port.ts';
import { versioned } from '../../../topics/log/formats.ts';
import type { Call } from '../../define.ts';

interface Caused {
  readonly partition: number;
  readonly offset: number;
  /** The time of the event that caused the entry, in ms since 1970 UTC. */
  readonly time: number;
  readonly tenant: string;
}
/** A derived event, encoded. */
export interface OutboxEvent extends Caused {
  readonly kind: 'event';
  readonly topic: string;
  readonly type: string;
  /** Null for a broadcast. */
  readonly key: string | null;
  readonly value: Uint8Array;
}
/** A record of a view that must be removed. */
export interface OutboxRemoval extends Caused {
  readonly kind: 'removal';
  readonly view: string;
  readonly key: Key;
}
/** A channel that must be called. */
export interface OutboxCall extends Caused {
  readonly kind: 'call';
  readonly row: Key;
  readonly channel: ChannelName;
  readonly attempt: number;
  readonly message: Omit<Call, 'kind' | 'channel' | 'attempt'>;
}
/** A record that the row rejected. Without the entry, an attempt after a crash would skip a record before the position of the row. */
export interface OutboxRejection extends Caused {
  readonly kind: 'rejection';
  readonly code: RejectCode;
  readonly message: string;
}
export type OutboxEntry = OutboxEvent | OutboxRemoval | OutboxCall | OutboxRejection;

export const EMPTY: readonly OutboxEntry[] = [];

/**
 * Whether the entries of a position, and all earlier ones, have certainly left. `view`: the view of a removal, which stays until that view
 * has passed it; or `ANY_VIEW`, to ask for every kind of entry.
 */
export type HasLeft = (partition: number, offset: number, view?: string) => boolean;

export const ANY_VIEW = '*';

const VERSION = 2;
/** Stored before the JSON if the entries come from several partitions. */
const MIXED = '*';

/**
 * The format: version and topic; the partition of all entries and their last offset, from which a reader sees at once that all have left;
 * and, from the `[` on, JSON: an array for each event, with its bytes in base64.
 */
export function formatOutbox(entries: readonly OutboxEntry[], topicId: string): string {
  const first = entries[0];
  if (first === undefined) return '';
  const { partition } = first;
  const isMixed = entries.some((entry) => entry.partition !== partition);
  let last = 0;
  const stored = entries.map((entry) => {
    last = Math.max(last, entry.offset);
    const packed = pack(entry);
    return isMixed ? [entry.partition, packed] : packed;
  });
  return `${VERSION}|${topicId}|${isMixed ? MIXED : `${partition}:${last}`}${JSON.stringify(stored)}`;
}

/** The entries caused by records of the current topic. Version 1 had no topic ids. Throws FORMAT_NEWER. */
function bodyOf(outbox: string, topicId: string): string {
  const behind = versioned(outbox, VERSION, 'the outbox of a row');
  if (behind === undefined) return outbox;
  const bar = behind.indexOf('|');
  return behind.slice(0, bar) === topicId ? behind.slice(bar + 1) : '';
}

/** Whether the outbox has entries of another partition. */
export function isOfOthers(outbox: string, topicId: string, partition: number): boolean {
  const text = bodyOf(outbox, topicId);
  return text !== '' && !text.startsWith(`${partition}:`);
}

/** The entries that may not have left yet. `tenant` is that of the row. */
export function parseOutbox(outbox: string, topicId: string, tenant: string, hasLeft: HasLeft): readonly OutboxEntry[] {
  const text = bodyOf(outbox, topicId);
  if (text === '') return EMPTY;
  const json = text.indexOf('[');
  if (text.startsWith(MIXED)) {
    const stored = JSON.parse(text.slice(json)) as [number, Packed][];
    return pending(
      stored.map(([partition, packed]) => unpack(packed, partition, tenant)),
      hasLeft,
    );
  }
  const [partition, last] = text.slice(0, json).split(':').map(Number) as [number, number];
  if (hasLeft(partition, last, ANY_VIEW)) return EMPTY;
  const stored = JSON.parse(text.slice(json)) as Packed[];
  return pending(
    stored.map((packed) => unpack(packed, partition, tenant)),
    hasLeft,
  );
}

type PackedEvent = readonly [
  offset: number,
  time: number,
  topic: string,
  type: string,
  key: string | null,
  value: string,
];
type Packed = PackedEvent | Omit<Exclude<OutboxEntry, OutboxEvent>, 'partition' | 'tenant'>;

function pack(entry: OutboxEntry): Packed {
  if (entry.kind === 'event') {
    const { offset, time, topic, type, key, value } = entry;
    const bytes = Buffer.from(value.buffer, value.byteOffset, value.length);
    return [offset, time, topic, type, key, bytes.toString('base64')];
  }
  const { partition: _partition, tenant: _tenant, ...rest } = entry;
  return rest;
}

function unpack(packed: Packed, partition: number, tenant: string): OutboxEntry {
  if (!('kind' in packed)) {
    const [offset, time, topic, type, key, value] = packed;
    return { kind: 'event', partition, offset, time, tenant, topic, type, key, value: Buffer.from(value, 'base64') };
  }
  return { ...packed, partition, tenant } as OutboxEntry;
}

/** The entries that have not certainly left. */
export function pending(entries: readonly OutboxEntry[], hasLeft: HasLeft): readonly OutboxEntry[] {
  const left = (entry: OutboxEntry): boolean =>
    hasLeft(entry.partition, entry.offset, entry.kind === 'removal' ? entry.view : undefined);
  return entries.some(left) ? entries.filter((entry) => !left(entry)) : entries;
}

/** For a record that was sent on: moves the entries that it caused from its old position to its new one. */
export function moved(
  entries: readonly OutboxEntry[],
  [partition, offset]: readonly [partition: number, offset: number],
  to: { readonly partition: number; readonly offset: number },
): readonly OutboxEntry[] {
  const came = (entry: OutboxEntry): boolean => entry.partition === partition && entry.offset === offset;
  if (!entries.some(came)) return entries;
  return entries.map((entry) => (came(entry) ? { ...entry, ...to } : entry));
}

/** The offsets of the first and the last record of a batch. */
export interface Extent {
  readonly partition: number;
  readonly first: number;
  readonly last: number;
}

/** The entries of these rows that a batch sends, in order. `withinBatch`: see `Rules`. */
export function inTurn(
  rows: Iterable<{ readonly id: string; readonly outbox: readonly OutboxEntry[] }>,
  { partition, first, last }: Extent,
  withinBatch: boolean,
): OutboxEntry[] {
  const entries: { id: string; entry: OutboxEntry; turn: number }[] = [];
  for (const { id, outbox } of rows) {
    for (const entry of outbox) {
      const isWithin = entry.partition === partition && entry.offset >= first && entry.offset <= last;
      if (isWithin || !withinBatch) entries.push({ id, entry, turn: entries.length });
    }
  }
  entries.sort((a, b) => a.entry.offset - b.entry.offset || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.turn - b.turn));
  return entries.map(({ entry }) => entry);
}
