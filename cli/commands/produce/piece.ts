/**
 * One piece of the input of `tributary produce` (`../produce.ts` cuts it, and shows the output of this command). Its lines are checked and
 * sent together, or not at all. Prints a `Report`.
 */

import { topicNamed } from '../../../app/platform/names.ts';
import { TributaryError } from '../../../core/errors.ts';
import type { NewRecord } from '../../../topics/log/transport.ts';
import { sendTraced } from '../../../topics/tracing/sending.ts';
import { print, type Run } from '../../context.ts';
import type { Problem } from './checking.ts';
import { linesOf, readLine } from './events-in.ts';

interface Args {
  readonly topic: string;
  /** The number of the first line. */
  readonly first?: number;
}

export interface Report {
  readonly events: number;
  readonly records: number;
  readonly leftOut: number;
  /** If there are problems, nothing was sent. */
  readonly problems: readonly Problem[];
  /** Messages about fields that were left out, each once, with the first line that has the field. */
  readonly unknown: readonly Problem[];
}

export const run: Run<Args> = async (context, { topic: name, first = 1 }) => {
  const topic = topicNamed(name, context.wired.platform.topics);
  const { codec, transport } = context.wired.stores;
  const [info] = await transport.describe([topic.name]);
  if (info === undefined)
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${topic.name}; run \`tributary doctor\``);
  const partitions = info.partitions.length;
  const target = { topic, partitions, codec, now: Date.now, broadcasts: new Set<string>() };

  const records: NewRecord[] = [];
  const problems: Problem[] = [];
  const unknown = new Map<string, Problem>();
  let [events, leftOut] = [0, 0];
  for await (const { number, bytes } of linesOf(context.stdin)) {
    context.signal.throwIfAborted();
    const line = number + first - 1;
    const read = readLine(bytes, target);
    if (read.kind === 'wrong') problems.push({ line, problem: read.problem });
    if (read.kind === 'left-out') leftOut += 1;
    if (read.kind !== 'records') continue;
    events += 1;
    records.push(...read.records);
    for (const problem of read.unknown) if (!unknown.has(problem)) unknown.set(problem, { line, problem });
  }
  context.signal.throwIfAborted();
  if (problems.length === 0) await sendTraced(records, (traced) => transport.produce(traced));
  else [events, records.length] = [0, 0];
  const report: Report = { events, records: records.length, leftOut, problems, unknown: [...unknown.values()] };
  await print(context, JSON.stringify(report));
  return undefined;
};
