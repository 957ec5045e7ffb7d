/** Sends the records that resolve dead letters, with their markers. For each letter, the log takes all of its records or none. */
import { TributaryError } from '../../core/errors.ts';
import { largestSize } from '../../topics/log/limits.ts';
import { ONLY_ROWS, ONLY_VIEWS, type RowKeys } from '../../topics/log/only.ts';
import { partitionOfText } from '../../topics/log/partition.ts';
import type { Headers, NewRecord, Transport } from '../../topics/log/transport.ts';
import type { DeadLetter } from './letters.ts';
import type { RejectedRecord } from './rejected.ts';
import type { Turn } from './turn.ts';

/** A letter, and the records that resolve it, including its marker. */
export interface Sent {
  readonly deadLetter: DeadLetter;
  readonly records: readonly NewRecord[];
}

/** A letter that stays as it is. */
export interface Left {
  readonly deadLetter: DeadLetter;
  readonly why: string;
}

export interface Outcome {
  /** Letters that were resolved; in a dry run, letters that would be. */
  readonly done: readonly DeadLetter[];
  readonly left: readonly Left[];
}

/** The most to send at once: this many letters, and not many more bytes. */
const LETTERS_AT_ONCE = 100;
const BYTES_AT_ONCE = 8 * 1024 * 1024;

interface Doing {
  /** The records that resolve one letter, or the reason why it cannot be resolved. */
  readonly resolve: (deadLetter: DeadLetter) => Promise<Sent | Left>;
  /** Undefined: send nothing. */
  readonly turn: Turn | undefined;
}

/** The letters must have been chosen within the turn. */
export async function sendAll(
  deadLetters: readonly DeadLetter[],
  { resolve, turn }: Doing,
  signal: AbortSignal,
): Promise<Outcome> {
  const left: Left[] = [];
  let [next, bytes]: [Sent[], number] = [[], 0];
  const send = async (): Promise<void> => {
    if (turn !== undefined) left.push(...(await sendTogether(next, { turn, deadLetters, signal })));
    [next, bytes] = [[], 0];
  };
  for (const deadLetter of deadLetters) {
    signal.throwIfAborted();
    const sent = leftNow(turn, deadLetter) ?? (await resolve(deadLetter));
    if ('why' in sent) {
      left.push(sent);
      continue;
    }
    next.push(sent);
    bytes += sent.records.reduce((sum, record) => sum + largestSize(record), 0);
    if (next.length >= LETTERS_AT_ONCE || bytes >= BYTES_AT_ONCE) await send();
  }
  await send();
  const isLeft = new Set(left.map(({ deadLetter }) => deadLetter));
  return { done: deadLetters.filter((deadLetter) => !isLeft.has(deadLetter)), left };
}

function leftNow(turn: Turn | undefined, deadLetter: DeadLetter): Left | undefined {
  const why = turn?.whyNot(deadLetter);
  return why === undefined ? undefined : { deadLetter, why };
}

interface Sending {
  readonly turn: Turn;
  /** All letters that are resolved in the turn. */
  readonly deadLetters: readonly DeadLetter[];
  readonly signal: AbortSignal;
}

/** Returns the letters that the log does not take, and those that somebody else has resolved meanwhile. */
async function sendTogether(sent: readonly Sent[], sending: Sending): Promise<Left[]> {
  const { turn, deadLetters, signal } = sending;
  if (sent.length === 0) return [];
  try {
    await turn.produce(sent.flatMap(({ records }) => records));
    return [];
  } catch (error) {
    if (!(error instanceof TributaryError)) throw error;
    const isTooLarge = error.code === 'RECORD_TOO_LARGE';
    if (!isTooLarge && error.code !== 'FENCED') throw error;
    await turn.takeBack(error, deadLetters, signal);
    const left = sent.flatMap(({ deadLetter }) => leftNow(turn, deadLetter) ?? []);
    const others = sent.filter(({ deadLetter }) => turn.whyNot(deadLetter) === undefined);
    if (!isTooLarge) return [...left, ...(await sendTogether(others, sending))];
    if (sent.length === 1) return [...left, ...others.map(({ deadLetter }) => ({ deadLetter, why: error.message }))];
    for (const one of others) left.push(...(await sendTogether([one], sending)));
    return left;
  }
}

/** Records for only the rows that the letter names, in their partitions. If the letter names none, the record itself. */
export async function forItsRows(
  transport: Pick<Transport, 'shape'>,
  { topic }: DeadLetter,
  { rows, unshown }: Pick<RejectedRecord, 'rows' | 'unshown'>,
  record: NewRecord,
): Promise<NewRecord[]> {
  if (rows === undefined) return [record];
  const [shape] = await transport.shape([topic.name]);
  const partitions = shape?.partitions ?? topic.partitions;
  const of = (keys: RowKeys) => Map.groupBy(keys, ([first = '']) => partitionOfText(first, partitions));
  const [rowsBy, unshownBy] = [of(rows), of(unshown)];
  return [...new Set([...rowsBy.keys(), ...unshownBy.keys()])].map((partition) => {
    const only: Headers = {
      [ONLY_ROWS]: JSON.stringify(rowsBy.get(partition) ?? []),
      [ONLY_VIEWS]: JSON.stringify(unshownBy.get(partition) ?? []),
    };
    return { ...record, partition, headers: { ...record.headers, ...only } };
  });
}
