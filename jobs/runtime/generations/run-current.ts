/** Runs a job on the current generation of its rows. When another one becomes current, it lets go of everything and runs on that. */
import { kindOf, TributaryError } from '../../../core/errors.ts';
import type { Job } from '../../define.ts';
import { backOff } from '../back-off.ts';
import { lookupsFor, type RunningJob, runJob } from '../run.ts';
import type { Runtime } from '../stores.ts';
import { atGeneration, generationsOf } from './state.ts';

/** Throws what is away before it runs for the first time; later it is waited for. */
export async function runCurrent(job: Job, runtime: Runtime, lookups = lookupsFor(runtime)): Promise<RunningJob> {
  const { tables } = runtime.stores;
  const stopping = new AbortController();

  async function start(): Promise<RunningJob> {
    const { current } = await generationsOf(tables, job.name);
    const now = atGeneration(job, current);
    await tables.prepare([now.row]);
    return runJob(now, runtime, lookups);
  }

  let running = await start();

  async function startAgain(): Promise<RunningJob | undefined> {
    const { settings, clock, random, telemetry } = runtime;
    for (let failures = 1; !stopping.signal.aborted; failures += 1) {
      try {
        const started = await start();
        if (failures > 1) telemetry.tell({ job: job.name, topic: job.from.name, kind: 'job-resumed' });
        return started;
      } catch (error) {
        if (kindOf(error) !== 'retry') throw error;
        const { code, message } = error as TributaryError;
        const delayMs = backOff(failures, settings.backOffMs, random);
        telemetry.tell({ job: job.name, topic: job.from.name, kind: 'job-waiting', code, message, delayMs });
        await clock.sleep(delayMs, stopping.signal);
      }
    }
    return undefined;
  }

  async function keep(): Promise<void> {
    for (;;) {
      try {
        return await running.finished;
      } catch (error) {
        if (!hasMoved(error) || stopping.signal.aborted) throw error;
      }
      await running.stop();
      const next = await startAgain();
      if (next === undefined) return;
      running = next;
      if (stopping.signal.aborted) return running.stop();
    }
  }

  const finished = keep();
  finished.catch(() => {});
  return {
    finished,
    async stop() {
      stopping.abort();
      await running.stop();
      await finished.catch(() => {});
    },
  };
}

const hasMoved = (error: unknown): boolean => error instanceof TributaryError && error.code === 'GENERATION_MOVED';
