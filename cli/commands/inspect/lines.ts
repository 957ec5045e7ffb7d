/** The history of a row in readable form. */
import { isoOf } from '../../../app/text/time-text.ts';
import type { Change } from '../../../jobs/runtime/rows/history/changes.ts';
import type { HistoryEntry, Verdict } from '../../../jobs/runtime/rows/history/judge.ts';
import type { RowStanding } from '../../../jobs/runtime/rows/history/standing.ts';

const WHY: Readonly<Record<Verdict, string>> = {
  applied: 'applied',
  unchanged: 'unchanged: it changes nothing in the row',
  repeated: 'repeated: its effects are there already',
  rejected: 'rejected',
  routed: 'routed: it was sent on to the partition of its key',
  forgotten: 'forgotten: it names somebody who was forgotten',
  unwanted: 'unwanted: the job folds no event of this type',
  undeclared: 'undeclared: the topic has no event of this type',
  'not-ours': 'not-ours: it is for another job, or no longer awaited',
  'not-read': 'not-read: the job has not read it yet',
};

export function rowLines(job: string, topic: string, standing: RowStanding): [string, string][] {
  const { key, row, generation, table, partition, begin, next } = standing;
  const timers = Object.entries(row?.timers ?? {}).map(([name, due]) => `${name} at ${isoOf(due)}`);
  return [
    ['row', `${key.slice(1).join('/')} of ${job}, tenant ${key[0]}`],
    ['state', stateText(standing)],
    ['generation', `${generation}, in the table ${table}`],
    ['position', positionText(standing)],
    ['token', row === undefined ? 'none' : `${row.version.token}, revision ${row.version.revision}`],
    ['timers', timers.length === 0 ? 'none' : timers.join(', ')],
    ['still to be emitted', String(standing.pending)],
    ['records', `${topic}/${partition}, ${extentText(standing)}; the job continues at ${next ?? begin}`],
  ];
}

export function stateOf({ row }: RowStanding): 'there' | 'deleted' | 'none' {
  if (row === undefined) return 'none';
  return row.data === undefined ? 'deleted' : 'there';
}

const STATES = { there: 'there', deleted: 'deleted; its position is kept', none: 'there is none' } as const;
const stateText = (standing: RowStanding): string => STATES[stateOf(standing)];

const extentText = ({ begin, end }: RowStanding): string =>
  end > begin ? `offsets ${begin} to ${end - 1}` : `none; the next offset is ${end}`;

function positionText({ at, isOfEarlierTopic }: RowStanding): string {
  if (isOfEarlierTopic) return 'of a topic of this name that was deleted';
  return at.length === 0 ? 'none' : at.map(([partition, offset]) => `${partition}/${offset}`).join(', ');
}

/** The first line has the outcome of the record, the others what followed. `changes` are already masked. */
export function entryLines(entry: HistoryEntry, changes: readonly Change[]): string[] {
  const { record, time, type, id, verdict, code, message, follows, isOlder } = entry;
  const older = verdict === 'unchanged' && isOlder ? ', and is older than what was applied before' : '';
  const what = code === undefined ? `${WHY[verdict]}${older}` : `rejected ${code}: ${message}`;
  const first = [isoOf(time), `${record.partition}/${record.offset}`, type ?? '-', id ?? '-', what].join('  ');
  return [first, ...changes.flatMap(changeLines), ...follows.map((each) => `    then ${each}`)];
}

/** If the value is a record, only its fields that changed. */
export function changeLines({ field, entry, before, after }: Change): string[] {
  const name = `    ${field}${entry === undefined ? '' : `[${entry}]`}`;
  const whole = [`${name}: ${valueText(before)} -> ${valueText(after)}`];
  if (!isRecord(before) || !isRecord(after)) return whole;
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const lines = [...names].flatMap((part) => {
    const [was, is] = [valueText(before[part] ?? null), valueText(after[part] ?? null)];
    return JSON.stringify(before[part]) === JSON.stringify(after[part]) ? [] : [`${name}.${part}: ${was} -> ${is}`];
  });
  // No field differs if the changed one is masked.
  return lines.length === 0 ? whole : lines;
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const LONGEST = 120;

function valueText(value: unknown): string {
  if (value === null) return '-';
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST - 1)}…` : text;
}
