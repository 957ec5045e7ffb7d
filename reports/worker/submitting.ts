/**
 * Reads the topic of report requests and makes a request of each record. A refusal is answered by an event, in the transaction that commits
 * the offset. A record that is not an event becomes a dead letter.
 *
 * A batch may be read again after a crash. A request accepts a file that is not older than its record, so the second reading finds the
 * request that the first one made, and nothing is made twice.
 */
import { kindOf, TributaryError } from '../../core/errors.ts';
import type { EventOf } from '../../core/event.ts';
import { Anomalies } from '../../jobs/runtime/anomalies.ts';
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import { type BatchCounts, NO_READS, noneSkipped, reportBatch } from '../../jobs/runtime/batch-report.ts';
import { deadLetter, type RejectedRecord } from '../../jobs/runtime/dead-letter.ts';
import { isForgotten, withForgotten } from '../../jobs/runtime/forgotten.ts';
import { judge } from '../../jobs/runtime/judging.ts';
import { Limits } from '../../jobs/runtime/limits.ts';
import { type Applied, type Begun, type Handler, PartitionOwner } from '../../jobs/runtime/owner.ts';
import { partitionCountOf } from '../../jobs/runtime/partition-counts.ts';
import { Retrying, withRetries } from '../../jobs/runtime/retrying.ts';
import { type RunningJob, runGroup } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { reportRefused, reportRequested } from '../../schemas/report.ts';
import type { Request } from '../../sinks/requests/port.ts';
import type { Decoded } from '../../topics/codec/codec.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { shortId } from '../../topics/log/origin.ts';
import { formatProgress, nothing, parseProgress } from '../../topics/log/progress.ts';
import type { Claim, Headers, LogRecord, Membership, NewRecord } from '../../topics/log/transport.ts';
import { type BatchTrace, traceBatch } from '../../topics/tracing/batch.ts';
import type { Ask } from '../requesting/asking.ts';
import type { OwnEvent } from './announcing.ts';

export interface SubmittingParts {
  readonly work: Work;
  readonly runtime: Runtime;
  /** Asks on behalf of a service, in the trace from the headers. Throws the errors of `planned`. */
  ask(ask: Ask, from: Headers | undefined): Promise<Request>;
  /** The events for one user about a request that has ended. */
  eventsFor(request: Request, user: string): Promise<readonly OwnEvent[]>;
  encode(events: readonly OwnEvent[]): Promise<readonly NewRecord[]>;
}

export function runSubmitting(parts: SubmittingParts): Promise<RunningJob> {
  const { work, runtime } = parts;
  return runGroup({
    transport: runtime.stores.transport,
    group: work.name,
    topic: work.from.name,
    telemetry: runtime.telemetry,
    ownerOf: (partition, membership) => ownerOfSubmitting(parts, partition, membership),
  });
}

/** The owner of a partition of the topic. */
export function ownerOfSubmitting(parts: SubmittingParts, partition: number, membership: Membership): PartitionOwner {
  const { work, runtime } = parts;
  const assignment = { job: work.name, topic: work.from.name, partition };
  const retrying = new Retrying(assignment, runtime);
  const patient = { ...runtime, stores: withRetries(runtime.stores, retrying) };
  const handler = new SubmittingHandler({ ...parts, runtime: patient }, assignment, membership);
  return new PartitionOwner({ assignment, runtime: patient, retrying, handler, reclaim: true });
}

const EVENTS = new Map([[reportRequested.type, reportRequested]]);
const WANTED = withForgotten(EVENTS);

class SubmittingHandler implements Handler {
  readonly beyondLog = 'the topic has lost its end: restore it, or reset the group with the tools of Kafka';
  readonly #parts: SubmittingParts;
  readonly #assignment: Assignment;
  readonly #membership: Membership;
  readonly #limits = new Limits();
  #claimed: { readonly claim: Claim; readonly letterPartitions: number; furthest: number } | undefined;

  constructor(parts: SubmittingParts, assignment: Assignment, membership: Membership) {
    this.#parts = parts;
    this.#assignment = assignment;
    this.#membership = membership;
  }

  async begin(): Promise<Begun> {
    const { transport } = this.#parts.runtime.stores;
    const claim = await this.#membership.claim(this.#assignment.partition);
    try {
      await this.#parts.runtime.forgotten.load();
      const { offset, metadata, foreign } = claim.committed;
      const known = offset === undefined || foreign ? undefined : { offset, ...parseProgress(metadata, offset) };
      const isOfAnother = known !== undefined && known.topicId !== '' && known.topicId !== shortId(claim.shape.id);
      const next = Math.max(isOfAnother ? claim.begin : (offset ?? claim.begin), claim.begin);
      const letterPartitions = await partitionCountOf(transport, deadLetterTopic(this.#assignment.topic));
      claim.seek(next);
      const furthest = isOfAnother ? 0 : (known?.furthest ?? 0);
      this.#claimed = { claim, letterPartitions, furthest };
      this.#parts.runtime.telemetry.tell({ ...this.#assignment, kind: 'claimed', offset: next });
      return { claim, next };
    } catch (error) {
      await claim.close();
      throw error;
    }
  }

  async tend(): Promise<boolean> {
    return false;
  }

  weigh(records: readonly LogRecord[]): number {
    return records.length;
  }

  async apply(records: readonly LogRecord[], end: number): Promise<Applied> {
    const { runtime } = this.#parts;
    const startedAt = runtime.clock.elapsed();
    const last = records.at(-1) as LogRecord;
    const next = last.offset + 1;
    const became = await this.#submitTraced(records, next);
    this.#tell(became, {
      records: records.length,
      durationMs: runtime.clock.elapsed() - startedAt,
      next,
      end: Math.max(end, next),
      recordTime: last.timestamp,
    });
    return { next, rest: [] };
  }

  async #submitTraced(records: readonly LogRecord[], next: number): Promise<Became> {
    const trace = traceBatch(this.#assignment, records);
    let failed = true;
    try {
      const became = await this.#submit(records, trace);
      await trace.step('commit', () => this.#commit(became, next));
      failed = false;
      return became;
    } finally {
      trace.end(failed);
    }
  }

  async #submit(records: readonly LogRecord[], trace: BatchTrace): Promise<Became> {
    const { work, runtime } = this.#parts;
    const { codec } = runtime.stores;
    await codec.learn(records, WANTED);
    const became = nothingYet();
    const judging = {
      topic: work.from,
      reader: work.name,
      upstreams: runtime.upstreams(work.from.name),
      dedupe: undefined,
      undeclaredTypes: runtime.settings.undeclaredTypes,
      odd: became.odd,
    };
    for (const record of records) {
      const judged = judge(codec.decode(work.from, record, WANTED), judging, record.offset < this.#owned.furthest);
      if (judged.kind === 'skip') became.skipped[judged.why] += 1;
      else if (judged.kind === 'reject') became.rejected.push({ record, code: judged.code, message: judged.message });
      else if (isForgotten(judged, { wanted: EVENTS, from: work.from }, runtime.forgotten))
        became.skipped.unchanged += 1;
      else {
        became.odd.addEvent(judged.decoded);
        await this.#ask(judged.decoded, { record, became, from: trace.headersOf(record.offset) });
      }
    }
    return became;
  }

  async #ask({ event }: Extract<Decoded, { kind: 'event' }>, { record, became, from }: Asking): Promise<void> {
    const { clock } = this.#parts.runtime;
    const { id, tenant, time, data } = event as unknown as EventOf<typeof reportRequested>;
    const sinceRecord = Math.max(0, clock.now() - record.timestamp);
    try {
      const freshMs = data.freshMs === null ? null : Math.max(data.freshMs, sinceRecord);
      const request = await this.#parts.ask(askOf({ tenant, data }, freshMs), from);
      // If the request still waits or runs, the worker that ends it notifies the asker.
      if (request.state === 'done') became.emitted.push(...(await this.#parts.eventsFor(request, data.userId)));
      became.applied += 1;
      became.eventTime = time;
      became.times.push(time);
    } catch (error) {
      if (!(error instanceof TributaryError) || kindOf(error) !== 'usage') throw error;
      const { userId, report } = data;
      const refusal = { userId, eventId: id, report, code: error.code, message: error.message };
      became.refused += 1;
      became.emitted.push({ def: reportRefused, id: `refused/${id}`, tenant, time, data: refusal, trace: from });
    }
  }

  async #commit({ rejected, emitted }: Became, next: number): Promise<void> {
    const { runtime, encode } = this.#parts;
    const owned = this.#owned;
    const { claim, letterPartitions } = owned;
    const furthest = Math.max(owned.furthest, next);
    const { partitions, id } = claim.shape;
    const progress = { ...nothing(), topicId: shortId(id), furthest, partitions, base: partitions };
    const sending = {
      assignment: this.#assignment,
      partitions: () => letterPartitions,
      limit: this.#limits.of,
      now: runtime.clock.now(),
    };
    await this.#limits.commit(claim, {
      records: [...rejected.map((each) => deadLetter(each, sending)), ...(await encode(emitted))],
      offset: next,
      metadata: formatProgress(progress, next),
    });
    owned.furthest = furthest;
  }

  #tell(became: Became, batch: Batch): void {
    const { applied, refused, emitted, eventTime, times } = became;
    const now = this.#parts.runtime.clock.now();
    const latenciesMs = times.map((time) => now - time);
    const nothingWritten = { rowsWritten: 0, viewsWritten: 0, reads: { rows: NO_READS, lookups: NO_READS } };
    const counts = {
      ...batch,
      ...nothingWritten,
      applied: applied + refused,
      eventTime,
      eventsSent: emitted.length,
      latenciesMs,
    };
    reportBatch(this.#parts.runtime.telemetry, this.#assignment, { ...became, routed: 0 }, counts);
  }

  async idle(): Promise<void> {}

  async finish(): Promise<void> {}

  failed(): void {}

  end(): void {
    this.#claimed = undefined;
  }

  get #owned() {
    if (this.#claimed === undefined) throw new Error('the partition is not claimed');
    return this.#claimed;
  }
}

type Batch = Pick<BatchCounts, 'records' | 'durationMs' | 'next' | 'end' | 'recordTime'>;

const nothingYet = () => ({
  applied: 0,
  skipped: noneSkipped(),
  rejected: [] as RejectedRecord[],
  refused: 0,
  emitted: [] as OwnEvent[],
  odd: new Anomalies(),
  eventTime: undefined as number | undefined,
  times: [] as number[],
});
type Became = ReturnType<typeof nothingYet>;

interface Asking {
  readonly record: LogRecord;
  readonly became: Became;
  /** The headers of the trace of the record. */
  readonly from: Headers | undefined;
}

function askOf(
  { tenant, data }: Pick<EventOf<typeof reportRequested>, 'tenant' | 'data'>,
  freshMs: number | null,
): Ask {
  const { userId, report, parameters, format, options, columns, recipients, roles, rowLimit } = data;
  return {
    tenant,
    report,
    parameters,
    format,
    options,
    columns: columns.length === 0 ? null : columns,
    protection: recipients.length === 0 ? { kind: 'none' } : { kind: 'age', recipients },
    rowLimit,
    requestedBy: userId,
    roles,
    freshMs,
  };
}
