/**
 * Dead letters as an operator thinks of them: one for each record and the job that rejected it, however often it did. Marker
 * records beside them say that the record was replayed, or that the letter was dismissed.
 */
import { DEAD_LETTER } from '../../../jobs/runtime/dead-letter.ts';
import { deadLetterTopic, type Topic } from '../../../topics/define.ts';
import { parseKeys, type RowKeys } from '../../../topics/log/only.ts';
import type { Headers, LogRecord, NewRecord, Transport } from '../../../topics/log/transport.ts';
import type { Context } from '../../context.ts';
import { usage } from '../../errors.ts';
import { topicNamed } from '../../names.ts';

/** Headers of marker records: the id of the letter that was replayed, or dismissed. */
export const REPLAYED = 'tributary-replayed';
export const DISMISSED = 'tributary-dismissed';

type Place = readonly [partition: number, offset: number];

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
  /** Whether it was dismissed. */
  readonly dismissed: boolean;
  /**
   * Where the letter itself lies, in the topic of the dead letters: the newest one last. Before it those that name other rows, since
   * an event for very many rows is applied in several commits, each of which has its own letter.
   */
  readonly places: readonly Place[];
}

/** Whether something is still to be done about it. */
export const isOpen = ({ replayed, dismissed }: Letter): boolean => !replayed && !dismissed;

export interface Filter {
  readonly job: string | null;
  readonly code: string | null;
  readonly topic: string | null;
}

/** Letters by their ids, or all that match. */
export interface Choice extends Filter {
  readonly ids: readonly string[];
  readonly all: boolean;
  /** Also those about which something was done. */
  readonly again?: boolean;
}

const RECORDS_AT_ONCE = 500;

/** Where the letters are, and of which topics. */
type Log = Pick<Context['wired'], 'stores' | 'platform'>;

/** Every letter that matches, in the order of topics, partitions and offsets. Their bytes are left where they are. */
export async function readLetters(
  { stores: { transport }, platform: { topics } }: Log,
  { job, code, topic }: Filter,
  signal: AbortSignal,
): Promise<Letter[]> {
  const letters: Letter[] = [];
  for (const each of topic === null ? topics : [topicNamed(topic, topics)])
    letters.push(...(await readTopic(transport, each, signal)));
  return letters.filter((letter) => (job === null || letter.job === job) && (code === null || letter.code === code));
}

/** The letters that are chosen to `doing` something to. Throws when an id has none. */
export async function chosenLetters(
  log: Log,
  { ids, all, again = false, ...filter }: Choice,
  signal: AbortSignal,
  doing: 'replay' | 'dismiss',
): Promise<Letter[]> {
  if (all === ids.length > 0) throw usage(`say which dead letters to ${doing}: either their ids, or --all`);
  const isChosen = (letter: Letter): boolean => again || isOpen(letter);
  if (all) return (await readLetters(log, filter, signal)).filter(isChosen);
  if (filter.topic !== null || filter.code !== null)
    throw usage('--topic and --code choose among --all, not among ids');
  const letters: Letter[] = [];
  for (const id of new Set(ids)) {
    const those = (await lettersOf(log, id, signal)).filter(({ job }) => filter.job === null || job === filter.job);
    if (those.length === 0) throw usage(`${id} was not rejected by ${filter.job}`);
    const open = those.filter(isChosen);
    if (open.length === 0) throw usage(doneText(those[0] as Letter, doing));
    letters.push(...open);
  }
  return letters;
}

function doneText({ id, replayed }: Letter, doing: 'replay' | 'dismiss'): string {
  const done = `${id} was ${replayed ? 'replayed' : 'dismissed'} already`;
  return doing === 'replay' ? `${done}; with --again it is sent once more` : done;
}

/** The letters of one record. Throws when there is none. */
export async function lettersOf(
  { stores: { transport }, platform: { topics } }: Log,
  id: string,
  signal: AbortSignal,
): Promise<Letter[]> {
  const match = /^([^/]+)\/\d+\/\d+$/.exec(id);
  if (match === null)
    throw usage(
      `${id} is no id of a dead letter; give <topic>/<partition>/<offset>, as \`tributary dead-letters list\` shows it`,
    );
  const letters = (await readTopic(transport, topicNamed(match[1] as string, topics), signal)).filter(
    (letter) => letter.id === id,
  );
  if (letters.length === 0)
    throw usage(`there is no dead letter ${id}; \`tributary dead-letters list\` shows those there are`);
  return letters;
}

export async function readTopic(transport: Transport, topic: Topic, signal: AbortSignal): Promise<Letter[]> {
  const letters = new Map<string, Letter>();
  const marked = new Map([REPLAYED, DISMISSED].map((header) => [header, new Set<string>()]));
  const [info] = await transport.describe([deadLetterTopic(topic.name)]);
  for (const { partition, begin, end } of info?.partitions ?? []) {
    for (let next = begin; next < end; ) {
      signal.throwIfAborted();
      const records = await transport.read(deadLetterTopic(topic.name), partition, next, RECORDS_AT_ONCE);
      next = (records.at(-1)?.offset ?? end) + 1;
      for (const record of records) {
        const markers = [...marked].flatMap(([header, ids]) => {
          const id = text(record.headers, header);
          return id === undefined ? [] : [ids.add(`${text(record.headers, DEAD_LETTER.job)} ${id}`)];
        });
        const letter = letterOf(topic, partition, record);
        if (markers.length === 0 && letter !== undefined) {
          const name = `${letter.job} ${letter.id}`;
          const others = namesRows(record.headers) ? letters.get(name) : undefined;
          letters.set(name, { ...letter, places: [...(others?.places ?? []), ...letter.places] });
        }
      }
    }
  }
  return [...letters]
    .map(([name, letter]) => {
      const has = (header: string): boolean => marked.get(header)?.has(name) === true;
      return { ...letter, replayed: has(REPLAYED), dismissed: has(DISMISSED) };
    })
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
    dismissed: false,
    places: [[partition, offset]],
  };
}

const namesRows = (headers: Headers): boolean =>
  [DEAD_LETTER.rows, DEAD_LETTER.unshown, DEAD_LETTER.unnamed].some((name) => headers[name] !== undefined);

/** The rejected record, as its dead letter describes it. */
export interface RejectedRecord {
  /** With its own headers and time. Of a letter that was cut, as the log has it; or, where it does not any more, what the letter has. */
  readonly record: LogRecord;
  /** How many bytes the value had, if not all of the record is left. */
  readonly cutFrom: number | undefined;
  /** The rows that did not take it; undefined if it is of use to all rows of its event. */
  readonly rows: RowKeys | undefined;
  /** The rows that applied it, but for which not everything that follows was written or sent. */
  readonly unshown: RowKeys;
  /** How many rows there were that did not fit into the dead letter. */
  readonly unnamed: number;
}

export async function rejectedRecord(transport: Transport, letter: Letter): Promise<RejectedRecord> {
  const all: LogRecord[] = [];
  for (const [partition, offset] of letter.places) {
    const [found] = await transport.read(deadLetterTopic(letter.topic.name), partition, offset, 1);
    if (found?.offset === offset) all.push(found);
    else if (letter.places.at(-1)?.[1] === offset) throw usage(`the dead letter of ${letter.id} is not kept any more`);
  }
  const newest = all.at(-1) as LogRecord;
  const named = all.filter(({ headers }) => namesRows(headers));
  const kept = keptOf(letter, newest);
  const length = text(newest.headers, DEAD_LETTER.length);
  const original = length === undefined ? kept : await originalOf(transport, letter.topic.name, kept);
  return {
    record: original ?? kept,
    cutFrom: original === undefined ? Number(length) : undefined,
    rows: named.length === 0 ? undefined : keysOf(named, 'rows', letter.id),
    unshown: keysOf(named, 'unshown', letter.id),
    unnamed: named.reduce((sum, { headers }) => sum + Number(text(headers, DEAD_LETTER.unnamed) ?? 0), 0),
  };
}

function keptOf({ partition, offset }: Letter, { key, value, headers, timestamp }: LogRecord): LogRecord {
  const ours = new Set<string>(Object.values(DEAD_LETTER));
  const original = Number(text(headers, DEAD_LETTER.timestamp) ?? Number.NaN);
  return {
    ...{ partition, offset, key, value },
    headers: Object.fromEntries(Object.entries(headers).filter(([name]) => !ours.has(name))),
    timestamp: Number.isNaN(original) ? timestamp : original,
  };
}

/** Undefined if another record lies there by now, or none. */
async function originalOf(transport: Transport, topic: string, cut: LogRecord): Promise<LogRecord | undefined> {
  const { partition, offset, timestamp, value } = cut;
  const [found] = await transport.read(topic, partition, offset, 1);
  if (found === undefined || found.offset !== offset || found.timestamp !== timestamp) return undefined;
  const begins = Buffer.from(found.value?.subarray(0, value?.length ?? 0) ?? '').equals(Buffer.from(value ?? ''));
  return begins ? found : undefined;
}

/** Each once: a record that was rejected again after a restore names the same rows. */
function keysOf(letters: readonly LogRecord[], name: 'rows' | 'unshown', id: string): RowKeys {
  const keys = new Map<string, readonly string[]>();
  for (const { headers } of letters) {
    const named = parseKeys(headers[DEAD_LETTER[name]]);
    if (named === undefined) throw usage(`the dead letter of ${id} names its rows in a way that is not known here`);
    for (const key of named) keys.set(JSON.stringify(key), key);
  }
  return [...keys.values()];
}

/** The marker record of a replay or a dismissal. That of a replay must be produced in one call with the replayed record. */
export function marker(
  { id, topic, job, places }: Letter,
  what: typeof REPLAYED | typeof DISMISSED,
  now: number,
): NewRecord {
  const partition = places[0]?.[0] ?? 0;
  const headers = { [what]: id, [DEAD_LETTER.job]: job };
  return { topic: deadLetterTopic(topic.name), partition, key: null, value: null, headers, timestamp: now };
}

function text(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : undefined;
}
