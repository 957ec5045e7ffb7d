/** Decodes and sorts the records of a batch: which events are folded into which rows, and what happens to the other records. */
import { messageOf, type RejectCode } from '../../../core/errors.ts';
import { callAnswered, type Event, type EventDef, timerFired, userForgotten } from '../../../core/event.ts';
import { isKeyPart } from '../../../core/key-part.ts';
import { once } from '../../../core/once.ts';
import { isKeyedByPerson } from '../../../core/persons.ts';
import type { TableDef } from '../../../core/target.ts';
import { keyFields } from '../../../core/target.ts';
import type { Key } from '../../../sinks/port.ts';
import type { Codec } from '../../../topics/codec/codec.ts';
import type { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { largestSize } from '../../../topics/log/limits.ts';
import type { OnlyRows, RowKeys } from '../../../topics/log/only.ts';
import { FIRST_ORIGIN, type Origin, parseLine, parseOrigin, ROUTED } from '../../../topics/log/origin.ts';
import { partitionOfText } from '../../../topics/log/partition.ts';
import type { LogRecord } from '../../../topics/log/transport.ts';
import type { Every, Job, Keys, Where } from '../../define.ts';
import { Anomalies } from '../anomalies.ts';
import { noneSkipped } from '../batch-report.ts';
import type { RejectedRecord } from '../dead-letter.ts';
import { type Forgotten, withForgotten } from '../forgotten.ts';
import { judge } from '../judging.ts';
import type { Limit } from '../limits.ts';
import type { Clock, Settings } from '../stores.ts';
import type { Skip } from '../telemetry.ts';
import { isUpstream } from '../upstreams.ts';
import { idOf } from './rows.ts';

/** One event and the rows that it touches: named rows, or those that a search of the partition finds. */
export interface Planned {
  readonly record: LogRecord;
  readonly event: Event;
  readonly keys: readonly Key[];
  readonly search: Every | Where | undefined;
  /** Set by a replay: the ids of the rows that have to apply the event, and of those that have applied it and write their views again. */
  readonly only: { readonly rows: ReadonlySet<string>; readonly views: ReadonlySet<string> } | undefined;
  /** The forgotten users that the event names. They are taken out of its rows, and nothing else is done. */
  readonly forgotten: readonly string[];
  /** The partition and offset of the record before it was sent on to this partition. */
  readonly cameFrom: readonly [partition: number, offset: number] | undefined;
}

export interface Plan {
  readonly items: readonly Planned[];
  readonly routed: readonly { readonly record: LogRecord; readonly key: string }[];
  readonly rejected: RejectedRecord[];
  readonly skipped: Record<Skip, number>;
  readonly odd: Anomalies;
}

export interface PlanContext {
  readonly job: Job;
  readonly codec: Codec;
  readonly partition: number;
  /** The topic of the job, with its id as made by `shortId`. */
  readonly topic: { readonly id: string; readonly partitions: number };
  readonly upstreams: ReadonlySet<string>;
  /** The plan adds the origins of the records to them. */
  readonly dedupe: DedupePositions | undefined;
  /** The largest offset that was committed before the claim. Records before it are not rejected or sent on again. */
  readonly furthest: number;
  readonly limit: Limit;
  readonly undeclaredTypes: Settings['undeclaredTypes'];
  readonly forgotten: Forgotten;
  readonly yieldToLoop: Clock['yieldToLoop'];
}

export async function plan(records: readonly LogRecord[], context: PlanContext): Promise<Plan> {
  const { job, codec, partition, topic, upstreams, dedupe, furthest, limit, undeclaredTypes, forgotten, yieldToLoop } =
    context;
  const items: Planned[] = [];
  const routed: { record: LogRecord; key: string }[] = [];
  const rejected: RejectedRecord[] = [];
  const skipped = noneSkipped();
  const odd = new Anomalies();
  const wanted = wantedOf(job);
  const judging = { topic: job.from, reader: job.name, upstreams, dedupe, undeclaredTypes, odd };

  for (const record of records) {
    const pause = yieldToLoop();
    if (pause !== undefined) await pause;
    const isOld = record.offset < furthest;
    const judged = judge(codec.decode(job.from, record, wanted), judging, isOld);
    if (judged.kind === 'skip') {
      skipped[judged.why] += 1;
      continue;
    }
    if (judged.kind === 'reject') {
      rejected.push({ record, code: judged.code, message: judged.message });
      continue;
    }
    const { decoded, origin } = judged;
    const { event } = decoded;
    if (origin !== undefined) markFirst(record, origin, context);
    const ofRow = OF_A_ROW.has(event.type) ? (event.data as RowEventData) : undefined;
    if (event.type === userForgotten.type) forgotten.add(event.tenant, event.data['userId'] as string);
    if (ofRow !== undefined && (ofRow.job !== job.name || !isKeyOf(job, ofRow.row))) {
      skipped['not-ours'] += 1;
      continue;
    }
    const key = ofRow === undefined ? keyOfEvent(job, event) : ofRow.row[0];
    const isAstray = key !== undefined && partitionOfText(key, topic.partitions) !== partition;
    if (isAstray && isOld) {
      skipped.repeated += 1;
      continue;
    }
    if (isAstray) {
      const size = largestSize(record) + HEADERS_ADDED;
      if (size <= limit(job.from.name)) routed.push({ record, key });
      else rejected.push({ record, code: 'RECORD_TOO_LARGE', message: tooLargeToRoute(size, limit(job.from.name)) });
      continue;
    }
    odd.addEvent(decoded);
    const touched =
      ofRow === undefined ? touchedBy(job, event) : { keys: [[event.tenant, ...ofRow.row]], search: undefined };
    if ('code' in touched) {
      if (isOld) skipped.repeated += 1;
      else rejected.push({ record, ...touched });
    } else {
      const named = only(touched, decoded.only, event.tenant);
      const from = cameFrom(origin, job.from.name, topic.id);
      items.push({ record, event, ...named, forgotten: goneOf(context, event), cameFrom: from });
    }
  }
  return { items, routed, rejected, skipped, odd };
}

/**
 * A derived event that was sent on has two origins. Its first origin is noted as well: the job that emitted the event may emit it again, to
 * this partition, once that job knows the new number of partitions.
 */
function markFirst({ headers }: LogRecord, { line }: Origin, { job, dedupe, upstreams }: PlanContext): void {
  const header = headers[FIRST_ORIGIN];
  const first = parseLine(line).job === ROUTED && typeof header === 'string' ? parseOrigin(header) : undefined;
  if (first !== undefined && isOurs(first, job, upstreams)) dedupe?.pass(first);
}

/** The most bytes that a record grows by when it is sent on. */
const HEADERS_ADDED = 2000;

const tooLargeToRoute = (size: number, limit: number): string =>
  `it is not in the partition of its key, and with ${size} bytes it is too large to be sent on to that partition: the topic takes at most ${limit}; raise its max.message.bytes, or produce the record to the right partition`;

function only<T extends { readonly keys: readonly Key[] }>(touched: T, named: OnlyRows | undefined, tenant: string) {
  if (named === undefined) return { ...touched, only: undefined };
  const idsOf = (keys: RowKeys) => new Set(keys.map((key) => idOf([tenant, ...key])));
  const [rows, views] = [idsOf(named.rows), idsOf(named.views)];
  const keys = touched.keys.filter((key) => rows.has(idOf(key)) || views.has(idOf(key)));
  return { ...touched, keys, only: { rows, views } };
}

const isOurs = ({ line }: Origin, job: Job, upstreams: ReadonlySet<string>): boolean =>
  isUpstream(upstreams, job.from.name, parseLine(line).upstream);

/** The users to take out of the rows of the event. Timers and answers name users by the key of their row. */
function goneOf({ job, forgotten }: PlanContext, event: Event): readonly string[] {
  const { type, tenant, data } = event;
  if (type === userForgotten.type) return [data['userId'] as string];
  if (!OF_A_ROW.has(type)) return forgotten.namedIn(wantedOf(job).get(type), event);
  const [first] = (data as RowEventData).row;
  return first !== undefined && isKeyedByPerson(job.row) && forgotten.has(tenant, first) ? [first] : [];
}

/** Events of the runtime for one row. */
const OF_A_ROW: ReadonlySet<string> = new Set([timerFired.type, callAnswered.type, userForgotten.type]);

type RowEventData = { readonly job: string; readonly row: readonly string[] };

function isKeyOf(job: Job, row: readonly string[]): boolean {
  return row.length === keyFields(job.row).length && row.every((part) => isKeyPart(part));
}

/** The declarations of the types that the job folds. */
export const wantedOf: (job: Job) => ReadonlyMap<string, EventDef> = once((job) =>
  withForgotten(new Map(job.on.map((def) => [def.type, def]))),
);

/** The key of the event's record; undefined for a broadcast, which is in every partition. */
function keyOfEvent(job: Job, event: Event): string | undefined {
  const key = event.data[job.from.key];
  return typeof key === 'string' && !job.from.broadcasts.some(({ type }) => type === event.type) ? key : undefined;
}

/** Whether a record may find more rows than those of one key: it is a broadcast, or only its value shows its type. */
export function mayFindMany({ from }: Job, { headers }: LogRecord): boolean {
  const type = headers['ce_type'];
  return typeof type !== 'string' || from.broadcasts.some((def) => def.type === type);
}

function cameFrom(origin: Origin | undefined, topic: string, id: string): Planned['cameFrom'] {
  if (origin === undefined) return undefined;
  const from = parseLine(origin.line);
  const isOfTopic = from.upstream === `${ROUTED}/${topic}` && from.topicId === id;
  return isOfTopic ? [from.partition, origin.offset] : undefined;
}

function touchedBy(
  job: Job,
  event: Event,
): { keys: readonly Key[]; search: Every | Where | undefined } | { code: RejectCode; message: string } {
  let touched: Keys<TableDef>;
  try {
    touched = job.key(event);
  } catch (error) {
    return { code: 'JOB_FAILED', message: `${job.name} failed to name the row of ${event.type}: ${messageOf(error)}` };
  }
  if (touched === undefined) return { keys: [], search: undefined };
  // An array has a method `every`.
  if (!Array.isArray(touched) && ('every' in touched || 'where' in touched)) {
    return { keys: [], search: touched as Every | Where };
  }
  const named = (Array.isArray(touched) ? touched : [touched]) as readonly Readonly<Record<string, string>>[];
  const keys: Key[] = [];
  for (const fields of named) {
    const key = [event.tenant];
    for (const name of keyFields(job.row)) {
      const part = fields[name];
      if (!isKeyPart(part))
        return {
          code: 'KEY_INVALID',
          message: `data.${name}: it names a row, so it must be a text of 1 to 512 characters`,
        };
      key.push(part);
    }
    keys.push(key);
  }
  return { keys, search: undefined };
}
