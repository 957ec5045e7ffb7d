/**
 * Jobs in this process until somebody stops it, with log, metrics and probes. A store that is away when it begins is waited for, as it
 * is later: the process lives, and is not ready. What is fatal to one job stops that job (`running-jobs.ts`): the process goes on, and
 * is not ready. It ends with the message when no job is left.
 */

import type { Writable } from 'node:stream';
import { kindOf, messageOf } from '../core/errors.ts';
import { systemClock } from '../jobs/runtime/clock.ts';
import { startWhenBack } from '../jobs/runtime/patient.ts';
import { lookupsFor } from '../jobs/runtime/rows/run.ts';
import type { Telemetry } from '../jobs/runtime/telemetry.ts';
import { type Config, masked } from './config.ts';
import { expire } from './expire.ts';
import { letHeapGrow } from './heap.ts';
import { keepSegments } from './keep-segments.ts';
import { watchLag } from './lag-watch.ts';
import { createMetrics } from './metrics.ts';
import { isEmbedded } from './openers.ts';
import { Outages } from './outages.ts';

import { type Probes, serveProbes } from './probes.ts';
import { codeOf, RunningJobs } from './running-jobs.ts';
import { startWork } from './start-work.ts';
import { statusLine } from './status-line.ts';
import { createLogger, type Logger, logged, metered, toAll } from './telemetry.ts';
import { VERSION } from './version.ts';
import type { Wired } from './wiring.ts';
import { type AnyWork, isArchive, isJob, isSource } from './works.ts';

/** Where jobs run, and where that is reported. */
export interface Host {
  readonly wired: Wired;
  /** The log, and the status line of a terminal. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the jobs shall stop. */
  readonly signal: AbortSignal;
  /** Called with messages for the caller that started the jobs. */
  say(line: string): Promise<void>;
}

/** Answers whether every job could work until it was stopped. */
export async function serveJobs(host: Host, jobs: readonly AnyWork[]): Promise<boolean> {
  const { wired, signal } = host;
  const { config } = wired;
  letHeapGrow();
  const status = statusLine(host.stderr);
  const logger = createLogger(config.logLevel, status.output);
  const outages = new Outages((level, fields, text) => logger[level](fields, text), systemClock.now);
  const telemetries: Telemetry[] = [logged(logger), status, outages];
  // Listeners that are added later are called, too.
  const telemetry: Telemetry = { tell: (event) => toAll(...telemetries).tell(event) };
  let ready = false;
  let probes: Probes | undefined;
  let running: RunningJobs<AnyWork> | undefined;
  let upkeep: Promise<void> | undefined;
  const ended = new AbortController();
  try {
    if (config.metricsPort > 0) {
      const metrics = await createMetrics(jobs);
      telemetries.push(metered(metrics));
      const { transport } = wired.stores;
      void watchLag({ jobs, transport, metrics, clock: systemClock }, AbortSignal.any([signal, ended.signal]));
      probes = await serveProbes(config, metrics.registry, () => {
        if (signal.aborted) return 'it is stopping';
        const failed = [...wired.failed].map(([name, { code, message }]) => `${name} failed: ${code}: ${message}`);
        const waiting = outages.longerThan(ready ? config.readyWaitMs : 0).map(({ text }) => text);
        return [...(ready ? [] : ['the jobs are not running yet']), ...failed, ...waiting].join('\n');
      });
    }
    const runtime = wired.runtime(telemetry);
    const away = await startWhenBack(jobs, runtime, signal, () => wired.prepareJobs());
    if (away !== undefined) logger.warn(errorFields(away), `the jobs begin without the search: ${away.message}`);
    if (signal.aborted) return true;
    const lookups = lookupsFor(runtime);
    running = new RunningJobs({
      jobs,
      start: (job, until) => startWhenBack([job], runtime, until, () => startWork(job, wired, runtime, lookups)),
      unstopped: (error) => logger.warn(errorFields(error), `stopping: ${messageOf(error)}`),
      failures: wired.failed,
      telemetry,
      clock: systemClock,
      random: Math.random,
      signal,
    });
    await running.started();
    if (signal.aborted) return true;
    void expireAgainAndAgain(host, jobs, logger, AbortSignal.any([signal, ended.signal]));
    upkeep = keepAgainAndAgain(host, jobs, logger, AbortSignal.any([signal, ended.signal]));
    ready = true;
    const well = jobs.filter(({ name }) => !wired.failed.has(name));
    logger.info({ version: VERSION, jobs: well.map(({ name }) => name) }, 'running');
    await host.say(`${countOf(well)} running on ${placeOf(config)}; Ctrl-C stops`);
    if (probes !== undefined) await host.say(`metrics and probes are at ${probes.address}`);
    status.start();
    await Promise.race([aborted(signal), running.noneLeft]);
    return wired.failed.size === 0;
  } catch (error) {
    // Log collectors find it in the log; on a terminal it is shown once, at the end.
    if (!signal.aborted && host.stderr.isTTY !== true) logger.fatal(errorFields(error), messageOf(error));
    throw error;
  } finally {
    ready = false;
    ended.abort();
    status.stop();
    if (signal.aborted) logger.info('stopping: the batches at hand are finished first');
    await stopAll(running, logger);
    await upkeep;
    await probes?.close();
    if (signal.aborted) logger.info('stopped');
  }
}

/** A group that does not answer learns by itself, a little later, that this member is gone. */
async function stopAll(running: RunningJobs<AnyWork> | undefined, logger: Logger): Promise<void> {
  for (const stopped of (await running?.stop()) ?? []) {
    if (stopped.status === 'fulfilled') continue;
    if (kindOf(stopped.reason) !== 'retry') throw stopped.reason;
    logger.warn(errorFields(stopped.reason), `stopping: ${messageOf(stopped.reason)}`);
  }
}

const errorFields = (error: unknown): object => ({ code: codeOf(error) });

/** `6 jobs, 4 rollups and 7 archives are`. */
function countOf(works: readonly AnyWork[]): string {
  const [jobs, archives] = [works.filter(isJob).length, works.filter(isArchive).length];
  const many = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`];
  const rollups = works.length - jobs - archives;
  const counts = [...many(jobs, 'job'), ...many(rollups, 'rollup'), ...many(archives, 'archive')];
  const text = counts.length < 2 ? counts[0] : `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}`;
  return `${text} ${works.length === 1 ? 'is' : 'are'}`;
}

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

async function expireAgainAndAgain(
  { wired }: Host,
  jobs: readonly AnyWork[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    await expire(wired.stores, jobs.filter(isJob), { logger, now: Date.now(), signal });
    await systemClock.sleep(wired.config.expireEveryMs, signal);
  }
}

/** Segments of an embedded installation are written every second: they are put together before there are too many to be read. */
async function keepAgainAndAgain(
  { wired }: Host,
  works: readonly AnyWork[],
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  const sources = works.filter(isSource);
  if (!isEmbedded(wired.config.objects) || sources.length === 0) return;
  while (!signal.aborted) {
    await keepSegments(() => wired.segments(), sources, logger, signal);
    await systemClock.sleep(Math.min(KEEP_EVERY_MS, wired.config.expireEveryMs), signal);
  }
}

const KEEP_EVERY_MS = 10 * 60_000;
