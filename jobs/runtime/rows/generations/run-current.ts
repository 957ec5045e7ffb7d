/** Runs a job on the current generation of its rows. When another generation becomes current, the job stops and runs on that one. */
import { TributaryError } from '../../../../core/errors.ts';
import type { Job } from '../../../define.ts';
import { startWhenBack } from '../../patient.ts';
import type { RunningJob } from '../../run-group.ts';
import type { Runtime } from '../../stores.ts';
import { lookupsFor, runJob } from '../run.ts';
import { atGeneration, generationsOf } from './state.ts';

/** Throws if a store does not answer before the job has run for the first time. Later the job waits for the store. */
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

  async function keep(): Promise<void> {
    for (;;) {
      try {
        return await running.finished;
      } catch (error) {
        if (!hasMoved(error) || stopping.signal.aborted) throw error;
      }
      await running.stop();
      const next = await startWhenBack([job], runtime, stopping.signal, start);
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
