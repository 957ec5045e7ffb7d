/** Log lines and metrics of a report worker. Neither has parameters or names of people. */
import type { Outcome } from '../../reports/worker/attempt.ts';
import type { WorkerEvent } from '../../reports/worker/worker.ts';
import type { ReportMetrics } from './report-metrics.ts';
import type { Logger } from './telemetry.ts';

type Log = Pick<Logger, 'info' | 'warn'>;

export function reportTelemetry(logger: Log, metrics: ReportMetrics | undefined): (event: WorkerEvent) => void {
  return (event) => {
    switch (event.kind) {
      case 'began':
        metrics?.running.inc();
        return;
      case 'ended': {
        const { request, outcome, durationMs } = event;
        const { report, id, attempt } = request;
        metrics?.running.dec();
        metrics?.attempts.inc({ report, outcome: outcome.kind });
        if (outcome.kind === 'done') {
          metrics?.rows.inc({ report }, outcome.result.rows);
          metrics?.seconds.observe({ report }, durationMs / 1000);
        }
        const level = outcome.kind === 'failed' ? 'warn' : 'info';
        const bug = outcome.kind === 'failed' && outcome.cause instanceof Error ? { stack: outcome.cause.stack } : {};
        const fields = { report, request: id, attempt, durationMs: Math.round(durationMs), ...bug };
        logger[level](fields, textOf(report, outcome));
        return;
      }
      case 'tended':
        logger.info(`${event.count} ${event.what}`);
        return;
      case 'disabled':
        logger.warn({ tenant: event.tenant }, `the schedule ${event.schedule} is disabled: ${event.message}`);
        return;
      case 'waiting':
        logger.warn({ code: event.code }, `reports wait: ${event.message}`);
    }
  };
}

function textOf(report: string, outcome: Outcome): string {
  switch (outcome.kind) {
    case 'done':
      return `${report}: ${outcome.result.rows} rows, ${outcome.result.bytes} bytes`;
    case 'failed':
      return `${report} failed: ${outcome.error.code}: ${outcome.error.message}${outcome.retryAt === null ? '' : '; it is tried again'}`;
    case 'cancelled':
      return `${report} was cancelled`;
    case 'lost':
      return `${report} is with another worker now`;
    case 'stopped':
      return `${report} is left to another worker`;
  }
}
