/** The dashboard of one job. The chart makes one for each job that it runs: it replaces $JOB by the name and $TOPIC by the topic. */
import type { Dashboard } from './grafana.ts';
import { of, perPartition, perSecond, quantile } from './queries.ts';

const JOB = 'job="$JOB"';

export const jobDashboard: Dashboard = {
  uid: 'tributary-job-$JOB',
  title: 'Tributary: $JOB',
  about: 'The job $JOB, which reads $TOPIC.',
  rows: [
    {
      title: 'Reading',
      panels: [
        {
          title: 'Lag, in records',
          about: 'Records of $TOPIC not read yet, by partition.',
          unit: 'short',
          queries: [{ expr: perPartition('lag_records', JOB), legend: '{{partition}}' }],
        },
        {
          title: 'Lag, in time',
          about: 'The age of the first record not read yet, by partition.',
          unit: 's',
          queries: [{ expr: perPartition('lag_seconds', JOB), legend: '{{partition}}' }],
        },
        {
          title: 'Records by outcome',
          about: 'Per second.',
          unit: 'ops',
          queries: [{ expr: perSecond('outcome', 'records_total', JOB), legend: '{{outcome}}' }],
        },
        {
          title: 'End-to-end latency',
          about: "From the time of an event, by its sender's clock, to its effects.",
          unit: 's',
          queries: [0.5, 0.9, 0.99].map((q) => ({
            expr: quantile(q, '', 'event_latency_seconds', JOB),
            legend: `${q * 100} of 100`,
          })),
        },
        {
          title: 'Duration of a batch',
          about: 'From its first to its last step.',
          unit: 's',
          queries: [0.5, 0.99].map((q) => ({
            expr: quantile(q, '', 'batch_duration_seconds', JOB),
            legend: `${q * 100} of 100`,
          })),
        },
        {
          title: 'Records per batch',
          about: 'Large batches mean a backlog; small ones mean that the job keeps up.',
          unit: 'short',
          queries: [0.5, 0.99].map((q) => ({
            expr: quantile(q, '', 'batch_records', JOB),
            legend: `${q * 100} of 100`,
          })),
        },
      ],
    },
    {
      title: 'Writing',
      panels: [
        {
          title: 'Rows, views and events',
          about: 'Written per second.',
          unit: 'ops',
          queries: ['rows_written', 'views_written', 'events_sent'].map((metric) => ({
            expr: perSecond('job', `${metric}_total`, JOB),
            legend: metric.replace('_', ' '),
          })),
        },
        {
          title: 'Found in memory',
          about: 'The share of rows and lookups that were found in memory, without a call to a store.',
          unit: 'percentunit',
          queries: [
            {
              expr: `${perSecond('cache', 'cache_reads_total', JOB, 'outcome="hit"')} / ${perSecond('cache', 'cache_reads_total', JOB)}`,
              legend: '{{cache}}',
            },
          ],
        },
        {
          title: 'Indexes behind their rows',
          about: 'The age of the first record that an index lacks. A job without such an index has no line.',
          unit: 's',
          queries: [{ expr: `max by (view) (${of('view_lag_seconds', JOB)}) or vector(0)`, legend: '{{view}}' }],
        },
        {
          title: 'Dead letters per hour',
          about: 'By code.',
          unit: 'none',
          queries: [
            {
              expr: `sum by (code) (increase(${of('dead_letters_total', JOB)}[1h])) > 0 or vector(0)`,
              legend: '{{code}}',
            },
          ],
        },
        {
          title: 'Odd events per hour',
          about: 'Events applied although something about them is strange. `tributary doctor` names their senders.',
          unit: 'none',
          queries: [{ expr: `sum by (outcome) (increase(${of('odd_events_total', JOB)}[1h]))`, legend: '{{outcome}}' }],
        },
        {
          title: 'Overdue timers',
          about: 'Timers that are due and have not fired yet. A job without timers has no line.',
          unit: 'none',
          queries: [{ expr: `sum(${perPartition('timers_overdue', JOB)}) or vector(0)`, legend: 'overdue' }],
        },
      ],
    },
    {
      title: 'Partitions',
      panels: [
        {
          title: 'Owned partitions',
          about: 'By pod.',
          unit: 'none',
          queries: [{ expr: `max by (pod) (${of('partitions_owned', JOB)})`, legend: '{{pod}}' }],
        },
        {
          title: 'Waiting partitions',
          about: 'By the code of the error that makes them wait.',
          unit: 'none',
          queries: [{ expr: `sum by (code) (${of('partitions_waiting', JOB)}) > 0 or vector(0)`, legend: '{{code}}' }],
        },
        {
          title: 'Changes of owner per hour',
          about: 'Rebalances, and partitions given up to a newer owner.',
          unit: 'none',
          queries: [
            { expr: `sum by (outcome) (increase(${of('rebalances_total', JOB)}[1h]))`, legend: '{{outcome}}' },
            { expr: `sum(increase(${of('fenced_total', JOB)}[1h]))`, legend: 'fenced' },
          ],
        },
      ],
    },
  ],
};
