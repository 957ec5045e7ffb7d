/**
 * `tributary produce`: checks every line, then sends them all in their order. The checked records are held in memory. They
 * are sent in pieces, each of which is taken as a whole or not at all.
 */
import { TributaryError } from '../../schemas/errors.ts';
import type { NewRecord } from '../../topics/transport.ts';
import { type Context, print, type Run } from '../context.ts';
import { FAILED } from '../errors.ts';
import { linesOf, recordsOf } from '../events-in.ts';
import { topicNamed } from '../names.ts';
import { shownLine } from '../shown.ts';

interface Args {
  readonly topic: string;
  readonly json: boolean;
}

interface Checked {
  readonly line: number;
  readonly records: readonly NewRecord[];
}

const PROBLEMS_SHOWN = 20;
const RECORDS_AT_ONCE = 5000;

export const run: Run<Args> = async (context, args) => {
  const topic = topicNamed(args.topic);
  const { codec, transport } = context.wired.stores;
  const [info] = await transport.describe([topic.name]);
  if (info === undefined)
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${topic.name}; run \`tributary doctor\``);
  const target = { topic, partitions: info.partitions.length, codec, now: Date.now };

  const events: Checked[] = [];
  const problems: string[] = [];
  let wrong = 0;
  for await (const { number, bytes } of linesOf(context.stdin)) {
    context.signal.throwIfAborted();
    const records = recordsOf(bytes, target);
    if (typeof records !== 'string') {
      if (wrong === 0) events.push({ line: number, records });
      continue;
    }
    wrong += 1;
    events.length = 0;
    if (problems.length < PROBLEMS_SHOWN) problems.push(`line ${number}: ${records}`);
  }
  if (wrong > 0) {
    for (const problem of problems) context.stderr.write(`${shownLine(problem)}\n`);
    if (wrong > problems.length) context.stderr.write(`and ${wrong - problems.length} more\n`);
    context.stderr.write(`error: ${wrong === 1 ? 'one line is' : `${wrong} lines are`} wrong; nothing was sent\n`);
    return FAILED;
  }
  const records = await send(context, events);
  if (args.json) await print(context, JSON.stringify({ topic: topic.name, events: events.length, records }));
  else await print(context, `${count(events.length, 'event')} sent to ${topic.name}, as ${count(records, 'record')}`);
  return undefined;
};

async function send(context: Context, events: readonly Checked[]): Promise<number> {
  let sent = 0;
  let piece: NewRecord[] = [];
  let upTo = 0;
  try {
    for (const [i, { line, records }] of events.entries()) {
      piece.push(...records);
      if (piece.length < RECORDS_AT_ONCE && i < events.length - 1) continue;
      context.signal.throwIfAborted();
      await context.wired.stores.transport.produce(piece);
      sent += piece.length;
      upTo = line;
      piece = [];
    }
  } catch (error) {
    if (upTo > 0) context.stderr.write(`The lines up to ${upTo} were sent; go on with the line after it.\n`);
    throw error;
  }
  return sent;
}

const count = (n: number, what: string): string => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
