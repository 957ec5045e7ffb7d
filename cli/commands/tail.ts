/** `tributary tail`: the records of a topic, decoded. */

import { logNamed } from '../../app/platform/names.ts';
import { shownLine } from '../../app/text/shown.ts';
import { type Shown, shown } from '../../app/text/shown-record.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import { type Context, endOf, GoOn, print, type Run } from '../context.ts';
import { progressLine } from '../output/progress-line.ts';
import { merged, type Stretch } from './tail/merged.ts';
import { isNewest, newestStretches, partitionsOf, stretchesFrom, type Where } from './tail/stretches.ts';

interface Args extends Where {
  readonly follow: boolean;
  readonly limit: number | null;
  readonly key?: string | null;
  readonly type?: string | null;
  readonly json: boolean;
  /** Whether to show the progress of the search on a terminal. */
  readonly progress?: boolean;
  /** The stretches left to show, if another process has begun. */
  readonly left?: Left;
}

interface Left {
  readonly stretches: readonly Stretch[];
  readonly count: number;
}

const NEWEST = 10;
const LOOK_AGAIN_MS = 200;

export const run: Run<Args> = async (context, args) => {
  const { topic: name, follow, limit, json } = args;
  const find = finder(context, args);
  const begun = args.left ?? (await beginning(context, args, find));
  if (begun === undefined) return new GoOn(args);
  let { stretches, count } = begun;
  const most = isNewest(args) ? Number.POSITIVE_INFINITY : (limit ?? Number.POSITIVE_INFINITY);
  const nexts = new Map(stretches.map(({ partition, next }) => [partition, next]));
  const isHandedOver = (): boolean => context.handover?.aborted === true;
  // Following ends only by a stop, which is not a failure.
  const isOver = (): boolean => isHandedOver() || (follow && context.signal.aborted);

  async function show(): Promise<void> {
    for await (const record of merged(context.wired.stores.transport, name, stretches)) {
      if (count >= most || isOver()) return;
      const one = await find(record);
      const printed = one && print({ ...context, signal: endOf(context) }, json ? JSON.stringify(one) : lineOf(one));
      // The record is written by now. Only the wait for a slow reader may be cut short.
      nexts.set(record.partition, record.offset + 1);
      if (printed === undefined) continue;
      count += 1;
      await printed.catch((error: unknown) => {
        if (!isOver()) throw error;
      });
    }
    for (const { partition, end } of stretches) nexts.set(partition, end);
  }

  for (;;) {
    await show();
    if (count >= most || (follow && context.signal.aborted)) return undefined;
    stretches = stretches.map((each) => ({ ...each, next: nexts.get(each.partition) ?? each.next }));
    if (isHandedOver()) return new GoOn({ ...args, left: { stretches, count } });
    if (!follow) return undefined;
    stretches = (await partitionsOf(context, args)).map(({ partition, begin, end }) => {
      return { partition, next: Math.max(begin, nexts.get(partition) ?? begin), end };
    });
    if (stretches.every(({ next, end }) => next >= end)) await systemClock.sleep(LOOK_AGAIN_MS, endOf(context));
  }
};

type Find = (record: LogRecord) => Promise<Shown | undefined>;

/** Undefined if another process asks for the folder during the search for the newest records. */
async function beginning(context: Context, args: Args, find: Find): Promise<Left | undefined> {
  if (!isNewest(args)) return { stretches: await stretchesFrom(context, args), count: 0 };
  const isAny = (args.key ?? args.type ?? null) === null;
  const line = progressLine(context.stderr, args.progress === true);
  let count = 0;
  const looked = (): boolean => {
    count += 1;
    line.show(`${count.toLocaleString('en')} records looked at, from the newest on`);
    return context.handover?.aborted !== true;
  };
  const passes = async (record: LogRecord): Promise<boolean> => isAny || (await find(record)) !== undefined;
  try {
    const stretches = await newestStretches(context, args, { limit: args.limit ?? NEWEST, passes, looked });
    return stretches && { stretches, count: 0 };
  } finally {
    line.clear();
  }
}

/** Returns the record as it is shown; undefined if it does not match. */
function finder({ wired }: Context, { topic: name, key = null, type = null }: Args): Find {
  const { topic } = logNamed(name, wired.platform.topics);
  return async (record) => {
    if (key !== null && (record.key === null || Buffer.from(record.key).toString() !== key)) return undefined;
    const header = record.headers['ce_type'];
    if (type !== null && header !== undefined && header !== type) return undefined;
    const one = await shown(wired.stores.codec, topic, name, record);
    return type === null || one.type === type ? one : undefined;
  };
}

function lineOf({ partition, offset, time, timestamp, type, key, data, problem }: Shown): string {
  const what = problem === undefined ? JSON.stringify(data) : `${problem.code}: ${problem.message}`;
  return shownLine([time ?? timestamp, `${partition}/${offset}`, type ?? '-', key ?? '-', what].join('  '));
}
