/** Decides what a record is for its reader: an event, a record to skip, or a dead letter. Jobs and rollups share it. */
import type { RejectCode } from '../../core/errors.ts';
import type { Decoded } from '../../topics/codec/codec.ts';
import type { Topic } from '../../topics/define.ts';
import type { DedupePositions } from '../../topics/log/dedupe-positions.ts';
import { type Origin, parseLine } from '../../topics/log/origin.ts';
import { type Anomalies, isDeclared, undeclaredMessage } from './anomalies.ts';
import type { Settings } from './stores.ts';
import type { Skip } from './telemetry.ts';
import { isUpstream } from './upstreams.ts';

export interface Judging {
  readonly topic: Topic;
  /**
   * The name of the job. Records that were sent on or replayed for other jobs are not for it. Undefined: the reader takes those of every
   * job. It then cannot recognise them as repeats, since each job has its own dedupe positions for records that are sent to it.
   */
  readonly reader: string | undefined;
  readonly upstreams: ReadonlySet<string>;
  /** `judge` adds the origin of the record to them; undefined: repeats are not detected. */
  readonly dedupe: DedupePositions | undefined;
  readonly undeclaredTypes: Settings['undeclaredTypes'];
  readonly odd: Anomalies;
}

export type Judged =
  | { readonly kind: 'skip'; readonly why: Skip }
  | { readonly kind: 'reject'; readonly code: RejectCode; readonly message: string }
  | {
      readonly kind: 'event';
      readonly decoded: Extract<Decoded, { kind: 'event' }>;
      /** The origin, if an upstream job emitted the event, or the record was sent on. */
      readonly origin: Origin | undefined;
    };

const skip = (why: Skip): Judged => ({ kind: 'skip', why });

/** `isOld`: the record was judged before, by an owner that committed a larger offset. It is not rejected again. */
export function judge(decoded: Decoded, judging: Judging, isOld: boolean): Judged {
  const { topic, reader, upstreams, dedupe, undeclaredTypes, odd } = judging;
  if (decoded.kind === 'ignored' && isDeclared(topic, decoded.type)) return skip('unwanted');
  if (decoded.kind === 'ignored') {
    odd.addType(decoded.type);
    if (undeclaredTypes === 'skip') return skip('undeclared');
    if (isOld) return skip('repeated');
    return { kind: 'reject', code: 'TYPE_UNDECLARED', message: undeclaredMessage(topic, decoded.type) };
  }
  if (decoded.kind === 'rejected') {
    return isOld ? skip('repeated') : { kind: 'reject', code: decoded.code, message: decoded.message };
  }
  const { onlyFor } = decoded;
  if (onlyFor !== undefined && reader !== undefined && onlyFor !== reader) return skip('not-ours');
  const isOfOneJob = onlyFor !== undefined && reader === undefined;
  const isKnown =
    decoded.origin !== undefined &&
    !isOfOneJob &&
    isUpstream(upstreams, topic.name, parseLine(decoded.origin.line).upstream);
  const origin = isKnown ? decoded.origin : undefined;
  // After a rewind, a repeat before the furthest offset is not skipped: views of the rows that have applied it are written again.
  if (origin !== undefined && dedupe?.pass(origin) === false && !isOld) return skip('repeated');
  return { kind: 'event', decoded, origin };
}
