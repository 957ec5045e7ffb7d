/** The timers of one claim. */
import { timerFired } from '../../schemas/event.ts';
import type { Job } from '../define.ts';
import { type PartitionCount, type Place, toRow } from './records.ts';
import type { Runtime } from './stores.ts';

export class Timers {
  readonly #job: Job;
  readonly #place: Place;
  readonly #runtime: Runtime;
  readonly #partitions: PartitionCount;
  /** Those that were said already and are still due. */
  #fired: ReadonlySet<string> = new Set();
  #lookAt: number;

  constructor(job: Job, place: Place, runtime: Runtime, partitions: PartitionCount) {
    this.#job = job;
    this.#place = place;
    this.#runtime = runtime;
    this.#partitions = partitions;
    this.#lookAt = runtime.clock.now();
  }

  /**
   * Says `timer fired` for what is due. While there is a backlog, time is the log's, `logTime`: a replay of last year fires last
   * year's timers in their place. A record said twice is harmless, since only a pending timer is folded. Answers whether
   * anything was said.
   */
  async fire(logTime: number | undefined): Promise<boolean> {
    const { clock, settings, stores, telemetry } = this.#runtime;
    const [job, place] = [this.#job, this.#place];
    const now = clock.now();
    if (now < this.#lookAt || !job.on.some(({ type }) => type === timerFired.type)) return false;
    this.#lookAt = now + settings.timerMs;
    const due = await stores.tables.due(
      job.row,
      [place.partition],
      // An event from the future does not make it come.
      logTime === undefined ? now : Math.min(now, logTime),
      settings.maxRecords,
    );
    const records = [];
    const fired = new Set<string>();
    for (const timer of due) {
      const id = `${timer.key.join('/')}#${timer.name}@${timer.due}`;
      fired.add(id);
      if (this.#fired.has(id)) continue;
      const [tenant, ...row] = timer.key as [string, ...string[]];
      const data = { job: job.name, row, name: timer.name, due: timer.due };
      const to = { tenant, recordKey: row[0] as string };
      records.push(
        toRow(stores.codec, timerFired, data, to, `timer/${job.name}/${id}`, timer.due, place, this.#partitions, now),
      );
    }
    if (records.length > 0) await stores.transport.produce(records);
    this.#fired = fired;
    if (records.length === 0) return false;
    telemetry.tell({ ...place, kind: 'timers-fired', count: records.length });
    return true;
  }
}
