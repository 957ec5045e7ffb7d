/**
 * The jobs of a process, isolated from each other. An error that is fatal to one job stops all partitions of that job, and the other jobs
 * go on. The job is started again after a pause that grows each time, as a supervisor restarts a process
 * (docs/decisions/0027-a-failed-job-leaves-the-others-alone.md).
 */

import { messageOf, TributaryError } from '../../core/errors.ts';
import { backOff } from '../../jobs/runtime/back-off.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';

/** The error that ended a job. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

export interface RunningJobsOptions<W extends Work> {
  readonly jobs: readonly W[];
  /** Undefined if the signal is aborted first. */
  readonly start: (job: W, signal: AbortSignal) => Promise<RunningJob | undefined>;
  /** A failed job could not be stopped in order. Other processes get its partitions a little later. */
  readonly unstopped: (error: unknown) => void;
  /** By job: failures of jobs that have not run steadily since. The caller hands in the map to share it. */
  readonly failures: Map<string, Failure>;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
  readonly random: () => number;
  /** Aborted when the process has to end. No job is started after that. */
  readonly signal: AbortSignal;
}

/** The first and the longest wait before a failed job is started again. */
const AGAIN_MS = [2 * 60_000, 15 * 60_000] as const;
/** Most errors that end a job end it again at once. A job that has run this long counts as running. */
const STEADY_MS = 60_000;

export class RunningJobs<W extends Work> {
  readonly #options: RunningJobsOptions<W>;
  readonly #ending = new AbortController();
  readonly #signal: AbortSignal;
  readonly #running = new Map<string, RunningJob>();
  /** Jobs that failed and were not started again yet. */
  readonly #down = new Set<string>();
  readonly #started: Promise<unknown>;
  readonly #kept: readonly Promise<void>[];
  readonly #noneLeft = Promise.withResolvers<never>();

  constructor(options: RunningJobsOptions<W>) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#ending.signal]);
    this.#noneLeft.promise.catch(() => {});
    const firsts = options.jobs.map((job) => ({ job, ...Promise.withResolvers<void>() }));
    this.#kept = firsts.map(({ job, resolve }) => this.#keep(job, resolve).then(resolve, this.#noneLeft.reject));
    this.#started = Promise.all(firsts.map(({ promise }) => promise));
  }

  /** Settles when every job was started once, successfully or not. */
  async started(): Promise<void> {
    await Promise.race([this.#started, this.#noneLeft.promise]);
  }

  /** Rejects when no job is left, with the error that ended the last one. */
  get noneLeft(): Promise<never> {
    return this.#noneLeft.promise;
  }

  /** Stops all jobs. Returns the results for those that were running. */
  async stop(): Promise<PromiseSettledResult<void>[]> {
    this.#ending.abort();
    const stopped = await Promise.allSettled([...this.#running.values()].map((job) => job.stop()));
    await Promise.all(this.#kept);
    return stopped;
  }

  async #keep(job: W, attempted: () => void): Promise<void> {
    const { clock, telemetry, start, failures, random } = this.#options;
    const where = { job: job.name, topic: job.from.name };
    for (let count = 0; !this.#signal.aborted; ) {
      const ended = new AbortController();
      try {
        const running = await start(job, this.#signal);
        if (running === undefined) return;
        if (this.#signal.aborted) return await this.#letGo(running);
        this.#running.set(job.name, running);
        this.#down.delete(job.name);
        const recovered = (): void => {
          if (ended.signal.aborted || this.#signal.aborted) return;
          count = 0;
          failures.delete(job.name);
          telemetry.tell({ ...where, kind: 'job-running' });
        };
        if (count === 0) recovered();
        else void clock.sleep(STEADY_MS, AbortSignal.any([this.#signal, ended.signal])).then(recovered);
        attempted();
        return await running.finished;
      } catch (error) {
        ended.abort();
        count += 1;
        const failure = { code: codeOf(error), message: messageOf(error) };
        failures.set(job.name, failure);
        this.#down.add(job.name);
        // The process then ends with this error.
        if (this.#down.size === this.#options.jobs.length) throw error;
        const delayMs = backOff(count, AGAIN_MS, random);
        telemetry.tell({ ...where, kind: 'job-failed', ...failure, delayMs });
        const running = this.#running.get(job.name);
        this.#running.delete(job.name);
        if (running !== undefined) await this.#letGo(running);
        attempted();
        await clock.sleep(delayMs, this.#signal);
      }
    }
  }

  async #letGo(running: RunningJob): Promise<void> {
    await running.stop().catch(this.#options.unstopped);
  }
}

export const codeOf = (error: unknown): string => (error instanceof TributaryError ? error.code : 'UNFORESEEN');
