/** Processes the records of a batch: looks up rows, lets the fold accept or reject each event, and reports the outcomes. */
import { messageOf, type RejectCode } from '../../core/errors.ts';
import type { Event } from '../../core/event.ts';
import { type FoundRows, type Lookup, Rejection, reject } from '../../jobs/define.ts';
import { Anomalies } from '../../jobs/runtime/anomalies.ts';
import { type BatchCounts, noneSkipped } from '../../jobs/runtime/batch-report.ts';
import type { RejectedRecord } from '../../jobs/runtime/dead-letter.ts';
import type { Judged } from '../../jobs/runtime/judging.ts';
import { type LookupCache, lookupId } from '../../jobs/runtime/lookups.ts';
import type { ReadCount } from '../../jobs/runtime/read-count.ts';
import type { Skip } from '../../jobs/runtime/telemetry.ts';
import type { Decoded } from '../../topics/codec/codec.ts';
import type { LogRecord } from '../../topics/log/transport.ts';
import type { SegmentFold, SegmentSource } from './source.ts';

const NOTHING: FoundRows = {};

/** Reads all rows that the events of a batch look up at once. Returns the rows found for the event at an index. */
export async function lookUp(
  source: SegmentSource,
  decoded: readonly Decoded[],
  { lookups, count }: { readonly lookups: LookupCache; readonly count: ReadCount },
): Promise<(index: number) => FoundRows | Rejection> {
  if (source.lookups === undefined) return () => NOTHING;
  const wanted = new Map<string, readonly [tenant: string, Lookup]>();
  const named = decoded.map((each) => {
    if (each.kind !== 'event' || source.lookups === undefined) return [];
    const { event } = each;
    try {
      return Object.entries(source.lookups(event)).map(([name, lookup]) => {
        const id = lookupId(event.tenant, lookup);
        wanted.set(id, [event.tenant, lookup]);
        return [name, id] as const;
      });
    } catch (error) {
      const what = `${source.name} could not say what ${event.type} looks up`;
      return reject('JOB_FAILED', `${what}: ${messageOf(error)}`);
    }
  });
  const rows = await lookups.load(wanted, count);
  return (index) => {
    const names = named[index] ?? [];
    if (names instanceof Rejection) return names;
    return Object.fromEntries(names.map(([name, id]) => [name, rows.get(id)]));
  };
}

/** The outcomes of the records of a batch. */
export interface Became {
  applied: number;
  eventTime: number | undefined;
  readonly skipped: Record<Skip, number>;
  readonly rejected: RejectedRecord[];
  readonly odd: Anomalies;
}

/** The counts besides the outcomes of the records. */
export type Report = Pick<BatchCounts, 'records' | 'durationMs' | 'next' | 'end' | 'recordTime'>;

export const nothingYet = (): Became => ({
  applied: 0,
  eventTime: undefined,
  skipped: noneSkipped(),
  rejected: [],
  odd: new Anomalies(),
});

interface Addition {
  readonly event: Event;
  readonly found: FoundRows | Rejection;
  readonly record: LogRecord;
}

/** `unchanged`: the datasource counts other events of this type, but not this one. */
type Verdict =
  | { readonly kind: 'counted' }
  | { readonly kind: 'skip'; readonly why: 'unchanged' }
  | { readonly kind: 'reject'; readonly code: RejectCode; readonly message: string };

/** The outcome of a record, for the spans of its trace. `isAgain`: it was counted before and is only judged now. */
export function outcomeOf(verdict: Verdict | Extract<Judged, { kind: 'skip' }>, isAgain: boolean): string {
  if (verdict.kind === 'skip') return verdict.why;
  if (isAgain) return 'repeated';
  return verdict.kind === 'reject' ? 'rejected' : verdict.kind;
}

export function added(source: SegmentSource, into: SegmentFold, { event, found, record }: Addition): Verdict {
  if (found instanceof Rejection) return { kind: 'reject', code: found.code, message: found.message };
  const before = into.events;
  try {
    const why = into.add(event, found, record);
    if (why !== undefined) return { kind: 'reject', code: why.code, message: why.message };
  } catch (error) {
    const message = `${source.name} failed at ${event.type}: ${messageOf(error)}`;
    return { kind: 'reject', code: 'JOB_FAILED', message };
  }
  return into.events === before ? { kind: 'skip', why: 'unchanged' } : { kind: 'counted' };
}
