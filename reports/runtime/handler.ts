/**
 * How rollups process the records of a partition: they count in memory, and publish the counts with the position that they reflect
 * (`publisher.ts`). A claim begins at the position of the table. The offset of the consumer group follows, so that lag tools show it.
 * Records between the two are read again only for their dead letters.
 */
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import { NO_READS, reportBatch } from '../../jobs/runtime/batch-report.ts';
import { deadLetter } from '../../jobs/runtime/dead-letter.ts';
import { isForgotten, withForgotten } from '../../jobs/runtime/forgotten.ts';
import { judge } from '../../jobs/runtime/judging.ts';
import { Limits } from '../../jobs/runtime/limits.ts';
import type { LookupCache } from '../../jobs/runtime/lookups.ts';
import type { Applied, Begun, Handler } from '../../jobs/runtime/owner.ts';
import { partitionCountOf } from '../../jobs/runtime/partition-counts.ts';
import { ReadCount } from '../../jobs/runtime/read-count.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Decoded } from '../../topics/codec/codec.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import { shortId } from '../../topics/log/origin.ts';
import { formatProgress, type Progress, parseProgress } from '../../topics/log/progress.ts';
import type { Claim, LogRecord, Membership } from '../../topics/log/transport.ts';
import { type BatchTrace, traceBatch } from '../../topics/tracing/batch.ts';
import { added, type Became, lookUp, nothingYet, outcomeOf, type Report } from './counting.ts';
import { PartitionFold } from './partition-fold.ts';
import { dedupeOf, positionOf, reachOf } from './positions.ts';
import type { Publisher } from './publisher.ts';
import type { RollupRules } from './rules.ts';
import type { SegmentFold, SegmentSource } from './source.ts';
import type { SegmentTable } from './tables.ts';

export interface RollupHandlerParts {
  readonly source: SegmentSource;
  readonly assignment: Assignment;
  readonly membership: Membership;
  readonly runtime: Runtime;
  readonly lookups: LookupCache;
  readonly table: SegmentTable;
  readonly publisher: Publisher;
  readonly rules: RollupRules;
  /** Aborted when the owner has to stop. */
  readonly stopping: () => AbortSignal | undefined;
}

interface Claimed {
  readonly claim: Claim;
  readonly topicId: string;
  readonly fold: PartitionFold;
  /** The largest offset that the group has committed. Records before it are not rejected again. */
  furthest: number;
  /** Everything before this offset is in the table. Records of it that the group has not committed are only judged, not counted. */
  readonly counted: number;
  /** A fold for records that are only judged. */
  readonly judging: SegmentFold;
  readonly deadLetterPartitions: number;
}

const SKIPPED = { kind: 'skip', why: 'unchanged' } as const;

export class RollupHandler implements Handler {
  readonly beyondLog: string;
  readonly #parts: RollupHandlerParts;
  readonly #limits = new Limits();
  readonly #lookupReads = new ReadCount();
  #claimed: Claimed | undefined;
  /** Only used when the rule `freshFold` is off. */
  #kept: PartitionFold | undefined;

  constructor(parts: RollupHandlerParts) {
    this.#parts = parts;
    this.beyondLog = `the topic has lost its end: restore it, or rebuild the table: tributary rollup rebuild`;
  }

  async begin(): Promise<Begun> {
    const { source, assignment, membership, runtime, table, publisher, rules } = this.#parts;
    const { telemetry } = runtime;
    const claim = await membership.claim(assignment.partition);
    try {
      // Read after the claim. If the previous owner publishes even later, our commit detects it.
      await runtime.forgotten.load();
      const snapshot = await table.refresh();
      const topicId = shortId(claim.shape.id);
      const partition = { ...assignment, topicId: rules.topicIds ? topicId : '' };
      const position = positionOf(snapshot, partition);
      const { offset, metadata, foreign } = claim.committed;
      const group = offset === undefined || foreign ? undefined : { offset, ...parseProgress(metadata, offset) };
      const isOfAnother = group !== undefined && group.topicId !== '' && topicId !== '' && group.topicId !== topicId;
      const known = isOfAnother ? undefined : group;
      if (isOfAnother) telemetry.tell({ ...assignment, kind: 'topic-remade', offset: claim.begin });
      if (foreign) telemetry.tell({ ...assignment, kind: 'offset-foreign', offset: position?.next ?? claim.begin });
      const counted = position?.next ?? claim.begin;
      if (counted < claim.begin)
        telemetry.tell({ ...assignment, kind: 'records-lost', from: counted, to: claim.begin });
      const furthest = known?.furthest ?? (position === undefined ? 0 : counted);
      const committed = Math.max(furthest, known?.offset ?? furthest);
      const first = rules.deadLettersAgain ? Math.min(counted, committed) : counted;
      const next = Math.max(rules.positionOfTable ? first : (known?.offset ?? claim.begin), claim.begin);
      claim.seek(next);
      const { partitions } = claim.shape;
      if (known !== undefined && known.partitions !== 0 && known.partitions !== partitions) {
        telemetry.tell({ ...assignment, kind: 'expanded', from: known.partitions, to: partitions });
      }
      const dedupe = dedupeOf(
        position,
        known !== undefined && known.furthest <= counted ? known : undefined,
        partitions,
      );
      const begin = {
        table: snapshot.table,
        position,
        next: Math.max(counted, claim.begin),
        isGapless: reachOf(counted, known) >= claim.begin,
        dedupe,
        partitions,
      };
      const fold = rules.freshFold ? undefined : this.#kept;
      const claimed = {
        claim,
        topicId,
        fold: fold ?? new PartitionFold(source, partition, begin),
        furthest,
        counted: rules.positionOfTable ? counted : 0,
        judging: source.newFold(topicId),
        deadLetterPartitions: await partitionCountOf(runtime.stores.transport, deadLetterTopic(source.from.name)),
      };
      if (fold !== undefined) fold.failure = undefined;
      // The group's offset follows at once, even with nothing to read: lag is what has not been counted.
      if (known?.offset !== next) claimed.fold.isJudged(next);
      this.#claimed = claimed;
      publisher.enter(claimed.fold);
      telemetry.tell({ ...assignment, kind: 'claimed', offset: next });
      return { claim, next };
    } catch (error) {
      await claim.close();
      throw error;
    }
  }

  async tend(): Promise<boolean> {
    await this.#publishIfDue();
    return this.#commit();
  }

  weigh(records: readonly LogRecord[]): number {
    return records.length;
  }

  async apply(records: readonly LogRecord[], end: number): Promise<Applied> {
    const { runtime } = this.#parts;
    const { fold, counted, judging } = this.#owned;
    const startedAt = runtime.clock.elapsed();
    const became = await this.#countTraced(records);
    judging.drain();
    const last = records.at(-1) as LogRecord;
    const next = last.offset + 1;
    if (next <= counted) fold.isJudged(next);
    this.#report(became, {
      records: records.length,
      durationMs: runtime.clock.elapsed() - startedAt,
      next,
      end: Math.max(end, next),
      recordTime: last.timestamp,
    });
    await this.#publishIfDue();
    await this.#commit();
    return { next, rest: [] };
  }

  async #countTraced(records: readonly LogRecord[]): Promise<Became> {
    const trace = traceBatch(this.#parts.assignment, records);
    let failed = true;
    try {
      const became = await this.#count(records, trace);
      failed = false;
      return became;
    } finally {
      trace.end(failed);
    }
  }

  async #count(records: readonly LogRecord[], trace: BatchTrace): Promise<Became> {
    const { source, assignment, runtime, rules } = this.#parts;
    const { stores, clock, settings, forgotten } = runtime;
    const { fold, counted, furthest, judging } = this.#owned;
    const wanted = withForgotten(source.wanted);
    await stores.codec.learn(records, wanted);
    const decoded: Decoded[] = [];
    for (const record of records) {
      const pause = clock.yieldToLoop();
      if (pause !== undefined) await pause;
      decoded.push(stores.codec.decode(source.from, record, wanted));
    }
    const found = await lookUp(source, decoded, { lookups: this.#parts.lookups, count: this.#lookupReads });
    const became = nothingYet();
    const again = {
      topic: source.from,
      reader: source.forEveryJob ? undefined : assignment.job,
      upstreams: runtime.upstreams(assignment.topic),
      dedupe: undefined,
      undeclaredTypes: settings.undeclaredTypes,
      odd: became.odd,
    };
    const anew = { ...again, dedupe: rules.dedupe ? fold.dedupe : undefined };
    for (const [i, record] of records.entries()) {
      const pause = clock.yieldToLoop();
      if (pause !== undefined) await pause;
      // No await from here to `pass`: a concurrent publication must take a consistent fold, dedupe positions and offset.
      const isCounted = record.offset < counted;
      const isOld = record.offset < furthest;
      // Whether a newly counted record is a repeat must not depend on what the group committed for another generation.
      const judged = judge(decoded[i] as Decoded, isCounted ? again : anew, isCounted && isOld);
      const verdict = isForgotten(judged, source, forgotten)
        ? SKIPPED
        : judged.kind === 'event'
          ? added(source, isCounted ? judging : fold.fold, { event: judged.decoded.event, found: found(i), record })
          : judged;
      trace.became(record.offset, outcomeOf(verdict, isCounted));
      if (verdict.kind === 'counted' && !isCounted && judged.kind === 'event') {
        became.applied += 1;
        became.eventTime = judged.decoded.event.time;
        fold.counted(became.eventTime, trace.contextOf(record.offset));
        became.odd.addEvent(judged.decoded);
      } else if (verdict.kind === 'reject' && !isOld) {
        const letter = { record, code: verdict.code, message: verdict.message };
        became.rejected.push(letter);
        fold.reject(letter);
      } else {
        became.skipped[verdict.kind === 'skip' && !isCounted ? verdict.why : 'repeated'] += 1;
      }
      if (!isCounted) fold.pass(record.offset + 1, clock.elapsed());
    }
    return became;
  }

  #report(became: Became, batch: Report): void {
    const { assignment, runtime } = this.#parts;
    const { applied, eventTime } = became;
    const nothingWritten = { rowsWritten: 0, viewsWritten: 0, eventsSent: 0, latenciesMs: [] };
    const reads = { rows: NO_READS, lookups: this.#lookupReads.take() };
    const counts = { ...batch, ...nothingWritten, applied, eventTime, reads };
    reportBatch(runtime.telemetry, assignment, { ...became, routed: 0 }, counts);
  }

  idle(): Promise<void> {
    return this.#parts.publisher.checkTable(this.#owned.fold);
  }

  /** Publishes what was counted, unless that is impossible now. */
  async finish(): Promise<void> {
    const { publisher, stopping } = this.#parts;
    await publisher.publish(stopping());
    await this.#commit();
  }

  failed(): void {}

  end(): void {
    const { publisher, rules } = this.#parts;
    if (this.#claimed === undefined) return;
    publisher.leave(this.#claimed.fold);
    if (!rules.freshFold) this.#kept = this.#claimed.fold;
    this.#claimed = undefined;
  }

  get #owned(): Claimed {
    return this.#claimed as Claimed;
  }

  async #publishIfDue(): Promise<void> {
    const { publisher, stopping } = this.#parts;
    if (publisher.isDue) await publisher.publish(stopping());
    const { failure } = this.#owned.fold;
    if (failure !== undefined) throw failure;
  }

  /** Commits the published offset to the group and sends its dead letters. Returns whether there was anything to commit. */
  async #commit(): Promise<boolean> {
    const { assignment, runtime } = this.#parts;
    const owned = this.#owned;
    const { claim, fold, topicId } = owned;
    const { published } = fold;
    if (published === undefined) return false;
    const { next, dedupe, deadLetters } = published;
    // Another partition may publish in the meantime; the next commit takes that.
    fold.published = undefined;
    const sending = {
      assignment,
      partitions: () => owned.deadLetterPartitions,
      limit: this.#limits.of,
      now: runtime.clock.now(),
    };
    const furthest = Math.max(owned.furthest, next);
    const progress: Progress = {
      topicId,
      furthest,
      token: 0,
      partitions: claim.shape.partitions,
      base: claim.shape.partitions,
      // When the topic is expanded, these are copied to all partitions.
      dedupe,
      behind: new Map(),
      within: undefined,
    };
    await this.#limits.commit(claim, {
      records: deadLetters.map((rejected) => deadLetter(rejected, sending)),
      offset: next,
      metadata: formatProgress(progress, next),
    });
    owned.furthest = furthest;
    return true;
  }
}
