/** Events of one batch of algebra, for the tests of summarize-batch. */
import {
  batchCreated,
  batchRetired,
  batchUpdated,
  learnerJoined,
  learnerLeft,
  learnerProgressed,
} from '../../schemas/batch.ts';
import { type JobSpec, minute, type SpecEvent } from '../../testing/job-spec.ts';

export type State = 'not_started' | 'in_progress' | 'completed';

export const key = ['spring'];
export const ids = { batchId: 'spring', courseId: 'algebra' };

/** From minute `start` until just before minute `end`. With null it does not end. */
export const dates = (start: number, end: number | null) => ({
  startsAt: minute(start),
  endsAt: end === null ? null : minute(end),
});

export const creates = (start: number, end: number | null, name = 'Spring'): SpecEvent => [
  batchCreated,
  { ...ids, name, ...dates(start, end) },
];
export const updates = (start: number, end: number | null, name = 'Spring'): SpecEvent => [
  batchUpdated,
  { ...ids, name, ...dates(start, end) },
];
export const retires: SpecEvent = [batchRetired, { batchId: 'spring' }];

/** The state of a learner with this progress. */
export const stateOf = (progress: number): State =>
  progress === 100 ? 'completed' : progress === 0 ? 'not_started' : 'in_progress';

export const joins = (userId: string, progress = 0, first = true): SpecEvent => [
  learnerJoined,
  { ...ids, userId, progress, state: stateOf(progress), first },
];
export const moves = (userId: string, previousProgress: number, progress: number): SpecEvent => [
  learnerProgressed,
  {
    ...ids,
    userId,
    progress,
    state: stateOf(progress),
    previousProgress,
    previousState: stateOf(previousProgress),
  },
];
export const leaves = (userId: string, progress: number): SpecEvent => [
  learnerLeft,
  { ...ids, userId, progress, state: stateOf(progress) },
];

/** The event at another time than its place in the test implies. */
export const at = (n: number, [def, data]: SpecEvent): SpecEvent => [def, data, { time: minute(n) }];

export async function statusOf(spec: JobSpec): Promise<unknown> {
  return (await spec.row(spec.job.row, key))?.['status' as never];
}
