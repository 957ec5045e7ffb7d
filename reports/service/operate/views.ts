/** Jobs and dead letters as operators see them. */
import type { z } from 'zod';
import type { EventDef } from '../../../core/event.ts';
import { LAST_TIME } from '../../../core/moment.ts';
import { isoUtc } from '../../files/times.ts';
import { hasPersonal, withoutPersonal } from '../projections/records.ts';
import type { JobState, JobStates, Letter, Pace, Pause, WholeLetter } from './operations.ts';
import type { jobsShape, lettersShape, pauseShape, wholeLetterShape } from './shapes.ts';

/** At most this many bytes of a value are shown. */
const MOST_BYTES = 64 * 1024;

export const jobsView = ({ at, jobs }: JobStates): z.input<typeof jobsShape> => ({
  at: isoUtc(at),
  jobs: jobs.map(jobView),
});

const jobView = (job: JobState) => ({
  name: job.name,
  kind: job.kind,
  group: job.name,
  topic: job.topic,
  ...paceView(job),
  views: { ...job.views },
  failed: job.failed,
  paused: pauseView(job.paused),
  partitions: job.partitions.map((each) => {
    const { partition, begin, end, committed } = each;
    return { partition, begin, end, committed, ...paceView(each) };
  }),
});

export const pauseView = (pause: Pause | null): z.input<typeof pauseShape> | null =>
  pause && { by: orNull(pause.by), at: isoUtc(pause.at), why: orNull(pause.why) };

const orNull = (text: string): string | null => (text === '' ? null : text);

const paceView = ({ lag, lagMs, rate }: Pace) => ({
  lag,
  lagSeconds: lagMs === null ? null : Math.round(lagMs / 100) / 10,
  rate: rate === null ? null : Math.round(rate * 100) / 100,
});

export const letterView = (letter: Letter): z.input<typeof lettersShape>['deadLetters'][number] => ({
  id: letter.id,
  job: letter.job,
  code: letter.code,
  message: letter.message,
  rejectedAt: isoUtc(letter.rejectedAt),
  state: letter.state,
  resolutions: letter.resolutions.map(({ how, at, by, why }) => {
    return { how, at: isoUtc(at), by: orNull(by), why: orNull(why) };
  }),
});

/** `personal`: whether the caller may see personal data. `def`: the declaration of the event, if the topic declares its type. */
export function wholeLetterView(
  letter: WholeLetter,
  def: EventDef | undefined,
  personal: boolean,
): z.input<typeof wholeLetterShape> {
  const { producedAt, key, type, problem, rows, unshown, unnamed } = letter;
  return {
    ...letterView(letter),
    producedAt: producedAt >= 0 && producedAt <= LAST_TIME ? isoUtc(producedAt) : null,
    key: key === null ? null : Buffer.from(key).toString(),
    type,
    data: personal ? letter.data : visibleData(letter.data, def),
    problem,
    personal,
    headers: personal ? Object.fromEntries(Object.entries(letter.headers).map(headerView)) : null,
    value: personal ? valueView(letter) : null,
    rows: rows === null ? null : rows.map((row) => [...row]),
    unshown: unshown.map((row) => [...row]),
    unnamed,
  };
}

/** For an event of an undeclared type, it is not known which data are personal. */
function visibleData(data: unknown, def: EventDef | undefined): unknown {
  if (def === undefined || typeof data !== 'object' || data === null) return null;
  const record = { record: def.schema };
  return hasPersonal(record) ? withoutPersonal(record, data as Readonly<Record<string, unknown>>) : data;
}

const headerView = ([name, value]: readonly [string, string | Uint8Array]): [string, string] => [
  name,
  typeof value === 'string' ? value : `base64 ${Buffer.from(value).toString('base64')}`,
];

const valueView = ({ value, cutFrom }: WholeLetter) =>
  value === null
    ? null
    : { base64: Buffer.from(value.subarray(0, MOST_BYTES)).toString('base64'), bytes: value.length, cutFrom };
