/**
 * Fires the timers of one claim: for each timer that is due it emits `timer.fired` to the row's own topic.
 *
 * A timer is not emitted again before its record has been read. If it is still pending then, it is emitted again, since the row may have
 * asked for the same time again. There is one exception: if the timer's record became a dead letter and the row could not be written, every
 * further record would become another dead letter. Such a timer is held back until the row is written, when it may have become small
 * enough, or for an hour, after which the store may have been repaired.
 */
import { createHash } from 'node:crypto';
import { timerFired } from '../../../../core/event.ts';
import { isKeyPart } from '../../../../core/key-part.ts';
import type { DueTimer } from '../../../../sinks/tables/port.ts';
import { isTime } from '../../../../topics/codec/time.ts';
import type { Headers, LogRecord } from '../../../../topics/log/transport.ts';
import { goingOnWith } from '../../../../topics/tracing/carried.ts';
import { fireTraced } from '../../../../topics/tracing/sending.ts';
import { isTracing } from '../../../../topics/tracing/tracer.ts';
import type { Job } from '../../../define.ts';
import type { Assignment, PartitionCount } from '../../assignment.ts';
import type { Runtime } from '../../stores.ts';
import { tracesIn } from '../position.ts';
import { sourceOf, toRow } from '../records.ts';
import { idOf } from '../rows.ts';
import type { DueTimers } from './due.ts';

export const HELD_BACK_MS = 3_600_000;

/** A longer id is replaced by its digest. */
const LONGEST_ID = 1000;

interface Emitted {
  readonly row: string;
  /** The last search begun before the record was read; undefined if not read yet. A timer that a later search finds is pending again. */
  readBefore: number | undefined;
  /** By the monotonic clock; 0 if it is not held back. */
  heldUntil: number;
}

/** What a committed batch has done. */
export interface CommittedBatch {
  readonly records: readonly LogRecord[];
  /** Its records that became dead letters. */
  readonly deadLetters: readonly { readonly record: LogRecord }[];
  /** Whether the batch changed the row with this id, and wrote it. */
  readonly isChanged: (row: string) => boolean;
}

export interface TimersParts {
  readonly job: Job;
  readonly assignment: Assignment;
  readonly runtime: Runtime;
  readonly partitions: PartitionCount;
  readonly due: DueTimers;
}

export class Timers {
  readonly #job: Job;
  readonly #assignment: Assignment;
  readonly #runtime: Runtime;
  readonly #partitions: PartitionCount;
  readonly #due: DueTimers;
  readonly #isUsed: boolean;
  /** The timers that were emitted, by the id of the event. */
  #emitted = new Map<string, Emitted>();
  /** How many of the timers found last were not emitted. */
  #unusable = 0;
  /** How many due timers were reported last. */
  #reported = 0;

  constructor({ job, assignment, runtime, partitions, due }: TimersParts) {
    this.#job = job;
    this.#assignment = assignment;
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#due = due;
    this.#isUsed = job.on.some(({ type }) => type === timerFired.type);
  }

  /**
   * Emits `timer.fired` for timers that are due. While there is a backlog, timers are due by `logTime`, the time of its events, so that a
   * replay of last year's events fires last year's timers among them. A second record of a timer is harmless, since only a pending timer is
   * folded. Returns whether anything was emitted.
   */
  async fire(logTime: number | undefined): Promise<boolean> {
    if (!this.#isUsed) return false;
    const { clock, stores, telemetry } = this.#runtime;
    const [job, assignment] = [this.#job, this.#assignment];
    const now = clock.now();
    const found = await this.#due.take(assignment.partition, {
      // An event with a time in the future must not fire timers early.
      before: logTime === undefined ? now : Math.min(now, logTime),
      inBacklog: logTime !== undefined,
      unusable: this.#unusable,
    });
    if (found === undefined) return false;
    this.#report(found.timers);
    // Timers that are no longer found are no longer pending, except those whose records were not read yet.
    const emitted = new Map([...this.#emitted].filter(([, { readBefore }]) => readBefore === undefined));
    const records = [];
    const traces = await this.#tracesOf(found.timers);
    for (const [i, timer] of found.timers.entries()) {
      // An earlier release accepted any number as a time. Such a timer cannot be emitted. The row drops it when it sets the next timer of
      // that name.
      if (!isTime(timer.due)) continue;
      const id = timerId(job.name, timer);
      const known = this.#emitted.get(id);
      if (known !== undefined && !this.#isPendingAgain(known, found.search)) {
        emitted.set(id, known);
        continue;
      }
      emitted.set(id, { row: idOf(timer.key), readBefore: undefined, heldUntil: 0 });
      const [tenant, ...row] = timer.key as [string, ...string[]];
      const data = { job: job.name, row, name: timer.name, due: timer.due };
      const event = { def: timerFired, data, tenant, recordKey: row[0] as string, id, time: timer.due };
      records.push(toRow(stores.codec, event, { assignment, partitions: this.#partitions, now, trace: traces[i] }));
    }
    if (records.length > 0) await fireTraced(job.name, records, (traced) => stores.transport.produce(traced));
    this.#emitted = emitted;
    this.#unusable = found.timers.length - records.length;
    if (records.length === 0) return false;
    telemetry.tell({ ...assignment, kind: 'timers-fired', count: records.length });
    return true;
  }

  /** The headers by which the timers continue the traces of the events that set them. Rows are read only while tracing. */
  async #tracesOf(timers: readonly DueTimer[]): Promise<readonly (Headers | undefined)[]> {
    if (timers.length === 0 || !isTracing()) return [];
    const keys = new Map(timers.map(({ key }) => [idOf(key), key]));
    const rows = await this.#runtime.stores.tables.read(this.#job.row, [...keys.values()]);
    const traces = new Map([...keys.keys()].map((id, i) => [id, tracesIn(rows[i]?.at ?? '')]));
    return timers.map(({ key, name }) => goingOnWith(traces.get(idOf(key))?.[name]));
  }

  /** Reports nothing if there is nothing new: searches are many, and due timers are few. */
  #report({ length: count, 0: first }: readonly DueTimer[]): void {
    if (count === 0 && this.#reported === 0) return;
    this.#reported = count;
    this.#runtime.telemetry.tell({ ...this.#assignment, kind: 'timers-due', count, oldest: first?.due });
  }

  #isPendingAgain({ readBefore, heldUntil }: Emitted, search: number): boolean {
    return readBefore !== undefined && search > readBefore && this.#runtime.clock.elapsed() >= heldUntil;
  }

  /** Called after each batch is committed. */
  committed({ records, deadLetters, isChanged }: CommittedBatch): void {
    if (this.#emitted.size === 0) return;
    for (const one of this.#emitted.values()) if (one.heldUntil > 0 && isChanged(one.row)) one.heldUntil = 0;
    for (const record of records) {
      const one = this.#knownOf(record);
      if (one !== undefined) one.readBefore = this.#due.begun();
    }
    for (const { record } of deadLetters) {
      const one = this.#knownOf(record);
      if (one !== undefined && !isChanged(one.row)) one.heldUntil = this.#runtime.clock.elapsed() + HELD_BACK_MS;
    }
  }

  #knownOf({ headers }: LogRecord): Emitted | undefined {
    const { ce_id: id, ce_source: source } = headers;
    return typeof id === 'string' && source === sourceOf(this.#job.name) ? this.#emitted.get(id) : undefined;
  }
}

/** The id of the timer's event, unique for each timer. */
function timerId(job: string, { key, name, due }: DueTimer): string {
  const id = `timer/${job}/${JSON.stringify([...key, name, due])}`;
  // If the id is too long, or is not a text that every reader accepts, its digest is used.
  return isKeyPart(id, LONGEST_ID) ? id : `timer/${job}/${createHash('sha256').update(id).digest('hex')}`;
}
