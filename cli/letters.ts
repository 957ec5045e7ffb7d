/**
 * Dead letters as an operator thinks of them: one for each record and the job that rejected it, however often it did. A marker
 * record beside them says that the record was replayed.
 */
import { DEAD_LETTER } from '../jobs/runtime/dead-letter.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import { topics } from '../topics/index.ts';
import type { Headers, LogRecord, NewRecord, Transport } from '../topics/transport.ts';
import { usage } from './errors.ts';
import { topicNamed } from './names.ts';

/** A header of marker records: the id of the letter that was replayed. */
export const REPLAYED = 'tributary-replayed';

export interface Letter {
  /** <topic>/<partition>/<offset> of the rejected record. Letters of several jobs may have the same. */
  readonly id: string;
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  readonly job: string;
  readonly code: string;
  readonly message: string;
  /** When it was last rejected, in ms since 1970 UTC. */
  readonly rejectedAt: number;
  readonly replayed: boolean;
  /** Where the newest letter itself lies, in the topic of the dead letters. */
  readonly place: readonly [partition: number, offset: number];
}

export interface Filter {
  readonly job: string | null;
  readonly code: string | null;
  readonly topic: string | null;
}

const RECORDS_AT_ONCE = 500;

/** Every letter that matches, in the order of topics, partitions and offsets. Their bytes are left where they are. */
export async function readLetters(
  transport: Transport,
  { job, code, topic }: Filter,
  signal: AbortSignal,
): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const each of topic === null ? topics : [topicNamed(topic)])
    letters.push(...(await readTopic(transport, each, signal)));
  return letters.filter((letter) => (job === null || letter.job === job) && (code === null || letter.code === code));
}

/** The letters of one record. Throws when there is none. */
export async function lettersOf(transport: Transport, id: string, signal: AbortSignal): Promise<Letter[]> {
  const match = /^([^/]+)\/\d+\/\d+$/.exec(id);
  if (match === null)
    throw usage(
      `${id} is no id of a dead letter; give <topic>/<partition>/<offset>, as \`tributary dead-letters list\` shows it`,
    );
  const letters = (await readTopic(transport, topicNamed(match[1] as string), signal)).filter(
    (letter) => letter.id === id,
  );
  if (letters.length === 0)
    throw usage(`there is no dead letter ${id}; \`tributary dead-letters list\` shows those there are`);
  return letters;
}

async function readTopic(transport: Transport, topic: Topic, signal: AbortSignal): Promise<Letter[]> {
  const letters = new Map<string, Letter>();
  const replayed = new Set<string>();
  const [info] = await transport.describe([deadLetterTopic(topic.name)]);
  for (const { partition, begin, end } of info?.partitions ?? []) {
    for (let next = begin; next < end; ) {
      signal.throwIfAborted();
      const records = await transport.read(deadLetterTopic(topic.name), partition, next, RECORDS_AT_ONCE);
      next = (records.at(-1)?.offset ?? end) + 1;
      for (const record of records) {
        const marker = text(record.headers, REPLAYED);
        const letter = letterOf(topic, partition, record);
        if (marker !== undefined) replayed.add(`${text(record.headers, DEAD_LETTER.job)} ${marker}`);
        else if (letter !== undefined) letters.set(`${letter.job} ${letter.id}`, letter);
      }
    }
  }
  return [...letters]
    .map(([name, letter]) => ({ ...letter, replayed: replayed.has(name) }))
    .sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

/** Undefined for a record that no job wrote. */
function letterOf(topic: Topic, partition: number, { headers, offset, timestamp }: LogRecord): Letter | undefined {
  const [job, code] = [text(headers, DEAD_LETTER.job), text(headers, DEAD_LETTER.code)];
  const [from, at] = [Number(text(headers, DEAD_LETTER.partition)), Number(text(headers, DEAD_LETTER.offset))];
  if (job === undefined || code === undefined || Number.isNaN(from + at)) return undefined;
  return {
    id: `${topic.name}/${from}/${at}`,
    topic,
    partition: from,
    offset: at,
    job,
    code,
    message: text(headers, DEAD_LETTER.message) ?? '',
    rejectedAt: timestamp,
    replayed: false,
    place: [partition, offset],
  };
}

/** The record that was rejected, with its own headers and time. */
export async function rejectedRecord(
  transport: Transport,
  { topic, partition, offset, place }: Letter,
): Promise<LogRecord> {
  const [record] = await transport.read(deadLetterTopic(topic.name), place[0], place[1], 1);
  if (record === undefined || record.offset !== place[1])
    throw usage(`the dead letter of ${topic.name}/${partition}/${offset} is not kept any more`);
  const ours = new Set<string>(Object.values(DEAD_LETTER));
  const timestamp = Number(text(record.headers, DEAD_LETTER.timestamp));
  return {
    partition,
    offset,
    key: record.key,
    value: record.value,
    headers: Object.fromEntries(Object.entries(record.headers).filter(([name]) => !ours.has(name))),
    timestamp: Number.isNaN(timestamp) ? record.timestamp : timestamp,
  };
}

/** What says that the letter was replayed. It is to be produced in one call with the replayed record. */
export function marker({ id, topic, job, place }: Letter, now: number): NewRecord {
  const headers = { [REPLAYED]: id, [DEAD_LETTER.job]: job };
  return { topic: deadLetterTopic(topic.name), partition: place[0], key: null, value: null, headers, timestamp: now };
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
