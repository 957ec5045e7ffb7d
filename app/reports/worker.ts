/** The report worker of a process: its parts, its log and its metrics. */

import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { systemClock } from '../../jobs/runtime/clock.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { planned } from '../../reports/requesting/asking.ts';
import { fileNameOf } from '../../reports/requesting/named.ts';
import { submit } from '../../reports/requesting/submit.ts';
import { type Announcing, endingEvents } from '../../reports/worker/announcing.ts';
import { WORKER_DEFAULTS, type WorkerSettings } from '../../reports/worker/settings.ts';
import { runSubmitting, type SubmittingParts } from '../../reports/worker/submitting.ts';
import { runWorker, type WorkerEvent, type WorkerParts } from '../../reports/worker/worker.ts';
import type { Config } from '../config/keys.ts';
import { isEmbedded } from '../config/urls.ts';
import { emitEvents, recordsOf } from '../run/emit-events.ts';
import type { Wired } from '../stores/wiring.ts';
import { reportKeys } from './keys.ts';
import { type OpenedSources, reportSources } from './sources.ts';

const workerSettings = (config: Config): WorkerSettings => ({
  ...WORKER_DEFAULTS,
  atOnce: config.reportsAtOnce,
  tenantLimit: config.reportsPerTenant,
  leaseMs: config.reportLeaseMs,
  keepMs: config.reportKeepMs,
  backOffMs: [config.backOffFirstMs, config.backOffLongestMs],
});

const announcing = ({ config, objects, platform }: Wired): Announcing => ({
  reports: platform.reports,
  async linkTo(request, { object, expiresAt }) {
    // The HTTP service serves the objects of a folder, if there is one.
    if (isEmbedded(config.objects) && config.servePort === 0) return undefined;
    const until = Math.min(expiresAt, systemClock.now() + config.reportLinkMs);
    return objects.link(object, until, fileNameOf(request));
  },
});

/** The parts of a worker, from an installation. The caller closes the sources. */
export function workerParts(wired: Wired, sources: OpenedSources, tell: (event: WorkerEvent) => void): WorkerParts {
  const { config, objects, requests, platform } = wired;
  return {
    requests,
    objects,
    sources,
    reports: platform.reports,
    keys: reportKeys(config),
    clock: systemClock,
    random: Math.random,
    settings: workerSettings(config),
    owner: `${hostname()}/${process.pid}/${randomUUID().slice(0, 8)}`,
    async announce(ended) {
      const events = [];
      for (const each of ended) events.push(...(await endingEvents(each, announcing(wired))));
      await emitEvents(wired, events, systemClock.now());
    },
    tell,
  };
}

/** Runs reports in a process, and takes requests from their topic. */
export interface ReportWorker {
  run(signal: AbortSignal): Promise<void>;
  /** Joins the group that takes requests from their topic. */
  submit(work: Work): Promise<RunningJob>;
  close(): Promise<void>;
}

export function reportWorker(wired: Wired, { runtime, tell }: Serving): ReportWorker {
  const sources = reportSources(wired);
  const parts = workerParts(wired, sources, tell);
  return {
    run: (signal) => runWorker(parts, signal),
    submit: (work) => runSubmitting(submittingParts(wired, { work, runtime, parts })),
    close: () => sources.close(),
  };
}

interface Serving {
  readonly runtime: Runtime;
  tell(event: WorkerEvent): void;
}

function submittingParts(
  wired: Wired,
  { work, runtime, parts }: { work: Work; runtime: Runtime; parts: WorkerParts },
): SubmittingParts {
  const { requests, reports, keys, sources } = parts;
  return {
    work,
    runtime,
    async ask(ask, from) {
      const now = systemClock.now();
      const asked = await planned(ask, { reports, keys, now }, sources.reads(ask.tenant));
      return (await submit(requests, asked.request, now, from)).request;
    },
    eventsFor: (request, user) =>
      endingEvents({ request, askers: [{ user, at: request.updatedAt }] }, announcing(wired)),
    encode: (events) => recordsOf(wired, events, systemClock.now()),
  };
}
