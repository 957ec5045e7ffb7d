/**
 * `tributary dead-letters replay`: the rejected record once more, as it was, in its partition, for the job that rejected it
 * alone, and of several rows for those alone that did not take it. The same call of the log marks the letter as replayed, so that
 * neither happens without the other.
 */

import { shownLine } from '../../../app/shown.ts';
import { TributaryError } from '../../../core/errors.ts';
import { ONLY_FOR } from '../../../topics/codec/codec.ts';
import { LOGGED_AT } from '../../../topics/codec/envelope.ts';
import { largestSize } from '../../../topics/log/limits.ts';
import { ONLY_ROWS, ONLY_VIEWS, type RowKeys } from '../../../topics/log/only.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import type { NewRecord, Transport } from '../../../topics/log/transport.ts';
import { print, printJson, type Run } from '../../context.ts';
import { FAILED } from '../../errors.ts';
import { jobNamed } from '../../names.ts';
import {
  type Choice,
  chosenLetters,
  type Letter,
  marker,
  REPLAYED,
  type RejectedRecord,
  rejectedRecord,
} from './letters.ts';

interface Args extends Choice {
  readonly json: boolean;
}

/** What is sent at once: not more than so many letters, and not many more bytes. */
const LETTERS_AT_ONCE = 100;
const BYTES_AT_ONCE = 8 * 1024 * 1024;

export interface Replay {
  readonly letter: Letter;
  readonly records: readonly NewRecord[];
}
export interface Left {
  readonly letter: Letter;
  readonly why: string;
}

export const run: Run<Args> = async (context, args) => {
  const { transport } = context.wired.stores;
  const letters = await chosenLetters(context.wired, args, context.signal, 'replay');
  for (const { job } of letters) jobNamed(job, context.wired.platform.jobs);
  const left: Left[] = [];
  let [next, bytes]: [Replay[], number] = [[], 0];
  const send = async (): Promise<void> => {
    left.push(...(await sendAll(transport, next)));
    [next, bytes] = [[], 0];
  };
  for (const letter of letters) {
    context.signal.throwIfAborted();
    const replay = await replayOf(transport, letter);
    if ('why' in replay) {
      left.push(replay);
      continue;
    }
    next.push(replay);
    bytes += replay.records.reduce((sum, record) => sum + largestSize(record), 0);
    if (next.length >= LETTERS_AT_ONCE || bytes >= BYTES_AT_ONCE) await send();
  }
  await send();
  const isLeft = new Set(left.map(({ letter }) => letter));
  const replayed = letters.filter((letter) => !isLeft.has(letter));
  if (args.json) {
    const why = left.map(({ letter: { id, job }, why }) => ({ id, job, why }));
    await printJson(context, { replayed: replayed.map(({ id, job }) => ({ id, job })), left: why });
  } else {
    for (const { id, job } of replayed) await print(context, `${id} was sent to ${job} once more`);
    for (const { letter, why } of left) context.stderr.write(`${letter.id} is left as it is: ${shownLine(why)}\n`);
    context.stderr.write(`${replayed.length} replayed\n`);
  }
  return left.length === 0 ? undefined : FAILED;
};

/** Answers those that the log does not take. */
async function sendAll(transport: Transport, replays: readonly Replay[]): Promise<Left[]> {
  try {
    await transport.produce(replays.flatMap(({ records }) => records));
    return [];
  } catch (error) {
    if (!(error instanceof TributaryError) || error.code !== 'RECORD_TOO_LARGE') throw error;
    if (replays.length === 1) return [{ letter: (replays[0] as Replay).letter, why: error.message }];
    const left: Left[] = [];
    for (const replay of replays) left.push(...(await sendAll(transport, [replay])));
    return left;
  }
}

export async function replayOf(transport: Transport, letter: Letter): Promise<Replay | Left> {
  const rejected = await rejectedRecord(transport, letter);
  const why = whyNot(letter, rejected);
  if (why !== undefined) return { letter, why };
  const { partition, key, value, headers, timestamp } = rejected.record;
  // The origin was counted as seen when the record was rejected, or may have been: with it, the record would be a repeat.
  const { ce_origin: _, ...kept } = headers;
  const now = Date.now();
  const record = {
    ...{ topic: letter.topic.name, partition, key, value },
    // It is kept from now on, as any new record. The time of its event is still measured by when it came.
    headers: { ...kept, [LOGGED_AT]: kept[LOGGED_AT] ?? String(timestamp), [ONLY_FOR]: letter.job },
    timestamp: now,
  };
  const parts = await partsOf(transport, letter, rejected);
  const records =
    parts === undefined
      ? [record]
      : parts.map(({ to, only }) => ({ ...record, partition: to, headers: { ...record.headers, ...only } }));
  return { letter, records: [...records, marker(letter, REPLAYED, now)] };
}

function whyNot({ code }: Letter, { cutFrom, rows, unnamed }: RejectedRecord): string | undefined {
  if (cutFrom !== undefined) {
    return `of the ${cutFrom} bytes of its value only the beginning is left, and the log does not keep the record any more; let its producer send it once more`;
  }
  if (unnamed > 0) {
    return `it is of use to ${unnamed} rows, which the letter has no room to name, and the other rows of its event would take it twice; produce an event for each of the rows that miss it`;
  }
  if (code === 'VIEW_REFUSED' && rows === undefined) {
    return 'its row took it, and would take it twice; `tributary rebuild-views` writes the views once more';
  }
  return undefined;
}

/** By partition, the headers that name the rows there; undefined if the record is for whatever rows its event touches. */
async function partsOf(transport: Transport, { topic }: Letter, { rows, unshown }: RejectedRecord) {
  if (rows === undefined) return undefined;
  const [shape] = await transport.shape([topic.name]);
  const partitions = shape?.partitions ?? topic.partitions;
  const of = (keys: RowKeys) => Map.groupBy(keys, ([first = '']) => partitionOfText(first, partitions));
  const [rowsBy, unshownBy] = [of(rows), of(unshown)];
  return [...new Set([...rowsBy.keys(), ...unshownBy.keys()])].map((to) => ({
    to,
    only: {
      [ONLY_ROWS]: JSON.stringify(rowsBy.get(to) ?? []),
      [ONLY_VIEWS]: JSON.stringify(unshownBy.get(to) ?? []),
    },
  }));
}
