/** The metrics of a report worker, in the registry of its process. Labels are reports and outcomes, which are both bounded. */
import type { Registry } from 'prom-client';
import type { Report } from '../../reports/define-report.ts';
import type { Outcome } from '../../reports/worker/attempt.ts';

export type ReportMetrics = Awaited<ReturnType<typeof createReportMetrics>>;

const OUTCOMES: readonly Outcome['kind'][] = ['done', 'failed', 'cancelled', 'lost', 'stopped'];

export async function createReportMetrics(registry: Registry, reports: readonly Pick<Report, 'name'>[]) {
  const { Counter, Gauge, Histogram } = await import('prom-client');
  const registers = [registry];
  const attempts = new Counter({
    name: 'tributary_report_attempts_total',
    help: 'Ended attempts at reports, by outcome.',
    labelNames: ['report', 'outcome'],
    registers,
  });
  const rows = new Counter({
    name: 'tributary_report_rows_total',
    help: 'Rows in finished report files.',
    labelNames: ['report'],
    registers,
  });
  const running = new Gauge({
    name: 'tributary_reports_running',
    help: 'Reports running in this process.',
    registers,
  });
  const seconds = new Histogram({
    name: 'tributary_report_duration_seconds',
    help: 'Time from the lease of a report to its file.',
    labelNames: ['report'],
    buckets: [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3600],
    registers,
  });
  for (const { name: report } of reports) {
    for (const outcome of OUTCOMES) attempts.inc({ report, outcome }, 0);
    rows.inc({ report }, 0);
    seconds.zero({ report });
  }
  return { attempts, rows, running, seconds };
}
