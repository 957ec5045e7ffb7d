/**
 * Replays dead letters: sends the rejected record once more, unchanged, to its partition, for only the job that rejected it. If the event
 * touches several rows, only the rows that did not apply it get it.
 */
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { Transport } from '../../topics/log/transport.ts';
import { possibleGroupsOf } from '../platform/works.ts';
import type { DeadLetter, Log } from './letters.ts';
import { type RejectedRecord, rejectedRecord } from './rejected.ts';
import { marker, type Resolver, type Resolving } from './resolution.ts';
import { forItsRows, type Left, type Outcome, type Sent, sendAll } from './sending.ts';

export function replayAll(
  log: Log,
  deadLetters: readonly DeadLetter[],
  { turn, ...resolver }: Resolving,
  signal: AbortSignal,
): Promise<Outcome> {
  const groups = new Set(possibleGroupsOf(log.platform).map(({ name }) => name));
  const resolve = async (deadLetter: DeadLetter): Promise<Sent | Left> =>
    groups.has(deadLetter.job)
      ? replayOf(log.stores.transport, deadLetter, resolver)
      : { deadLetter, why: `there is no job ${deadLetter.job} any more, so nothing would apply it` };
  return sendAll(deadLetters, { resolve, turn }, signal);
}

export async function replayOf(transport: Transport, deadLetter: DeadLetter, resolver: Resolver): Promise<Sent | Left> {
  const rejected = await rejectedRecord(transport, deadLetter);
  const why = whyNot(deadLetter, rejected);
  if (why !== undefined) return { deadLetter, why };
  const { partition, key, value, headers, timestamp } = rejected.record;
  // The origin was, or may have been, noted as seen when the record was rejected. With it, the record would count as a repeat.
  const { ce_origin: _, ...kept } = headers;
  const now = Date.now();
  const record = {
    ...{ topic: deadLetter.topic.name, partition, key, value },
    // The log keeps the record from now on, like any new one. The time of its event is still checked against its first arrival.
    headers: { ...kept, [LOGGED_AT]: kept[LOGGED_AT] ?? String(timestamp), [ONLY_FOR]: deadLetter.job },
    timestamp: now,
  };
  const records = await forItsRows(transport, deadLetter, rejected, record);
  return { deadLetter, records: [...records, marker(deadLetter, 'replayed', resolver, now)] };
}

function whyNot({ code }: DeadLetter, rejected: RejectedRecord): string | undefined {
  const { cutFrom, rows } = rejected;
  if (cutFrom !== undefined) {
    return `only the beginning of its value of ${cutFrom} bytes is left, and the log no longer has the record; let its producer send it again`;
  }
  if (code === 'VIEW_REFUSED' && rows === undefined) {
    return 'its row has applied it, and would apply it twice; `tributary rebuild-views` writes the views again';
  }
  return unnamedText(rejected);
}

/** Why nothing may be sent for a letter that could not name its rows. */
export const unnamedText = ({ unnamed }: Pick<RejectedRecord, 'unnamed'>): string | undefined =>
  unnamed === 0
    ? undefined
    : `${unnamed} rows lack it, but the letter has no room to name them, and the other rows of its event would apply it twice; produce an event for each of the rows that lack it`;
