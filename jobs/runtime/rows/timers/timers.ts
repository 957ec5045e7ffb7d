/**
 * The timers of one claim: says `timer fired` to the row's own topic for each that is due.
 *
 * What was said is not said again before its record was read. If it is still pending then, it is: the row may have asked for the
 * same time anew. Only a timer whose record went to the dead letters and whose row could not be written is held back, since
 * every further record would be one more dead letter: until the row is written after all, when it may have become
 * small enough; or for an hour, after which the store may have been mended.
 */
import { createHash } from 'node:crypto';
import { timerFired } from '../../../../core/event.ts';
import { isKeyPart } from '../../../../core/key-part.ts';
import type { DueTimer } from '../../../../sinks/tables/port.ts';
import { isTime } from '../../../../topics/codec/time.ts';
import type { LogRecord } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Assignment, PartitionCount } from '../../assignment.ts';
import type { Runtime } from '../../stores.ts';
import { sourceOf, toRow } from '../records.ts';
import { idOf } from '../rows.ts';
import type { DueTimers } from './due.ts';

export const HELD_BACK_MS = 3_600_000;

/** A longer id is given as its digest. */
const LONGEST_ID = 1000;

interface Said {
  readonly row: string;
  /** The last search begun before its record was read; undefined: it has not been read. What later ones find is pending again. */
  readBefore: number | undefined;
  /** By the monotonic clock; 0: it is not held back. */
  heldUntil: number;
}

/** What a batch that was committed did. */
export interface Done {
  readonly records: readonly LogRecord[];
  /** The records of it that went to the dead letters. */
  readonly deadLetters: readonly { readonly record: LogRecord }[];
  /** Whether the batch changed a row, named by its id, and wrote it. */
  readonly isChanged: (row: string) => boolean;
}

export class Timers {
  readonly #job: Job;
  readonly #place: Assignment;
  readonly #runtime: Runtime;
  readonly #partitions: PartitionCount;
  readonly #due: DueTimers;
  readonly #isUsed: boolean;
  /** By the id of what was said. */
  #said = new Map<string, Said>();
  /** How many of those found last were not to be said. */
  #unusable = 0;

  constructor(job: Job, place: Assignment, runtime: Runtime, partitions: PartitionCount, due: DueTimers) {
    this.#job = job;
    this.#place = place;
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#due = due;
    this.#isUsed = job.on.some(({ type }) => type === timerFired.type);
  }

  /**
   * Says `timer fired` for what is due. While there is a backlog, time is the log's, `logTime`: a replay of last year fires last
   * year's timers in their place. A record said twice is harmless, since only a pending timer is folded. Answers whether
   * anything was said.
   */
  async fire(logTime: number | undefined): Promise<boolean> {
    if (!this.#isUsed) return false;
    const { clock, stores, telemetry } = this.#runtime;
    const [job, place] = [this.#job, this.#place];
    const now = clock.now();
    const found = await this.#due.take(place.partition, {
      // An event from the future does not make it come.
      before: logTime === undefined ? now : Math.min(now, logTime),
      inBacklog: logTime !== undefined,
      unusable: this.#unusable,
    });
    if (found === undefined) return false;
    // What is not found any more is pending no longer, unless it was said and the record is under way.
    const said = new Map([...this.#said].filter(([, { readBefore }]) => readBefore === undefined));
    const records = [];
    for (const timer of found.timers) {
      // An earlier release took any number for a time. Nothing can be said of it; the row drops it with its next timer of the name.
      if (!isTime(timer.due)) continue;
      const id = timerId(job.name, timer);
      const known = this.#said.get(id);
      if (known !== undefined && !this.#isPendingAgain(known, found.search)) {
        said.set(id, known);
        continue;
      }
      said.set(id, { row: idOf(timer.key), readBefore: undefined, heldUntil: 0 });
      const [tenant, ...row] = timer.key as [string, ...string[]];
      const data = { job: job.name, row, name: timer.name, due: timer.due };
      const event = { def: timerFired, data, tenant, recordKey: row[0] as string, id, time: timer.due };
      records.push(toRow(stores.codec, event, { place, partitions: this.#partitions, now }));
    }
    if (records.length > 0) await stores.transport.produce(records);
    this.#said = said;
    this.#unusable = found.timers.length - records.length;
    if (records.length === 0) return false;
    telemetry.tell({ ...place, kind: 'timers-fired', count: records.length });
    return true;
  }

  #isPendingAgain({ readBefore, heldUntil }: Said, search: number): boolean {
    return readBefore !== undefined && search > readBefore && this.#runtime.clock.elapsed() >= heldUntil;
  }

  /** Called for each batch, when it is committed. */
  heard({ records, deadLetters, isChanged }: Done): void {
    if (this.#said.size === 0) return;
    for (const one of this.#said.values()) if (one.heldUntil > 0 && isChanged(one.row)) one.heldUntil = 0;
    for (const record of records) {
      const one = this.#knownOf(record);
      if (one !== undefined) one.readBefore = this.#due.begun();
    }
    for (const { record } of deadLetters) {
      const one = this.#knownOf(record);
      if (one !== undefined && !isChanged(one.row)) one.heldUntil = this.#runtime.clock.elapsed() + HELD_BACK_MS;
    }
  }

  #knownOf({ headers }: LogRecord): Said | undefined {
    const { ce_id: id, ce_source: source } = headers;
    return typeof id === 'string' && source === sourceOf(this.#job.name) ? this.#said.get(id) : undefined;
  }
}

/** No two timers have the same. */
function timerId(job: string, { key, name, due }: DueTimer): string {
  const id = `timer/${job}/${JSON.stringify([...key, name, due])}`;
  // What is too long, or no text that every reader takes, is named by its digest.
  return isKeyPart(id, LONGEST_ID) ? id : `timer/${job}/${createHash('sha256').update(id).digest('hex')}`;
}
