/** The dashboard of the whole pipeline: whether all is well, and if not, which job or which store to look at. */
import type { Dashboard } from './grafana.ts';
import { of, ofProcess, perPartition, perSecond, process, quantile } from './queries.ts';

export const pipelineDashboard: Dashboard = {
  uid: 'tributary-pipeline',
  title: 'Tributary: pipeline',
  about: 'All jobs and rollups of one installation, and the stores that they use.',
  rows: [
    {
      title: 'Health',
      panels: [
        {
          title: 'Failed jobs',
          about: 'Jobs that stopped with a fatal error, in any process.',
          unit: 'none',
          queries: [{ expr: `count(${of('job_running')} == 0) or vector(0)`, legend: 'failed' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Waiting partitions',
          about: 'Partitions that wait for a store that is away.',
          unit: 'none',
          queries: [{ expr: `sum(${of('partitions_waiting')})`, legend: 'waiting' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Oldest unread record',
          about: 'The largest lag of any job, in seconds.',
          unit: 's',
          queries: [{ expr: `max(${of('lag_seconds')})`, legend: 'lag' }],
          stat: { redFrom: 300 },
        },
        {
          title: 'Dead letters per hour',
          about: 'Records that no fold could apply.',
          unit: 'none',
          queries: [{ expr: `sum(increase(${of('dead_letters_total')}[1h]))`, legend: 'dead letters' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Records lost',
          about: 'Records that retention deleted before a job read them, since the processes started.',
          unit: 'none',
          queries: [{ expr: `sum(${of('records_lost_total')})`, legend: 'lost' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Versions',
          about: 'How many versions run side by side. More than one means a rollout in progress.',
          unit: 'none',
          queries: [{ expr: `count(count by (version) (${of('build_info')}))`, legend: 'versions' }],
          stat: { redFrom: 2 },
        },
      ],
    },
    {
      title: 'Lag and throughput',
      panels: [
        {
          title: 'Lag, in records',
          about: 'Records not read yet, by job.',
          unit: 'short',
          queries: [{ expr: `sum by (job) (${perPartition('lag_records')})`, legend: '{{job}}' }],
        },
        {
          title: 'Lag, in time',
          about: 'The age of the first record not read yet, by job.',
          unit: 's',
          queries: [{ expr: `max by (job) (${of('lag_seconds')})`, legend: '{{job}}' }],
        },
        {
          title: 'Records read per second',
          about: 'By job, for all outcomes.',
          unit: 'ops',
          queries: [{ expr: perSecond('job', 'records_total'), legend: '{{job}}' }],
        },
        {
          title: 'End-to-end latency, p99',
          about: "From the time of an event, by its sender's clock, to its effects.",
          unit: 's',
          queries: [{ expr: quantile(0.99, 'job', 'event_latency_seconds'), legend: '{{job}}' }],
        },
        {
          title: 'Duration of a batch, p99',
          about: 'From its first to its last step.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'job', 'batch_duration_seconds'), legend: '{{job}}' }],
        },
        {
          title: 'Records by outcome',
          about: 'Applied, skipped, sent on or rejected, per second.',
          unit: 'ops',
          queries: [{ expr: perSecond('outcome', 'records_total'), legend: '{{outcome}}' }],
        },
      ],
    },
    {
      title: 'Stores',
      panels: [
        {
          title: 'Errors by store',
          about: 'Failed calls per second. `usage` is not a fault.',
          unit: 'ops',
          queries: [
            { expr: perSecond('store, kind', 'store_errors_total', 'kind!="usage"'), legend: '{{store}}: {{kind}}' },
          ],
        },
        {
          title: 'Duration of calls, p99',
          about: 'By store. `fetch` is left out, since it waits for records.',
          unit: 's',
          queries: [
            { expr: quantile(0.99, 'store', 'store_call_duration_seconds', 'call!="fetch"'), legend: '{{store}}' },
          ],
        },
        {
          title: 'Calls per second',
          about: 'By store.',
          unit: 'ops',
          queries: [{ expr: perSecond('store', 'store_call_duration_seconds_count'), legend: '{{store}}' }],
        },
        {
          title: 'Waiting partitions',
          about: 'By the code of the error that makes them wait.',
          unit: 'none',
          queries: [{ expr: `sum by (code) (${of('partitions_waiting')}) > 0 or vector(0)`, legend: '{{code}}' }],
        },
        {
          title: 'Refused writes of previous owners',
          about: 'Stores refuse the writes of an owner that was replaced. This is normal.',
          unit: 'ops',
          queries: [{ expr: perSecond('store', 'fenced_writes_total'), legend: '{{store}}' }],
        },
        {
          title: 'Indexes behind their rows',
          about: 'The age of the first record that an index lacks.',
          unit: 's',
          queries: [{ expr: `max by (view) (${of('view_lag_seconds')}) or vector(0)`, legend: '{{view}}' }],
        },
      ],
    },
    {
      title: 'Consumer groups',
      panels: [
        {
          title: 'Rebalances per hour',
          about: 'How often partitions were assigned to processes or revoked.',
          unit: 'none',
          queries: [
            { expr: `sum by (job, outcome) (increase(${of('rebalances_total')}[1h]))`, legend: '{{job}}: {{outcome}}' },
          ],
        },
        {
          title: 'Owned partitions',
          about: 'By job. A line below the others is a job with partitions that nobody reads.',
          unit: 'none',
          queries: [{ expr: `sum by (job) (${of('partitions_owned')})`, legend: '{{job}}' }],
        },
        {
          title: 'Dead letters per hour',
          about: 'By job and code.',
          unit: 'none',
          queries: [
            {
              expr: `sum by (job, code) (increase(${of('dead_letters_total')}[1h])) > 0 or vector(0)`,
              legend: '{{job}}: {{code}}',
            },
          ],
        },
      ],
    },
    {
      title: 'Processes',
      panels: [
        {
          title: 'Memory',
          about: 'Memory that counts towards the limit, by pod.',
          unit: 'bytes',
          queries: [{ expr: ofProcess(process('process_resident_memory_bytes')), legend: '{{pod}}' }],
        },
        {
          title: 'CPU',
          about: 'Cores in use, by pod.',
          unit: 'none',
          queries: [
            { expr: ofProcess(`rate(${process('process_cpu_seconds_total')}[$__rate_interval])`), legend: '{{pod}}' },
          ],
        },
        {
          title: 'Event loop lag, p99',
          about: 'How late the timers of Node are. Above one second, a process may lose its partitions.',
          unit: 's',
          queries: [{ expr: ofProcess(process('nodejs_eventloop_lag_p99_seconds')), legend: '{{pod}}' }],
        },
      ],
    },
  ],
};
