/** The HTTP service of a process. */
import { messageOf, TributaryError } from '../../core/errors.ts';
import { systemClock } from '../../jobs/runtime/clock.ts';
import { openApiOf } from '../../reports/service/openapi.ts';
import type { AuditEntry, Caller, Service } from '../../reports/service/route.ts';
import { routesOf } from '../../reports/service/routes/index.ts';
import { DEFAULT_SERVE_PORT } from '../config/service.ts';
import { reportKeys } from '../reports/keys.ts';
import { type OpenedSources, reportSources } from '../reports/sources.ts';
import { linkCheckOf } from '../stores/openers.ts';
import type { Wired } from '../stores/wiring.ts';
import type { ServiceMetrics } from '../telemetry/service-metrics.ts';
import type { Logger } from '../telemetry/telemetry.ts';
import { VERSION } from '../version.ts';
import { aboutOf } from './about.ts';
import { eventLog } from './events.ts';
import { explaining } from './missing.ts';
import { operationsOf } from './operations.ts';
import { serverOf } from './server.ts';
import { signInOf } from './sign-in.ts';

/** How long a call may take, except downloads and events. */
const ANSWER_MS = 30_000;
/** How long responses may go on after the process was asked to stop. */
const GRACE_MS = 10_000;

export interface RunningService {
  readonly address: string;
  /** A sentence for the operator about who may call the service. */
  readonly access: string;
  /** New calls are refused at once. Calls in progress are answered, for up to ten seconds. */
  close(): Promise<void>;
}

interface Reporting {
  readonly logger: Logger;
  readonly metrics: ServiceMetrics | undefined;
  /** Overrides the configured port; 0 means any free port. */
  readonly port?: number;
}

export async function startService(wired: Wired, { logger, metrics, port }: Reporting): Promise<RunningService> {
  const { config, platform } = wired;
  const signIn = signInOf(config);
  const stores = explaining(wired.stores, platform.jobs);
  const sources = reportSources({ ...wired, stores });
  const stopping = new AbortController();
  const routes = routesOf(platform);
  const about = aboutOf(config);
  const app = await serverOf({
    routes,
    service: { ...(await serviceOf({ ...wired, stores }, sources, logger)), about },
    signIn,
    document: () => openApiOf({ routes, version: VERSION }),
    rate: config.serveRate,
    logger,
    metrics,
    stopping: stopping.signal,
    answerMs: ANSWER_MS,
    signInOrigins: about.signIn.providers.map(({ issuer }) => new URL(issuer).origin),
  });
  const listening = { host: config.serveHost, port: port ?? (config.servePort || DEFAULT_SERVE_PORT) };
  let address: string;
  try {
    address = await app.listen(listening);
  } catch (error) {
    await app.close();
    await sources.close();
    throw new TributaryError(
      'CONFIG_INVALID',
      `the service cannot listen on ${listening.host}:${listening.port}: ${messageOf(error)}; choose another --serve-port`,
      { cause: error },
    );
  }
  return {
    address,
    access: accessOf(wired),
    async close() {
      stopping.abort();
      const done = new AbortController();
      const closed = app.close().finally(() => done.abort());
      void systemClock.sleep(GRACE_MS, done.signal).then(() => app.server.closeAllConnections());
      await closed;
      await sources.close();
    },
  };
}

const accessOf = ({ config }: Wired): string =>
  config.serveAccess === 'local'
    ? `for this machine alone, as the tenant ${config.serveTenant} with the roles ${config.serveRoles}`
    : 'for those who sign in';

async function serviceOf(wired: Wired, sources: OpenedSources, logger: Logger): Promise<Omit<Service, 'about'>> {
  const { config, platform, requests, objects, stores } = wired;
  // Audit lines are written at every log level.
  const audited = logger.child({}, { level: 'info' });
  return {
    reports: platform.reports,
    datasources: platform.datasources,
    requests,
    objects,
    sources,
    events: eventLog(stores),
    projections: stores,
    operations: operationsOf(wired),
    keys: reportKeys(config),
    clock: systemClock,
    keepMs: config.reportKeepMs,
    isLinkValid: await linkCheckOf(config),
    audit(caller: Pick<Caller, 'user' | 'tenant'>, { action, ...what }: AuditEntry) {
      const { user, tenant } = caller;
      audited.info({ audit: action, user, tenant, ...what }, `audit: ${user || 'somebody'} did: ${action}`);
    },
  };
}
