/** Jobs in this process until somebody stops it, with log, metrics and probes. */
import type { Job } from '../jobs/define.ts';
import { lookupsFor, type RunningJob, runJob } from '../jobs/runtime/run.ts';
import type { Telemetry } from '../jobs/runtime/telemetry.ts';
import { messageOf } from '../schemas/errors.ts';
import { type Context, pause, print } from './context.ts';
import { type Probes, serveProbes } from './probes.ts';
import { statusLine } from './status-line.ts';
import { createLogger, createMetrics, type Logger, logged, metered, toAll } from './telemetry.ts';

export async function serveJobs(context: Context, jobs: readonly Job[]): Promise<undefined> {
  const { wired, signal } = context;
  const { config } = wired;
  const status = statusLine(context.stderr);
  const logger = createLogger(config.logLevel, status.output);
  const telemetries: Telemetry[] = [logged(logger), status];
  let ready = false;
  let probes: Probes | undefined;
  const running: RunningJob[] = [];
  const ended = new AbortController();
  const failed = Promise.withResolvers<never>();
  failed.promise.catch(() => {});
  try {
    if (config.metricsPort > 0) {
      const metrics = await createMetrics();
      telemetries.push(metered(metrics));
      probes = await serveProbes(config, metrics.registry, () => ready && !signal.aborted);
    }
    const runtime = wired.runtime(toAll(...telemetries));
    const lookups = lookupsFor(runtime);
    for (const job of jobs) {
      const one = await runJob(job, runtime, lookups);
      running.push(one);
      one.finished.catch(failed.reject);
    }
    void expireAgainAndAgain(context, logger, AbortSignal.any([signal, ended.signal]));
    ready = true;
    await print(
      context,
      `${jobs.length === 1 ? '1 job is' : `${jobs.length} jobs are`} running on ${config.data}; Ctrl-C stops`,
    );
    if (probes !== undefined) await print(context, `metrics and probes are at ${probes.address}`);
    status.start();
    await Promise.race([aborted(signal), failed.promise]);
    return undefined;
  } finally {
    ready = false;
    ended.abort();
    status.stop();
    if (signal.aborted) logger.info('stopping: the batches at hand are finished first');
    await Promise.all(running.map((job) => job.stop()));
    await probes?.close();
    if (signal.aborted) logger.info('stopped');
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve());
  });
}

/** Drops records that their topics no longer keep. A log that is away is asked again the next time. */
async function expireAgainAndAgain({ wired }: Context, logger: Logger, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const dropped = await wired.stores.transport.expire(Date.now());
      if (dropped > 0) logger.info(`${dropped} records past their retention were dropped`);
    } catch (error) {
      if (!signal.aborted) logger.warn(`records past their retention were not dropped: ${messageOf(error)}`);
    }
    await pause(wired.config.expireEveryMs, signal);
  }
}
