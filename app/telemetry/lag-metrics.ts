/** How far the partitions of a process are behind: unread records, the time of the events, and overdue timers. */
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import type { Instruments } from './instruments.ts';

type Batch = Extract<TelemetryEvent, { kind: 'batch' }>;

/** What is known about the lag of a partition. */
interface Behind {
  readonly assignment: Assignment;
  /** About when the first unread record was produced, in ms since 1970 UTC; undefined if that is unknown, or there is none. */
  readonly oldest: number | undefined;
  /** The number of batches in all partitions when this was reported. */
  readonly batch: number;
}

interface Overdue {
  readonly assignment: Assignment;
  /** When the first of them was due, in ms since 1970 UTC; undefined if none is overdue. */
  readonly oldest: number | undefined;
}

export function lagMetrics({ gauge }: Instruments, now: () => number) {
  const ofPartition = ['job', 'topic', 'partition'] as const;
  const behind = new Map<string, Behind>();
  const overdue = new Map<string, Overdue>();
  const secondsSince = (time: number | undefined): number =>
    time === undefined ? 0 : Math.max(0, now() - time) / 1000;

  const lag = gauge('lag_records', 'Records not read yet, as last known.', ofPartition);
  const lagAge = gauge('lag_seconds', 'The approximate age of the first record not read yet.', ofPartition, () => {
    for (const { assignment, oldest } of behind.values()) lagAge.set(labelsOf(assignment), secondsSince(oldest));
  });
  const eventTime = gauge(
    'event_time_seconds',
    'The time of the last event applied, in seconds since 1970 UTC.',
    ofPartition,
  );
  const timersOverdue = gauge(
    'timers_overdue',
    'Timers that were due and still pending at the last search.',
    ofPartition,
  );
  const timersAge = gauge(
    'timers_overdue_seconds',
    'How long the first overdue timer has been due.',
    ofPartition,
    () => {
      for (const { assignment, oldest } of overdue.values()) timersAge.set(labelsOf(assignment), secondsSince(oldest));
    },
  );
  let batches = 0;

  function forget(assignment: Assignment): void {
    behind.delete(keyOf(assignment));
    overdue.delete(keyOf(assignment));
    for (const each of [lag, lagAge, eventTime, timersOverdue, timersAge]) each.remove(labelsOf(assignment));
  }

  return {
    forget,

    /** The partitions of a job whose lag is known. */
    of: (job: string): Assignment[] =>
      [...behind.values()].map(({ assignment }) => assignment).filter((assignment) => assignment.job === job),

    batch({ job, topic, partition, end, next, recordTime, eventTime: time }: Batch): void {
      const assignment = { job, topic, partition };
      const left = end - next;
      lag.set(labelsOf(assignment), left);
      batches += 1;
      behind.set(keyOf(assignment), { assignment, oldest: left > 0 ? recordTime : undefined, batch: batches });
      if (time !== undefined) eventTime.set(labelsOf(assignment), time / 1000);
    },

    timersDue(assignment: Assignment, count: number, oldest?: number): void {
      timersOverdue.set(labelsOf(assignment), count);
      overdue.set(keyOf(assignment), { assignment, oldest });
    },

    /** The number of batches so far. A caller passes it to `isBehind` after it has read the log. */
    batches: (): number => batches,

    /** Whether the age of the unread records is known. */
    hasAge: (assignment: Assignment): boolean => behind.get(keyOf(assignment))?.oldest !== undefined,

    /** Sets the lag that a reader found after `lookedAt` batches. A later batch of the partition knows better. */
    isBehind(assignment: Assignment, left: number, oldest: number | undefined, lookedAt: number): void {
      const before = behind.get(keyOf(assignment));
      if (before !== undefined && before.batch > lookedAt) return;
      lag.set(labelsOf(assignment), left);
      behind.set(keyOf(assignment), {
        assignment,
        oldest: left > 0 ? (oldest ?? before?.oldest) : undefined,
        batch: lookedAt,
      });
    },
  };
}

const keyOf = ({ job, topic, partition }: Assignment): string => `${job} ${topic} ${partition}`;
const labelsOf = ({ job, topic, partition }: Assignment) => ({ job, topic, partition });
