/**
 * Jobs in this process until somebody stops it, with log, metrics and probes. A store that is away when it begins is waited for, as it
 * is later: the process lives, and is not ready. What is fatal ends it with a message.
 */
import type { Job } from '../jobs/define.ts';
import { backOff } from '../jobs/runtime/back-off.ts';
import { lookupsFor, type RunningJob, runJob } from '../jobs/runtime/run.ts';
import type { Telemetry } from '../jobs/runtime/telemetry.ts';
import { kindOf, messageOf, TributaryError } from '../schemas/errors.ts';
import { type Config, masked } from './config.ts';
import { type Context, pause, print } from './context.ts';
import { letHeapGrow } from './heap.ts';
import { isEmbedded } from './openers.ts';
import { type Probes, serveProbes } from './probes.ts';
import { statusLine } from './status-line.ts';
import { createLogger, createMetrics, type Logger, logged, metered, toAll } from './telemetry.ts';
import { VERSION } from './version.ts';

export async function serveJobs(context: Context, jobs: readonly Job[]): Promise<undefined> {
  const { wired, signal } = context;
  const { config } = wired;
  letHeapGrow();
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
    await patiently(context, logger, () => wired.prepare('all'));
    const runtime = wired.runtime(toAll(...telemetries));
    const lookups = lookupsFor(runtime);
    for (const job of jobs) {
      const one = await patiently(context, logger, () => runJob(job, runtime, lookups));
      if (one === undefined) return undefined;
      running.push(one);
      one.finished.catch(failed.reject);
    }
    if (signal.aborted) return undefined;
    void expireAgainAndAgain(context, logger, AbortSignal.any([signal, ended.signal]));
    ready = true;
    logger.info({ version: VERSION, jobs: jobs.map(({ name }) => name) }, 'running');
    await print(
      context,
      `${jobs.length === 1 ? '1 job is' : `${jobs.length} jobs are`} running on ${placeOf(config)}; Ctrl-C stops`,
    );
    if (probes !== undefined) await print(context, `metrics and probes are at ${probes.address}`);
    status.start();
    await Promise.race([aborted(signal), failed.promise]);
    return undefined;
  } catch (error) {
    // Who collects logs finds it there; on a terminal it is said once, at the end.
    if (!signal.aborted && context.stderr.isTTY !== true) logger.fatal(errorFields(error), messageOf(error));
    throw error;
  } finally {
    ready = false;
    ended.abort();
    status.stop();
    if (signal.aborted) logger.info('stopping: the batches at hand are finished first');
    await stopAll(running, logger);
    await probes?.close();
    if (signal.aborted) logger.info('stopped');
  }
}

/** Tries until what is away is back; undefined when the process shall end before. */
async function patiently<T>(
  { wired, signal }: Context,
  logger: Logger,
  work: () => Promise<T>,
): Promise<T | undefined> {
  const { backOffFirstMs, backOffLongestMs } = wired.config;
  for (let failures = 1; !signal.aborted; failures += 1) {
    try {
      return await work();
    } catch (error) {
      if (kindOf(error) !== 'retry') throw error;
      const delayMs = backOff(failures, [backOffFirstMs, backOffLongestMs], Math.random);
      logger.warn(errorFields(error), `not running yet: ${messageOf(error)}; again in ${delayMs} ms`);
      await pause(delayMs, signal);
    }
  }
  return undefined;
}

/** A group that does not answer learns by itself, a little later, that this member is gone. */
async function stopAll(running: readonly RunningJob[], logger: Logger): Promise<void> {
  for (const stopped of await Promise.allSettled(running.map((job) => job.stop()))) {
    if (stopped.status === 'fulfilled') continue;
    if (kindOf(stopped.reason) !== 'retry') throw stopped.reason;
    logger.warn(errorFields(stopped.reason), `stopping: ${messageOf(stopped.reason)}`);
  }
}

const errorFields = (error: unknown): object => ({ code: error instanceof TributaryError ? error.code : 'UNFORESEEN' });

/** Where the records and rows are, without passwords. */
function placeOf(config: Config): string {
  const remote = (['transport', 'tables'] as const).filter((port) => !isEmbedded(config[port]));
  const places = remote.map((port) => masked(port, config[port]));
  return [...places, ...(remote.length < 2 ? [config.data] : [])].join(' and ');
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
