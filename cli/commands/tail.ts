/** `tributary tail`: the records of a topic, decoded. */
import type { LogRecord, TopicInfo } from '../../topics/transport.ts';
import { merged, type Shown, shown } from '../browse.ts';
import { type Context, pause, print, type Run } from '../context.ts';
import { usage } from '../errors.ts';
import { logNamed } from '../names.ts';
import { shownLine } from '../shown.ts';

interface Args {
  readonly topic: string;
  readonly fromBeginning: boolean;
  readonly follow: boolean;
  readonly limit: number | null;
  readonly json: boolean;
}

const NEWEST = 10;
const LOOK_AGAIN_MS = 200;

export const run: Run<Args> = async (context, { topic: name, fromBeginning, follow, limit, json }) => {
  const { stores } = context.wired;
  const { topic } = logNamed(name);
  const show = async (record: LogRecord): Promise<void> => {
    const one = await shown(stores.codec, topic, name, record);
    await print(context, json ? JSON.stringify(one) : lineOf(one));
  };
  const most = fromBeginning ? (limit ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
  let count = 0;
  let ends: ReadonlyMap<number, number>;
  const showFrom = async (records: AsyncIterable<LogRecord> | Iterable<LogRecord>): Promise<void> => {
    for await (const record of records) {
      // Whoever follows is stopped sooner or later: that is no failure.
      if (count >= most || (follow && context.signal.aborted)) return;
      await show(record);
      count += 1;
    }
  };

  const { partitions } = await infoOf(context, name);
  ends = new Map(partitions.map(({ partition, end }) => [partition, end]));
  if (fromBeginning)
    await showFrom(
      merged(
        stores.transport,
        name,
        partitions.map(({ partition, begin, end }) => ({ partition, next: begin, end })),
      ),
    );
  else await showFrom(await newest(context, name, partitions, limit ?? NEWEST));

  while (follow && count < most && !context.signal.aborted) {
    const now = (await infoOf(context, name)).partitions;
    const fresh = now
      .map(({ partition, begin, end }) => ({ partition, next: Math.max(begin, ends.get(partition) ?? begin), end }))
      .filter(({ next, end }) => next < end);
    if (fresh.length === 0) await pause(LOOK_AGAIN_MS, context.signal);
    await showFrom(merged(stores.transport, name, fresh));
    ends = new Map(now.map(({ partition, end }) => [partition, end]));
  }
  return undefined;
};

async function newest(
  { wired }: Context,
  name: string,
  partitions: TopicInfo['partitions'],
  limit: number,
): Promise<LogRecord[]> {
  const stretches = partitions.map(({ partition, begin, end }) => ({
    partition,
    next: Math.max(begin, end - limit),
    end,
  }));
  const records: LogRecord[] = [];
  for await (const record of merged(wired.stores.transport, name, stretches)) records.push(record);
  return records.slice(-limit);
}

async function infoOf({ wired }: Context, name: string): Promise<TopicInfo> {
  const [info] = await wired.stores.transport.describe([name]);
  if (info === undefined) throw usage(`there is no topic ${name} in the log; \`tributary up\` makes it`);
  return info;
}

function lineOf({ partition, offset, time, timestamp, type, key, data, problem }: Shown): string {
  const what = problem === undefined ? JSON.stringify(data) : `${problem.code}: ${problem.message}`;
  return shownLine([time ?? timestamp, `${partition}/${offset}`, type ?? '-', key ?? '-', what].join('  '));
}
