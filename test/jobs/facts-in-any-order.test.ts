/** The same facts in another order, some repeated, lead to the same row: what was completed, when, and who is in which batch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Entries } from '../../core/entries.ts';
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import type { Row } from '../../jobs/define.ts';
import { trackProgress } from '../../jobs/track-progress/track-progress.ts';
import {
  completionWithdrawn,
  contentProgressed,
  courseRetaken,
  enrolled,
  progressReset,
  unenrolled,
} from '../../schemas/enrollment.ts';
import { plain } from '../../testing/dump.ts';
import type { SpecEvent } from '../../testing/job-spec.ts';
import { ada, course as algebra } from './learners.ts';

const course = {
  ...algebra,
  measuredSince: 0,
  units: Entries.of(Object.entries(algebra.units)),
  contents: Entries.of(Object.entries(algebra.contents)),
};

function rowAfter(events: readonly SpecEvent[]): Row | undefined {
  return events.reduce<Row | undefined>((row, [{ type }, data, rest]) => {
    const event = { type, data, id: '', source: '', time: 0, loggedAt: 0, tenant: DEFAULT_TENANT, ...rest };
    return trackProgress.fold[type]?.(row, event, { course }) as Row | undefined;
  }, undefined);
}

const inTheOrderOfKeys = (value: unknown): unknown =>
  value instanceof Entries ? Object.fromEntries([...value].sort(([a], [b]) => (a < b ? -1 : 1))) : value;

/** The row without what only display needs, and without visits: a repeat counts again unless it is among the latest eight. */
function shown(row: Row | undefined): unknown {
  const { recent: _recent, units: _units, ...fields } = row ?? {};
  const visible = Object.entries(fields).map(([name, value]) => [name, inTheOrderOfKeys(value)]);
  const { contents, batches, ...rest } = plain(Object.fromEntries(visible)) as Record<string, Record<string, Row>>;
  const without = (entries: Record<string, Row> | undefined, ...names: string[]) =>
    Object.entries(entries ?? {}).map(([key, value]) => [
      key,
      Object.fromEntries(Object.entries(value).filter(([name]) => !names.includes(name))),
    ]);
  return {
    ...rest,
    contents: without(contents, 'views'),
    batches: without(batches, 'since', 'methods', 'completionSaid'),
  };
}

const visits = (contentId: string, status: string): SpecEvent => [
  contentProgressed,
  { ...ada, contentId, status, views: 1 },
];
const resets = (contentIds: string[] | null): SpecEvent => [progressReset, { ...ada, contentIds }];
const inSpring = (def: EventDef, method = ''): SpecEvent => [def, { ...ada, batchId: 'spring', method }];

const FACTS: Readonly<Record<string, SpecEvent>> = {
  'completes a': visits('a', 'completed'),
  'completes b': visits('b', 'completed'),
  'completes a again': visits('a', 'completed'),
  'completes b again': visits('b', 'completed'),
  'completes extra': visits('extra', 'completed'),
  'opens a': visits('a', 'started'),
  'resets all': resets(null),
  'resets a': resets(['a']),
  'resets a and b': resets(['a', 'b']),
  retakes: [courseRetaken, ada],
  withdraws: [completionWithdrawn, ada],
  joins: inSpring(enrolled),
  'joins by itself': inSpring(enrolled, 'self'),
  'joins with a cohort': inSpring(enrolled, 'cohort'),
  leaves: inSpring(unenrolled),
  'leaves by itself': inSpring(unenrolled, 'self'),
  'leaves with a cohort': inSpring(unenrolled, 'cohort'),
};

const facts = fc.array(fc.constantFrom(...Object.keys(FACTS)), { minLength: 1, maxLength: 12 });
const turnsOf = (count: number) =>
  fc.tuple(
    fc.shuffledSubarray([...Array(count).keys()], { minLength: count }),
    fc.array(fc.nat(count - 1), { maxLength: 4 }),
  );

/** A fact with a unique time. Of two facts with the same time the later in the log applies, which would depend on the order. */
const fact = (names: readonly string[], n: number): SpecEvent => {
  const [def, data] = FACTS[names[n] as string] as SpecEvent;
  return [def, data, { time: 10 * (n + 1), id: `fact-${n}` }];
};

test('the final state follows from the facts, in any order and with any repeats', () => {
  const histories = facts.chain((names) => fc.tuple(fc.constant(names), turnsOf(names.length)));
  fc.assert(
    fc.property(histories, ([names, [order, again]]) => {
      const inTurn = names.map((_, n) => fact(names, n));
      const shuffled = [...order, ...again].map((n) => fact(names, n));
      assert.deepEqual(shown(rowAfter(shuffled)), shown(rowAfter(inTurn)));
    }),
    { numRuns: 4000 },
  );
});
