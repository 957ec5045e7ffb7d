/** The rejected record, whole if any place still has all of it. */

import { TributaryError } from '../../core/errors.ts';
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { parseKeys, type RowKeys } from '../../topics/log/only.ts';
import type { LogRecord, Transport } from '../../topics/log/transport.ts';
import { type DeadLetter, headerText, namesRows } from './letters.ts';

/** The rejected record, as its dead letter describes it. */
export interface RejectedRecord {
  /** With its own headers and time. If the letter was cut, this is the record in the log; if that is lost, what the letter has. */
  readonly record: LogRecord;
  /** The length of the value in bytes, if part of the record is lost. */
  readonly cutFrom: number | undefined;
  /** The rows that did not apply it; undefined if all rows of its event need it. */
  readonly rows: RowKeys | undefined;
  /** The rows that applied the record but could not write or send everything that follows from it. */
  readonly unshown: RowKeys;
  /** The number of rows whose names did not fit into the dead letter. */
  readonly unnamed: number;
}

export async function rejectedRecord(transport: Transport, deadLetter: DeadLetter): Promise<RejectedRecord> {
  const all: LogRecord[] = [];
  for (const [partition, offset] of deadLetter.positions) {
    const [found] = await transport.read(deadLetterTopic(deadLetter.topic.name), partition, offset, 1);
    if (found?.offset === offset) all.push(found);
    else if (deadLetter.positions.at(-1)?.[1] === offset)
      throw new TributaryError(
        'NOT_FOUND',
        `the dead letter of ${deadLetter.id} is no longer kept: list the dead letters again`,
      );
  }
  const newest = all.at(-1) as LogRecord;
  const named = all.filter(({ headers }) => namesRows(headers));
  const kept = keptOf(deadLetter, newest);
  const length = headerText(newest.headers, DEAD_LETTER.length);
  const original = length === undefined ? kept : await originalOf(transport, deadLetter.topic.name, kept);
  return {
    record: original ?? kept,
    cutFrom: original === undefined ? Number(length) : undefined,
    rows: named.length === 0 ? undefined : keysOf(named, 'rows', deadLetter.id),
    unshown: keysOf(named, 'unshown', deadLetter.id),
    unnamed: named.reduce((sum, { headers }) => sum + Number(headerText(headers, DEAD_LETTER.unnamed) ?? 0), 0),
  };
}

function keptOf({ partition, offset }: DeadLetter, { key, value, headers, timestamp }: LogRecord): LogRecord {
  const ours = new Set<string>(Object.values(DEAD_LETTER));
  const original = Number(headerText(headers, DEAD_LETTER.timestamp) ?? Number.NaN);
  return {
    ...{ partition, offset, key, value },
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name))),
    timestamp: Number.isNaN(original) ? timestamp : original,
  };
}

/** Undefined if the position now has another record, or none. */
async function originalOf(transport: Transport, topic: string, cut: LogRecord): Promise<LogRecord | undefined> {
  const { partition, offset, timestamp, value } = cut;
  const [found] = await transport.read(topic, partition, offset, 1);
  if (found === undefined || found.offset !== offset || found.timestamp !== timestamp) return undefined;
  const begins = Buffer.from(found.value?.subarray(0, value?.length ?? 0) ?? '').equals(Buffer.from(value ?? ''));
  return begins ? found : undefined;
}

/** Each key once: a record that was rejected again after a restore names the same rows. */
function keysOf(deadLetters: readonly LogRecord[], name: 'rows' | 'unshown', id: string): RowKeys {
  const keys = new Map<string, readonly string[]>();
  for (const { headers } of deadLetters) {
    const named = parseKeys(headers[DEAD_LETTER[name]]);
    if (named === undefined)
      throw new TributaryError(
        'USAGE',
        `the dead letter of ${id} names its rows in a way that this release does not know: use the release that wrote it`,
      );
    for (const key of named) keys.set(JSON.stringify(key), key);
  }
  return [...keys.values()];
}
