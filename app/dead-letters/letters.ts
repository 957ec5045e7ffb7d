/**
 * Dead letters as an operator sees them: one for each record and the job that rejected it, however often it did. Marker records beside them
 * record how they were resolved (`resolution.ts`).
 */
import { DEAD_LETTER } from '../../jobs/runtime/dead-letter.ts';
import { deadLetterTopic, type Topic } from '../../topics/define.ts';
import { allRecords } from '../../topics/log/all-records.ts';
import type { Headers, LogRecord, Transport } from '../../topics/log/transport.ts';
import { topicNamed } from '../platform/names.ts';
import type { Wired } from '../stores/wiring.ts';
import { markedBy, type Resolution } from './resolution.ts';

type RecordPosition = readonly [partition: number, offset: number];

export interface DeadLetter {
  /** <topic>/<partition>/<offset> of the rejected record. Letters of several jobs may share it. */
  readonly id: string;
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  /** A job, a rollup, or another group that reads topics. */
  readonly job: string;
  readonly code: string;
  readonly message: string;
  /** When the record was last rejected, in ms since 1970 UTC. */
  readonly rejectedAt: number;
  /** How the letter was resolved, the latest last. */
  readonly resolutions: readonly Resolution[];
  /**
   * The positions of the letter itself in the topic of dead letters, the newest last. Earlier ones name other rows: an event for very many
   * rows is applied in several commits, and each has its own letter.
   */
  readonly positions: readonly RecordPosition[];
}

/** Whether the letter still needs action. */
export const isOpen = ({ resolutions }: DeadLetter): boolean => resolutions.length === 0;

export const stateOf = ({ resolutions }: DeadLetter): 'open' | Resolution['how'] => resolutions.at(-1)?.how ?? 'open';

/** Null matches everything. */
export interface Filter {
  readonly job: string | null;
  readonly code: string | null;
  readonly topic: string | null;
  /** Rejected at or after `since` and before `until`; both in ms since 1970 UTC. */
  readonly since: number | null;
  readonly until: number | null;
}

export const EVERY: Filter = { job: null, code: null, topic: null, since: null, until: null };

/** The stores of the letters, and the platform whose topics they belong to. */
export type Log = Pick<Wired, 'stores' | 'platform'>;

/** Every letter that matches, ordered by topic, partition and offset. The letters' bytes are not kept. */
export async function readDeadLetters(
  { stores: { transport }, platform: { topics } }: Log,
  { topic, ...filter }: Filter,
  signal: AbortSignal,
): Promise<DeadLetter[]> {
  const deadLetters: DeadLetter[] = [];
  for (const each of topic === null ? topics : [topicNamed(topic, topics)])
    deadLetters.push(...(await readTopic(transport, each, signal)).filter((letter) => matches(letter, filter)));
  return deadLetters;
}

function matches(
  { job, code, rejectedAt }: DeadLetter,
  { job: ofJob, code: withCode, since, until }: Omit<Filter, 'topic'>,
): boolean {
  return (
    (ofJob === null || job === ofJob) &&
    (withCode === null || code === withCode) &&
    (since === null || rejectedAt >= since) &&
    (until === null || rejectedAt < until)
  );
}

/** The letters with these ids. An id without a record yields no letter. */
export async function deadLettersOf(
  { stores: { transport }, platform: { topics } }: Log,
  ids: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<DeadLetter[]> {
  const names = new Set([...ids].map((id) => /^([^/]+)\/\d+\/\d+$/.exec(id)?.[1]));
  const deadLetters: DeadLetter[] = [];
  for (const topic of topics.filter(({ name }) => names.has(name)))
    deadLetters.push(...(await readTopic(transport, topic, signal)).filter(({ id }) => ids.has(id)));
  return deadLetters;
}

export async function readTopic(transport: Transport, topic: Topic, signal: AbortSignal): Promise<DeadLetter[]> {
  const deadLetters = new Map<string, DeadLetter>();
  const resolutions = new Map<string, Resolution[]>();
  for await (const record of allRecords(transport, deadLetterTopic(topic.name), signal)) {
    const marked = markedBy(record);
    if (marked !== undefined) {
      const name = nameOf(marked);
      resolutions.set(name, [...(resolutions.get(name) ?? []), marked.resolution]);
      continue;
    }
    const deadLetter = deadLetterOf(topic, record);
    if (deadLetter === undefined) continue;
    const others = namesRows(record.headers) ? deadLetters.get(nameOf(deadLetter)) : undefined;
    const positions = [...(others?.positions ?? []), ...deadLetter.positions];
    deadLetters.set(nameOf(deadLetter), { ...deadLetter, positions });
  }
  return [...deadLetters]
    .map(([name, deadLetter]) => ({ ...deadLetter, resolutions: resolutions.get(name) ?? [] }))
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Unique among all letters. */
export const nameOf = ({ id, job }: Pick<DeadLetter, 'id' | 'job'>): string => `${job} ${id}`;

/** Undefined for a record that no job wrote. */
function deadLetterOf(topic: Topic, { partition, headers, offset, timestamp }: LogRecord): DeadLetter | undefined {
  const [job, code] = [headerText(headers, DEAD_LETTER.job), headerText(headers, DEAD_LETTER.code)];
  const [from, at] = [DEAD_LETTER.partition, DEAD_LETTER.offset].map((name) => Number(headerText(headers, name)));
  if (job === undefined || code === undefined || from === undefined || at === undefined) return undefined;
  if (Number.isNaN(from + at)) return undefined;
  return {
    id: `${topic.name}/${from}/${at}`,
    topic,
    partition: from,
    offset: at,
    job,
    code,
    message: headerText(headers, DEAD_LETTER.message) ?? '',
    rejectedAt: timestamp,
    resolutions: [],
    positions: [[partition, offset]],
  };
}

export const namesRows = (headers: Headers): boolean =>
  [DEAD_LETTER.rows, DEAD_LETTER.unshown, DEAD_LETTER.unnamed].some((name) => headers[name] !== undefined);

export function headerText(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
