/**
 * A summary of each course batch: when it runs, how many people learn in it, and how far they are.
 *
 * - Every fact about a learner carries the standing before and the standing now. So the counts are exact sums of transitions, and no learner
 *   need be remembered. Such facts count even before the batch itself is known.
 * - The status follows from the dates and the latest time known. Timers at the start and at the end change it. It is concluded again when
 *   the batch is updated, so that an extended batch goes on. `batch.started` and `batch.ended` are emitted whenever the batch passes its
 *   start or its end; both at once for a batch that becomes known after its end.
 * - An update carries the whole batch, and the one with the newest time holds; an older one that arrives later changes nothing. A creation
 *   changes nothing after an update.
 * - A retirement is final. Learners are still counted.
 * - A batch counts everybody once: those who learn its own course. Learners of another course are counted separately, in case the batch turns
 *   out to be of that course. Until the batch is known, its course is that of the first learner.
 */

import { Entries } from '../../core/entries.ts';
import { type EventOf, timerFired } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import {
  batchCreated,
  batchEnded,
  batchRetired,
  batchStarted,
  batchUpdated,
  learnerJoined,
  learnerLeft,
  learnerProgressed,
} from '../../schemas/batch.ts';
import { batchIndex, batchSummaries, batchSummary } from '../../schemas/rows/batch-summary.ts';
import { batchEvents } from '../../topics/index.ts';
import { catchingUp, defineJob, emit, type Rejection, reject, sleep, view, wakeAt } from '../define.ts';
import { same } from '../same.ts';
import { counted, NOBODY, ofCourse } from './learner-counts.ts';

type Batch = RowOf<typeof batchSummary>;
type Described = Pick<EventOf<typeof batchUpdated>, 'data' | 'time'>;

export const summarizeBatch = defineJob({
  name: 'summarize-batch',
  doc: 'Keeps the start, the end, the number of learners and their progress for each batch, and emits an event when it starts and when it ends.',
  from: batchEvents,
  on: [batchCreated, batchUpdated, batchRetired, learnerJoined, learnerProgressed, learnerLeft, timerFired],
  to: [batchEvents],
  row: batchSummary,

  key: ({ data }) => ({ batchId: data.batchId }),

  fold: {
    'batch.created': (row, event) => described(row, event, 'createdAt'),

    'batch.updated': (row, event) => described(row, event, 'updatedAt'),

    'batch.retired': (row, { data }) => withStatus(row ?? newBatch(data), 'retired'),

    'batch.learner-joined': (row, { data }) =>
      counted(row ?? newBatch(data), data, { after: data, isFirst: data.first }),

    'batch.learner-progressed': (row, { data }) => {
      const before = { progress: data.previousProgress, state: data.previousState };
      return counted(row ?? newBatch(data), data, { before, after: data });
    },

    'batch.learner-left': (row, { data }) => counted(row ?? newBatch(data), data, { before: data }),

    'timer.fired': (row, { time }) => row && withStatus(row, statusAt(row, time)),
  },

  react: (before, after, event) => {
    if (after === undefined || after === before || event.type.startsWith('batch.learner-')) return [];
    // A timer may be late. Events that it would have emitted by now are emitted first.
    const until = before && statusAt(before, latest(before, event.time));
    const passed = [...passages(before?.status, until), ...passages(until, after.status)];
    const { batchId, courseId } = after;
    return [...passed.map((what) => emit(what, { batchId, courseId })), ...timers(before, after)];
  },

  views: [catchingUp(view(batchSummary, batchIndex, shown)), view(batchSummary, batchSummaries, shown)],
});

function shown({ progressSum: _sum, createdAt: _created, updatedAt: _updated, others: _others, ...batch }: Batch) {
  return batch;
}

function newBatch({ batchId, courseId = '' }: { batchId: string; courseId?: string }): Batch {
  return {
    batchId,
    courseId,
    name: '',
    startsAt: null,
    endsAt: null,
    status: 'unknown',
    ...NOBODY,
    createdAt: null,
    updatedAt: null,
    others: Entries.empty(),
  };
}

function described(
  row: Batch | undefined,
  { data, time }: Described,
  by: 'createdAt' | 'updatedAt',
): Batch | Rejection {
  const { batchId, courseId, name, startsAt, endsAt } = data;
  if (endsAt !== null && endsAt < startsAt) {
    return reject('FACT_IMPOSSIBLE', `batch ${batchId} ends before it starts: correct its dates and produce it again`);
  }
  const before = row ?? newBatch(data);
  if (isOlder(before, time, by)) return before;
  const batch = { ...ofCourse(before, courseId), name, startsAt, endsAt, createdAt: null, updatedAt: null, [by]: time };
  const next = withStatus(batch, statusAt(batch, latest(row, time)));
  return row !== undefined && same(row, next) ? row : next;
}

/** Whether what is known about the batch is newer. Rows of earlier releases have neither time. */
function isOlder({ startsAt, createdAt, updatedAt }: Batch, time: number, by: 'createdAt' | 'updatedAt'): boolean {
  if (by === 'updatedAt') return updatedAt !== null && time < updatedAt;
  return updatedAt !== null || (createdAt === null ? startsAt !== null : time < createdAt);
}

function withStatus(batch: Batch, status: Batch['status']): Batch {
  return status === batch.status ? batch : { ...batch, status };
}

/** The latest time known. A start or an end that was reached stays reached, even if the clock of a producer is behind. */
function latest(row: Batch | undefined, time: number): number {
  const reached = row?.status === 'ongoing' ? row.startsAt : row?.status === 'ended' ? row.endsAt : null;
  return Math.max(time, reached ?? time);
}

function statusAt({ status, startsAt, endsAt }: Batch, time: number): Batch['status'] {
  if (status === 'retired' || startsAt === null) return status;
  if (endsAt !== null && time >= endsAt) return 'ended';
  return time >= startsAt ? 'ongoing' : 'upcoming';
}

function passages(before: Batch['status'] | undefined, after: Batch['status'] | undefined) {
  const started = before === 'ongoing' || before === 'ended';
  if (after === 'ongoing') return started ? [] : [batchStarted];
  if (after === 'ended') return started ? (before === 'ended' ? [] : [batchEnded]) : [batchStarted, batchEnded];
  return [];
}

function timers(before: Batch | undefined, after: Batch) {
  const was = wakings(before);
  const is = wakings(after);
  return (['start', 'end'] as const)
    .filter((name) => was[name] !== is[name])
    .map((name) => (is[name] === null ? sleep(name) : wakeAt(name, is[name])));
}

function wakings(batch: Batch | undefined): { start: number | null; end: number | null } {
  const upcoming = batch?.status === 'upcoming';
  return {
    start: upcoming ? batch.startsAt : null,
    end: upcoming || batch?.status === 'ongoing' ? batch.endsAt : null,
  };
}
