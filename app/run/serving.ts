/**
 * Runs jobs in this process until it is stopped, with log, metrics and probes. A store that does not answer is waited for, at the start as
 * well as later: the process lives, and is not ready. An error that is fatal to one job stops only that job (`running-jobs.ts`): the
 * process goes on, and is not ready. It ends with the error when no job is left.
 */

import type { Writable } from 'node:stream';
import { kindOf, messageOf } from '../../core/errors.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { startWhenBack } from '../../jobs/runtime/patient.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Telemetry } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { Config } from '../config/keys.ts';
import { isEmbedded, masked } from '../config/urls.ts';
import { type AnyWork, isArchive, isJob, isSource, submittingOf } from '../platform/works.ts';
import { type ReportWorker, reportWorker } from '../reports/worker.ts';
import type { RunningService } from '../service/serve.ts';
import type { Wired } from '../stores/wiring.ts';
import { watchLag } from '../telemetry/lag-watch.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { Outages } from '../telemetry/outages.ts';
import { PauseWatch } from '../telemetry/pause-watch.ts';
import { type Probes, serveProbes } from '../telemetry/probes.ts';
import { createReportMetrics, type ReportMetrics } from '../telemetry/report-metrics.ts';
import { reportTelemetry } from '../telemetry/report-telemetry.ts';
import { createServiceMetrics, type ServiceMetrics } from '../telemetry/service-metrics.ts';
import { storeMetrics, storesOf } from '../telemetry/store-metrics.ts';
import { createLogger, type Logger, logged, metered, toAll } from '../telemetry/telemetry.ts';
import { createUpkeepMetrics, watchUpkeep } from '../telemetry/upkeep-watch.ts';
import { statusLine } from '../text/status-line.ts';
import { expire } from '../upkeep/expire.ts';
import { keepSegments } from '../upkeep/keep-segments.ts';
import { VERSION } from '../version.ts';
import { keepHeapSmall, letHeapGrow } from './heap.ts';
import { codeOf, RunningJobs } from './running-jobs.ts';
import { startWork } from './start-work.ts';

/** Where jobs run, and where they are reported. */
export interface Host {
  readonly wired: Wired;
  /** The log, and the status line of a terminal. */
  readonly stderr: Writable & { readonly isTTY?: boolean };
  /** Aborted when the jobs have to stop. */
  readonly signal: AbortSignal;
  /** Called with messages for the caller that started the jobs. */
  say(line: string): Promise<void>;
}

export interface Served {
  readonly jobs: readonly AnyWork[];
  /** Whether this process also runs reports. */
  readonly reports: boolean;
  /** Whether it also has the HTTP service. */
  readonly service: boolean;
}

/** Returns whether every job could work until it was stopped. */
export async function serveJobs(host: Host, { jobs, reports, service }: Served): Promise<boolean> {
  const { wired, signal } = host;
  const { config } = wired;
  if (jobs.length > 0) letHeapGrow();
  else keepHeapSmall();
  const status = statusLine(host.stderr);
  const logger = createLogger(config.logLevel, status.output);
  const outages = new Outages((level, fields, text) => logger[level](fields, text), systemClock.now);
  const telemetries: Telemetry[] = [logged(logger), status, outages];
  // Listeners that are added later are called, too.
  const telemetry: Telemetry = { tell: (event) => toAll(...telemetries).tell(event) };
  let ready = false;
  let probes: Probes | undefined;
  let reportMetrics: ReportMetrics | undefined;
  let serviceMetrics: ServiceMetrics | undefined;
  let serving: RunningService | undefined;
  let running: RunningJobs<Startable> | undefined;
  let worker: ReportWorker | undefined;
  let upkeep: Promise<void> | undefined;
  let reporting: Promise<void> | undefined;
  const ended = new AbortController();
  const submitting = reports ? submittingOf(wired.platform) : undefined;
  const groups = [...jobs, ...(submitting === undefined ? [] : [submitting])];
  try {
    if (config.metricsPort > 0) {
      const metrics = await createMetrics(groups);
      if (reports) reportMetrics = await createReportMetrics(metrics.registry, wired.platform.reports);
      if (service) serviceMetrics = await createServiceMetrics(metrics.registry);
      if (jobs.some(isSource)) {
        const upkeepMetrics = await createUpkeepMetrics(metrics.registry);
        const watched = { objects: wired.objects, metrics: upkeepMetrics, clock: systemClock };
        void watchUpkeep(watched, AbortSignal.any([signal, ended.signal]));
      }
      telemetries.push(metered(metrics));
      wired.storeCalls.listener = storeMetrics(metrics.instruments, storesOf(config));
      const { transport } = wired.stores;
      void watchLag({ jobs: groups, transport, metrics, clock: systemClock }, AbortSignal.any([signal, ended.signal]));
      probes = await serveProbes(config, metrics.registry, () => {
        if (signal.aborted) return 'it is stopping';
        const failed = [...wired.failed].map(([name, { code, message }]) => `${name} failed: ${code}: ${message}`);
        const waiting = outages.longerThan(ready ? config.readyWaitMs : 0).map(({ text }) => text);
        return [...(ready ? [] : ['the jobs are not running yet']), ...failed, ...waiting].join('\n');
      });
    }
    const { tables } = wired.stores;
    const pauses = new PauseWatch({ jobs: groups, tables, telemetry, clock: systemClock });
    const runtime = { ...wired.runtime(telemetry), pauses };
    const away = await startWhenBack(groups, runtime, signal, async () => {
      const missing = await wired.prepareJobs();
      // A paused job does not begin.
      await pauses.look();
      return missing;
    });
    if (away !== undefined) logger.warn(errorFields(away), `the jobs begin without the search: ${away.message}`);
    if (signal.aborted) return true;
    const lookups = lookupsFor(runtime);
    void pauses.watch(AbortSignal.any([signal, ended.signal]));
    if (reports) worker = reportWorker(wired, { runtime, tell: reportTelemetry(logger, reportMetrics) });
    running = new RunningJobs({
      jobs: [
        ...jobs.map((job) => startable(job, () => startWork(job, wired, runtime, { lookups }))),
        ...submittingBy(worker, submitting),
      ],
      start: (job, until) => startWhenBack([job], runtime, until, job.begin),
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
    reporting = worker?.run(AbortSignal.any([signal, ended.signal]));
    reporting?.catch(() => ended.abort());
    if (service) {
      const { startService } = await import('../service/serve.ts');
      serving = await startService(wired, { logger, metrics: serviceMetrics });
    }
    ready = true;
    const well = jobs.filter(({ name }) => !wired.failed.has(name));
    logger.info({ version: VERSION, jobs: well.map(({ name }) => name) }, 'running');
    await host.say(`${countOf(well, { reports, service })} running on ${storesText(config)}; Ctrl-C stops`);
    if (probes !== undefined) await host.say(`metrics and probes are at ${probes.address}`);
    if (serving !== undefined) {
      await host.say(`the service is at ${serving.address}, ${serving.access}`);
      await host.say(`open ${serving.address} in a browser: courses, reports and figures are there`);
    }
    status.start();
    await Promise.race([
      aborted(signal),
      ...(groups.length === 0 ? [] : [running.noneLeft]),
      ...(reporting === undefined ? [] : [reporting]),
    ]);
    return wired.failed.size === 0;
  } catch (error) {
    // Log collectors find the error in the log. On a terminal it is shown once, at the end.
    if (!signal.aborted && host.stderr.isTTY !== true) logger.fatal(errorFields(error), messageOf(error));
    throw error;
  } finally {
    ready = false;
    ended.abort();
    status.stop();
    if (signal.aborted) logger.info('stopping: the batches at hand are finished first');
    await serving?.close();
    await stopAll(running, logger);
    await upkeep;
    await reporting?.catch((error: unknown) => logger.warn(errorFields(error), `stopping: ${messageOf(error)}`));
    await worker?.close();
    await probes?.close();
    if (signal.aborted) logger.info('stopped');
  }
}

interface Startable extends Work {
  begin(): Promise<RunningJob>;
}

const startable = ({ name, from }: Work, begin: () => Promise<RunningJob>): Startable => ({ name, from, begin });

/** The group that takes report requests waits for stores, fails and restarts as a job does. */
const submittingBy = (worker: ReportWorker | undefined, work: Work | undefined): readonly Startable[] =>
  worker === undefined || work === undefined ? [] : [startable(work, () => worker.submit(work))];

/** A group that does not answer notices on its own, a little later, that this member is gone. */
async function stopAll(running: RunningJobs<Startable> | undefined, logger: Logger): Promise<void> {
  for (const stopped of (await running?.stop()) ?? []) {
    if (stopped.status === 'fulfilled') continue;
    if (kindOf(stopped.reason) !== 'retry') throw stopped.reason;
    logger.warn(errorFields(stopped.reason), `stopping: ${messageOf(stopped.reason)}`);
  }
}

const errorFields = (error: unknown): object => ({ code: codeOf(error) });

/** `6 jobs, 4 rollups and a report worker are`. */
function countOf(works: readonly AnyWork[], { reports, service }: Omit<Served, 'jobs'>): string {
  const [jobs, archives] = [works.filter(isJob).length, works.filter(isArchive).length];
  const many = (count: number, what: string): string[] =>
    count === 0 ? [] : [`${count} ${what}${count === 1 ? '' : 's'}`];
  const rollups = works.length - jobs - archives;
  const counts = [
    ...many(jobs, 'job'),
    ...many(rollups, 'rollup'),
    ...many(archives, 'archive'),
    ...(reports ? ['a report worker'] : []),
    ...(service ? ['the HTTP service'] : []),
  ];
  const text = counts.length < 2 ? counts[0] : `${counts.slice(0, -1).join(', ')} and ${counts.at(-1)}`;
  return `${text} ${works.length + Number(reports) + Number(service) === 1 ? 'is' : 'are'}`;
}

/** The URLs of the records and rows, without passwords. */
function storesText(config: Config): string {
  const remote = (['transport', 'tables'] as const).filter((port) => !isEmbedded(config[port]));
  const urls = remote.map((port) => masked(port, config[port]));
  return [...urls, ...(remote.length < 2 ? [config.data] : [])].join(' and ');
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

/** An embedded installation writes segments every second. They are compacted before there are too many to read. */
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
