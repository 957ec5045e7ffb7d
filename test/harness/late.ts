/**
 * Facts have a time. These tests are a table of what a row must have after every event that carries a state. For each line, the same
 * job, codecs and stores as in production get the event repeated late, out of order, with the oldest possible time, and with a time
 * in 1970 and in 2099.
 *
 *     const line: LateLine = {
 *       event: [enrolled, { … }],                       // at minute 20
 *       others: [[unenrolled, { … }]],                  // at minutes 10, 30, 50 … in turn: before and after it
 *       holds: { batches: { … } },                      // what the row has after all of them, in any order
 *       oldest: { … },                                  // what it has if the event has the oldest possible time
 *       newest: { … },                                  // what it has if the event has a time in 2099
 *     };
 *     arrivesLate(job, key, [line, …]);
 *
 * A time in 1970 is refused, so the row is what the others imply. The time of an event is bounded by that of its record, so a job sees
 * 2099 as slightly later than everything else: the event is the newest that the job knows, and no more than that.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { EventDef } from '../../core/event.ts';
import { FIRST_TIME } from '../../core/moment.ts';
import type { Job } from '../../jobs/define.ts';
import { plain } from '../../testing/dump.ts';
import { type JobSpec, jobSpec, minute, type SpecEvent, type SpecOptions } from '../../testing/job-spec.ts';
import type { Topic } from '../../topics/define.ts';

type Fields = Readonly<Record<string, unknown>>;

export interface LateLine {
  /** Tells the line from others for the same event. */
  readonly about?: string;
  readonly event: SpecEvent;
  /** The other events. Those without a time of their own are at minutes 10, 30, 50 and so on. */
  readonly others: readonly SpecEvent[];
  /** Fields of the row after all events, in any order. Undefined: there is no row. */
  readonly holds: Fields | undefined;
  readonly oldest: Fields | undefined;
  readonly newest: Fields | undefined;
  /** Fields that a repeat with another id rightly changes: a repeated visit is one more visit. */
  readonly butRepeats?: Fields;
}

/** The number of orders that are tried if more are possible. */
const MOST_ORDERS = 24;
const EVENT_AT = minute(20);
/** The oldest time that an event may have. */
export const OLDEST = FIRST_TIME;
/** Seconds since 1970 mistaken for milliseconds: the twenty-first day of 1970. */
const IN_1970 = 1_767_603_600;
/** A time in 2099 as a job sees it: later than all other events. */
export const IN_2099 = minute(1000);

/** Tests each line. `key` identifies the row that the lines are about. */
export function arrivesLate(
  job: Job,
  key: readonly string[],
  lines: readonly LateLine[],
  options: SpecOptions = {},
): void {
  for (const line of lines) {
    const { about, event, holds, oldest, newest, butRepeats } = line;
    const others = line.others.map((other, n) => timed(other, other[2]?.time ?? minute(10 + 20 * n), `other-${n}`));
    const at = (time: number): SpecEvent => timed(event, time, 'event');
    const inTurn = byTime([...others, at(event[2]?.time ?? EVENT_AT)]);
    const name = `${event[0].type}${about === undefined ? '' : ` (${about})`}`;
    const specAfter = async (t: TestContext, events: readonly SpecEvent[]): Promise<JobSpec> => {
      const spec = await jobSpec(t, job, options);
      await spec.given(...events);
      return spec;
    };

    test(`${name}: repeated late, it changes nothing`, async (t) => {
      const spec = await specAfter(t, inTurn);
      await assertRow(spec, key, holds, 'in turn');
      const again = at(event[2]?.time ?? EVENT_AT);
      await spec.when(again);
      await spec.thenNothing();
      await assertRow(spec, key, holds, 'repeated');
      await spec.when(timed(again, EVENT_AT, 'event-sent-anew'));
      await spec.thenNothing();
      await assertRow(spec, key, butRepeats ?? holds, 'sent anew with another id');
    });

    test(`${name}: in another order, it leads to the same state`, async (t) => {
      for (const order of orders(inTurn)) {
        const types = order.map(([def]) => def.type).join(', ');
        await assertRow(await specAfter(t, order), key, holds, types);
      }
    });

    test(`${name}: with the oldest possible time, it is the oldest`, async (t) => {
      await assertRow(await specAfter(t, [...others, at(OLDEST)]), key, oldest, 'as the last one');
      await assertRow(await specAfter(t, [at(OLDEST), ...others]), key, oldest, 'as the first one');
    });

    test(`${name}: with a time of 1970, it is refused, and the state is what the others imply`, async (t) => {
      const without = await specAfter(t, others);
      const row = (await without.row(job.row, key)) as Fields | undefined;
      const codes = await without.deadLetters();
      for (const events of [
        [...others, at(IN_1970)],
        [at(IN_1970), ...others],
      ]) {
        const spec = await specAfter(t, events);
        await assertRow(spec, key, row, 'as if it had not been sent');
        assert.deepEqual((await spec.deadLetters()).sort(), ['ENVELOPE_INVALID', ...codes].sort());
      }
    });

    test(`${name}: with a time of 2099, it is the newest known, and no more`, async (t) => {
      await assertRow(await specAfter(t, [...others, at(IN_2099)]), key, newest, 'as the last one');
      await assertRow(await specAfter(t, [at(IN_2099), ...others]), key, newest, 'as the first one');
    });
  }
}

/** Every event of the topic has a line or is emitted only by jobs, whose readers recognise a repeat by its origin. */
export function assertAllArriveLate(
  topic: Topic,
  lines: readonly LateLine[],
  emittedByJobs: readonly EventDef[] = [],
): void {
  const covered = new Set([...lines.map(({ event: [def] }) => def), ...emittedByJobs].map(({ type }) => type));
  const missing = [...topic.events, ...topic.broadcasts].filter(({ type }) => !covered.has(type));
  assert.deepEqual(
    missing.map(({ type }) => type),
    [],
    `events of ${topic.name} without a line`,
  );
}

const timed = ([def, data, rest]: SpecEvent, time: number, id: string): SpecEvent => [def, data, { ...rest, time, id }];

const timeOf = ([, , rest]: SpecEvent): number => rest?.time ?? 0;
const byTime = (events: readonly SpecEvent[]): SpecEvent[] => [...events].sort((a, b) => timeOf(a) - timeOf(b));

async function assertRow(spec: JobSpec, key: readonly string[], expected: Fields | undefined, when: string) {
  const row = (await spec.row(spec.job.row, key)) as Fields | undefined;
  if (expected === undefined || row === undefined) return assert.equal(row, expected, when);
  assert.partialDeepStrictEqual(plain(row), plain(expected), when);
}

/** All orders of the events; if there are too many, a sample spread evenly over them. */
function orders(events: readonly SpecEvent[]): SpecEvent[][] {
  const all = permutations(events);
  const step = Math.max(1, all.length / MOST_ORDERS);
  return Array.from({ length: Math.min(all.length, MOST_ORDERS) }, (_, n) => all[Math.floor(n * step)] as SpecEvent[]);
}

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) => permutations(items.toSpliced(i, 1)).map((rest) => [item, ...rest]));
}
