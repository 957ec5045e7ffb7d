/** Watches which jobs of this process are paused. While the tables do not answer, the last known state holds. */
import type { Pause, Pauses } from '../../jobs/runtime/pauses.ts';
import { pauseOf } from '../../jobs/runtime/rows/generations/pause.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { Tables } from '../../sinks/tables/port.ts';

interface Watched {
  readonly jobs: readonly Work[];
  readonly tables: Pick<Tables, 'generations'>;
  readonly telemetry: Telemetry;
  readonly clock: Pick<Clock, 'sleep'>;
}

const EVERY_MS = 2_000;

export class PauseWatch implements Pauses {
  readonly #watched: Watched;
  readonly #paused = new Map<string, Pause>();
  /** Aborted when the job is no longer paused. */
  readonly #ends = new Map<string, AbortController>();

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  of(job: string): Pause | undefined {
    return this.#paused.get(job);
  }

  async ended(job: string, signal: AbortSignal): Promise<void> {
    const end = this.#ends.get(job)?.signal;
    if (end === undefined || end.aborted || signal.aborted) return;
    await new Promise<void>((resolve) => {
      const done = (): void => {
        end.removeEventListener('abort', done);
        signal.removeEventListener('abort', done);
        resolve();
      };
      end.addEventListener('abort', done);
      signal.addEventListener('abort', done);
    });
  }

  /** Throws the errors of the tables. */
  async look(): Promise<void> {
    const { jobs, tables } = this.#watched;
    for (const job of jobs) this.#learn(job, await pauseOf(tables, job.name));
  }

  /** Looks until the signal is aborted. */
  async watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#watched.clock.sleep(EVERY_MS, signal);
      // The jobs report what is wrong with the tables.
      if (!signal.aborted) await this.look().catch(() => {});
    }
  }

  #learn({ name: job, from }: Work, pause: Pause | undefined): void {
    const { telemetry } = this.#watched;
    const where = { job, topic: from.name };
    if (pause !== undefined) {
      if (!this.#paused.has(job)) {
        this.#ends.set(job, new AbortController());
        telemetry.tell({ ...where, kind: 'job-paused', by: pause.by, why: pause.why });
      }
      this.#paused.set(job, pause);
    } else if (this.#paused.delete(job)) {
      telemetry.tell({ ...where, kind: 'job-unpaused' });
      this.#ends.get(job)?.abort();
    }
  }
}
