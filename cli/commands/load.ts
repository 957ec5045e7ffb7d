/** `tributary load`: produces events at a rate, as a platform would, until it is stopped or has sent the number asked for. */

import { kindOf, messageOf } from '../../core/errors.ts';
import { DEFAULT_TENANT } from '../../core/event.ts';
import { LOAD_TOPICS, type LoadEvent, loadEvents } from '../../demo/load/events.ts';
import { dueBy, type Schedule, type Shape, timeOf } from '../../demo/load/shape.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { recordsOf } from '../../topics/codec/given-event.ts';
import { formatTime } from '../../topics/codec/time.ts';
import type { Topic } from '../../topics/define.ts';
import type { NewRecord } from '../../topics/log/transport.ts';
import { type Context, endOf, GoOn, print, printJson, type Run } from '../context.ts';
import { INTERRUPTED, usage } from '../errors.ts';
import { progressLine } from '../output/progress-line.ts';
import { sendAtPace } from './load/pace.ts';

interface Args {
  readonly shape: Shape;
  readonly rate: number;
  readonly dayMinutes: number;
  readonly learners: number;
  readonly seed: number;
  readonly tenant: string;
  /** The time of the first event, in ms since 1970 UTC; null: now. */
  readonly start: number | null;
  /** The first event to send, counted from 1. An earlier run sent those before it. */
  readonly from: number;
  /** The number of events of the whole load; if both are null, it has no end. */
  readonly events: number | null;
  readonly seconds: number | null;
  readonly json: boolean;
  readonly progress: boolean;
  /** The counts sent before another process took over the data folder. */
  readonly before?: Sent;
}

/** By topic. */
type Sent = Readonly<Record<string, number>>;

const AT_ONCE = 500;
const AGAIN_MS = 1000;

export const run: Run<Args> = async (context, args) => {
  const { shape, rate, dayMinutes, seed, learners, tenant, from } = args;
  const start = args.start ?? Date.now();
  const schedule = { shape, rate, dayMs: dayMinutes * 60_000 };
  const until = endIn(args, schedule);
  const source = loadEvents({ seed, learners, tenant, start, schedule });
  for (let n = 1; n < from; n++) source.next();

  const end = endOf(context);
  const recordsFor = await recorder(context);
  const sent = new Map(Object.entries(args.before ?? {}));
  const line = progressLine(context.stderr, args.progress);
  const began = performance.now();
  let count = 0;
  const send = async (some: number): Promise<boolean> => {
    const taken = Array.from({ length: some }, () => source.next().value as LoadEvent);
    if (!(await acknowledged(context, taken.flatMap(recordsFor), end))) return false;
    for (const { topic } of taken) sent.set(topic.name, (sent.get(topic.name) ?? 0) + 1);
    count += some;
    line.show(`${count.toLocaleString('en')} events sent`);
    return true;
  };
  const due = { dueBy: (ms: number) => dueBy(schedule, ms), timeOf: (n: number) => timeOf(schedule, n) };
  const next = await sendAtPace({ ...due, clock: systemClock, from: from - 1, until, atOnce: AT_ONCE, end }, send);
  line.clear();
  const isStopped = context.signal.aborted;
  if (next < until && !isStopped) {
    return new GoOn({ ...args, start, from: next + 1, before: Object.fromEntries(sent) });
  }
  const done = { seed, start: formatTime(start), next: next + 1, seconds: (performance.now() - began) / 1000 };
  // Reported even after a stop, because the events sent so far are in the topics.
  await tell({ ...context, signal: new AbortController().signal }, args, { ...done, sent: Object.fromEntries(sent) });
  return next < until && Number.isFinite(until) ? INTERRUPTED : undefined;
};

/** The number of events that the load has; infinite if it has no end. */
function endIn({ events, seconds }: Args, schedule: Schedule): number {
  const inTime = seconds === null ? Number.POSITIVE_INFINITY : dueBy(schedule, seconds * 1000 - 1);
  return Math.min(events ?? Number.POSITIVE_INFINITY, inTime);
}

interface Done {
  readonly seed: number;
  readonly start: string;
  /** The number of the first event that was not sent. */
  readonly next: number;
  readonly seconds: number;
  readonly sent: Sent;
}

async function tell(context: Context, args: Args, done: Done): Promise<void> {
  if (args.json) return printJson(context, done);
  const { sent, seconds, next } = done;
  const topics = Object.entries(sent).sort(([, a], [, b]) => b - a);
  const all = topics.reduce((sum, [, count]) => sum + count, 0);
  for (const [topic, count] of topics) await print(context, `${count.toLocaleString('en').padStart(10)}  ${topic}`);
  await print(context, `${all.toLocaleString('en').padStart(10)}  events sent in ${seconds.toFixed(1)} s`);
  const same = commandOf(args, done.start);
  await print(context, `The same events again: ${same}`);
  await print(context, `What comes after them: ${same} --from ${next}`);
}

/** The command that produces the same events. It has everything on which they depend. */
function commandOf({ shape, rate, dayMinutes, learners, seed, tenant }: Args, start: string): string {
  const day = shape === 'daily' ? ` --day-minutes ${dayMinutes}` : '';
  const whose = tenant === DEFAULT_TENANT ? '' : ` --tenant ${tenant}`;
  return `tributary load --shape ${shape}${day} --rate ${rate} --learners ${learners} --seed ${seed}${whose} --start ${start}`;
}

/** Returns a function that makes the records of an event for the existing topics. */
async function recorder({ wired }: Context): Promise<(one: LoadEvent) => readonly NewRecord[]> {
  const { codec, transport } = wired.stores;
  const missing = LOAD_TOPICS.filter(({ name }) => !wired.platform.topics.some((topic) => topic.name === name));
  if (missing.length > 0)
    throw usage(
      `load produces events of the module learning, and this platform has no ${missing.map(({ name }) => name).join(', ')}: add the module, or produce events of your own with \`tributary produce\``,
    );
  const shapes = new Map(
    (await transport.shape(LOAD_TOPICS.map(({ name }) => name))).map((shape) => [shape.name, shape.partitions]),
  );
  return ({ topic, event }) => {
    const target = { topic, partitions: partitionsIn(shapes, topic), codec, now: Date.now };
    const made = recordsOf(event, target);
    if (made.kind === 'wrong') throw new Error(`event ${event.id} of the load is wrong: ${made.problem}`);
    return made.records;
  };
}

function partitionsIn(shapes: ReadonlyMap<string, number>, { name }: Topic): number {
  const partitions = shapes.get(name);
  if (partitions === undefined) throw new Error(`${name} was made, and is not there`);
  return partitions;
}

/**
 * Sends records again if they were not acknowledged, as a platform does: jobs apply an event once, by its source and id. Returns false if
 * the command has to end before there is an answer.
 */
async function acknowledged({ wired, stderr }: Context, records: NewRecord[], end: AbortSignal): Promise<boolean> {
  for (;;) {
    try {
      await wired.stores.transport.produce(records);
      return true;
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      if (end.aborted) return false;
      stderr.write(`waiting: ${messageOf(error)}\n`);
      await systemClock.sleep(AGAIN_MS, end);
    }
  }
}
