/**
 * Corrects dead letters: applies a patch to the event of the rejected record, checks the result like a producer's event, and sends it to
 * only the job that rejected the record. The rejected record itself stays unchanged, in its topic and in the letter.
 */
import type { WholeEvent } from '../../core/event.ts';
import { ONLY_FOR } from '../../topics/codec/codec.ts';
import { attributeOf, eventTimeOf, jsonDataOf } from '../../topics/codec/envelope.ts';
import { type GivenEvent, membersOf, recordsOf, saidIn, type Target } from '../../topics/codec/given-event.ts';
import { LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { LogRecord, NewRecord } from '../../topics/log/transport.ts';
import { possibleGroupsOf } from '../platform/works.ts';
import { shown } from '../text/shown-record.ts';
import { isoOf } from '../text/time-text.ts';
import type { DeadLetter, Log } from './letters.ts';
import { mergePatch } from './merge-patch.ts';
import { type RejectedRecord, rejectedRecord } from './rejected.ts';
import { unnamedText } from './replay.ts';
import { EDITED_FROM, marker, type Resolving } from './resolution.ts';
import { forItsRows, type Left, type Outcome, type Sent, sendAll } from './sending.ts';

export interface Correction {
  /** The event after its correction. */
  readonly event: WholeEvent;
  /** Messages about fields that the schema does not have and that are therefore not sent. */
  readonly leftOut: readonly string[];
}

export interface Corrected extends Outcome {
  /** By letter, for those that were resolved, or would be. */
  readonly corrections: ReadonlyMap<DeadLetter, Correction>;
}

interface Editing extends Resolving {
  /** JSON: a merge patch of `{type, id, source, time, tenant, data}`. */
  readonly patch: unknown;
}

export async function editAll(
  log: Log,
  deadLetters: readonly DeadLetter[],
  { patch, turn, ...resolver }: Editing,
  signal: AbortSignal,
): Promise<Corrected> {
  const { transport } = log.stores;
  const groups = new Set(possibleGroupsOf(log.platform).map(({ name }) => name));
  const targets = new Map<string, Target>();
  const corrections = new Map<DeadLetter, Correction>();
  const resolve = async (deadLetter: DeadLetter): Promise<Sent | Left> => {
    const { topic, job, id } = deadLetter;
    if (!groups.has(job)) return { deadLetter, why: `there is no job ${job} any more, so nothing would apply it` };
    const target = targets.get(topic.name) ?? (await targetOf(log, deadLetter));
    targets.set(topic.name, target);
    const rejected = await rejectedRecord(transport, deadLetter);
    const corrected = unnamedText(rejected) ?? (await correctedBy(log, target, { deadLetter, rejected, patch }));
    if (typeof corrected === 'string') return { deadLetter, why: corrected };
    const { record, correction } = corrected;
    const logged = rejected.record.headers[LOGGED_AT] ?? String(rejected.record.timestamp);
    const headers = { ...record.headers, [LOGGED_AT]: logged, [ONLY_FOR]: job, [EDITED_FROM]: id };
    const records = await forItsRows(transport, deadLetter, rejected, { ...record, headers });
    corrections.set(deadLetter, correction);
    return { deadLetter, records: [...records, marker(deadLetter, 'edited', resolver, record.timestamp)] };
  };
  const outcome = await sendAll(deadLetters, { resolve, turn }, signal);
  return { ...outcome, corrections };
}

async function targetOf({ stores: { transport, codec } }: Log, { topic }: DeadLetter): Promise<Target> {
  await codec.prepare([topic]);
  const [shape] = await transport.shape([topic.name]);
  return { topic, partitions: shape?.partitions ?? topic.partitions, codec, now: Date.now };
}

interface Patched {
  readonly deadLetter: DeadLetter;
  readonly rejected: RejectedRecord;
  readonly patch: unknown;
}

/** The record of the corrected event, or the reason why there is none. */
async function correctedBy(
  { stores: { codec } }: Log,
  target: Target,
  { deadLetter, rejected: { record: original }, patch }: Patched,
): Promise<{ readonly record: NewRecord; readonly correction: Correction } | string> {
  const { topic, partition } = deadLetter;
  const { data = jsonDataOf(original) } = await shown(codec, topic, topic.name, original);
  const attributes = ['type', 'id', 'source', 'time', 'tenant'].flatMap((name) => {
    const value = attributeOf(original, name);
    return value === undefined ? [] : [[name, value]];
  });
  const before = { time: isoOf(eventTimeOf(original)), ...Object.fromEntries(attributes), data };
  const members = membersOf(mergePatch(before, patch));
  if (typeof members === 'string') return `the patch: ${members}`;
  const said = saidIn(members, 'if structured');
  if (typeof said === 'string') return said;
  const { id = '', source = '' } = said;
  const given: GivenEvent = { ...said, id, source, others: furtherOf(original) };
  const made = recordsOf(given, target);
  if (made.kind === 'wrong') return made.problem;
  // A broadcast is in every partition, and this partition's record was rejected.
  const record = made.records.find((each) => each.key !== null || each.partition === partition) as NewRecord;
  const decoded = await shown(codec, topic, topic.name, { ...record, offset: 0 });
  const { type, time = '', tenant = '' } = decoded;
  return {
    record,
    correction: { event: { type: type ?? '', id, source, time, tenant, data: decoded.data }, leftOut: made.unknown },
  };
}

const OWN = /^(?:ce_(?:specversion|type|id|source|time|tenant|origin)|content-type|tributary-.*)$/;

/** Headers that the correction keeps: further attributes of the event, and headers of other programs. */
const furtherOf = ({ headers }: LogRecord): LogRecord['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OWN.test(name)));
