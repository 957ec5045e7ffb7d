/** The dashboard of rollups, reports, and the HTTP service that serves them. */
import type { Dashboard } from './grafana.ts';
import { of, perPartition, perSecond, quantile } from './queries.ts';

const ROLLUP = 'job=~"roll-up-.*|archive-.*"';

export const figuresDashboard: Dashboard = {
  uid: 'tributary-figures',
  title: 'Tributary: rollups, reports, service',
  about: 'What rollups count, the reports made from it, and the calls to the HTTP service.',
  rows: [
    {
      title: 'Rollups',
      panels: [
        {
          title: 'Lag, in records',
          about: 'Records that are not in a table yet, including those already counted in memory.',
          unit: 'short',
          queries: [{ expr: `sum by (job) (${perPartition('lag_records', ROLLUP)})`, legend: '{{job}}' }],
        },
        {
          title: 'Events counted per second',
          about: 'Events in the segments that were committed.',
          unit: 'ops',
          queries: [{ expr: perSecond('job', 'events_counted_total', ROLLUP), legend: '{{job}}' }],
        },
        {
          title: 'From event to table, p99',
          about: 'From the time of an event to the commit of the segment that counts it.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'job', 'event_latency_seconds', ROLLUP), legend: '{{job}}' }],
        },
        {
          title: 'Commits per second',
          about: 'Commits of a partition to the table. The upkeep compacts many small ones.',
          unit: 'ops',
          queries: [{ expr: perSecond('job', 'published_total', ROLLUP), legend: '{{job}}' }],
        },
        {
          title: 'Rows per commit',
          about: 'On average.',
          unit: 'short',
          queries: [
            {
              expr: `${perSecond('job', 'segment_rows_total', ROLLUP)} / ${perSecond('job', 'published_total', ROLLUP)}`,
              legend: '{{job}}',
            },
          ],
        },
        {
          title: 'Objects: duration of calls, p99',
          about: 'By call.',
          unit: 's',
          queries: [
            { expr: quantile(0.99, 'call', 'store_call_duration_seconds', 'store="objects"'), legend: '{{call}}' },
          ],
        },
      ],
    },
    {
      title: 'Reports',
      panels: [
        {
          title: 'Attempts per hour',
          about: 'By outcome. `lost` means that the worker died and another one starts again.',
          unit: 'none',
          queries: [{ expr: `sum by (outcome) (increase(${of('report_attempts_total')}[1h]))`, legend: '{{outcome}}' }],
        },
        {
          title: 'Running',
          about: 'Reports running now, by pod.',
          unit: 'none',
          queries: [{ expr: of('reports_running'), legend: '{{pod}}' }],
        },
        {
          title: 'Duration, p95',
          about: 'From the lease of a report to its file.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'report', 'report_duration_seconds'), legend: '{{report}}' }],
        },
      ],
    },
    {
      title: 'Service',
      panels: [
        {
          title: 'Calls per second',
          about: 'By status.',
          unit: 'ops',
          queries: [{ expr: perSecond('status', 'service_calls_total'), legend: '{{status}}' }],
        },
        {
          title: 'Duration of calls, p95',
          about: 'By route.',
          unit: 's',
          queries: [{ expr: quantile(0.95, 'route', 'service_call_duration_seconds'), legend: '{{route}}' }],
        },
        {
          title: 'Open calls',
          about: 'Including downloads and followers.',
          unit: 'none',
          queries: [{ expr: of('service_calls_open'), legend: '{{pod}}' }],
        },
      ],
    },
  ],
};
