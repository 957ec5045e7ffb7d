/** The dashboard of the whole pipeline: whether all is well, and if not, which job or which store to look at. */
import type { Dashboard } from './grafana.ts';
import { of, ofProcess, perPartition, perSecond, process, quantile } from './queries.ts';

export const pipelineDashboard: Dashboard = {
  uid: 'tributary-pipeline',
  title: 'Tributary: pipeline',
  about: 'All jobs and rollups of one installation, and the stores that they use.',
  rows: [
    {
      title: 'Is all well?',
      panels: [
        {
          title: 'Failed jobs',
          about: 'Jobs that met something fatal, in any process.',
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
          about: 'The largest lag of all jobs, in seconds.',
          unit: 's',
          queries: [{ expr: `max(${of('lag_seconds')})`, legend: 'lag' }],
          stat: { redFrom: 300 },
        },
        {
          title: 'Dead letters in an hour',
          about: 'Records that no fold could apply.',
          unit: 'none',
          queries: [{ expr: `sum(increase(${of('dead_letters_total')}[1h]))`, legend: 'dead letters' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Records lost',
          about: 'Records that retention deleted before a job read them, since the processes began.',
          unit: 'none',
          queries: [{ expr: `sum(${of('records_lost_total')})`, legend: 'lost' }],
          stat: { redFrom: 1 },
        },
        {
          title: 'Versions',
          about: 'How many versions run side by side. More than one is a release that goes on.',
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
          title: 'Records read a second',
          about: 'By job, whatever became of them.',
          unit: 'ops',
          queries: [{ expr: perSecond('job', 'records_total'), legend: '{{job}}' }],
        },
        {
          title: 'Latency from end to end, 99 of 100',
          about: 'From the time of an event, by the clock of its sender, to its effect.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'job', 'event_latency_seconds'), legend: '{{job}}' }],
        },
        {
          title: 'Duration of a batch, 99 of 100',
          about: 'From the first to the last step.',
          unit: 's',
          queries: [{ expr: quantile(0.99, 'job', 'batch_duration_seconds'), legend: '{{job}}' }],
        },
        {
          title: 'What became of records',
          about: 'Applied, skipped, sent on or rejected, a second.',
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
          about: 'Calls that failed, a second. `usage` is no fault.',
          unit: 'ops',
          queries: [
            { expr: perSecond('store, kind', 'store_errors_total', 'kind!="usage"'), legend: '{{store}}: {{kind}}' },
          ],
        },
        {
          title: 'Duration of calls, 99 of 100',
          about: 'By store. `fetch` of the log is left out, since it waits for records.',
          unit: 's',
          queries: [
            { expr: quantile(0.99, 'store', 'store_call_duration_seconds', 'call!="fetch"'), legend: '{{store}}' },
          ],
        },
        {
          title: 'Calls a second',
          about: 'By store.',
          unit: 'ops',
          queries: [{ expr: perSecond('store', 'store_call_duration_seconds_count'), legend: '{{store}}' }],
        },
        {
          title: 'Waiting partitions',
          about: 'By the code of what they wait for.',
          unit: 'none',
          queries: [{ expr: `sum by (code) (${of('partitions_waiting')}) > 0 or vector(0)`, legend: '{{code}}' }],
        },
        {
          title: 'Refused writes of earlier owners',
          about: 'Stores refuse what an owner writes that was replaced. That is as it should be.',
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
      title: 'Groups',
      panels: [
        {
          title: 'Rebalances in an hour',
          about: 'How often processes were given partitions or gave some up.',
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
          title: 'Dead letters in an hour',
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
          about: 'What the kernel counts towards the limit, by pod.',
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
          title: 'Event loop, 99 of 100',
          about: 'How late timers are. Above a second a process may lose its partitions.',
          unit: 's',
          queries: [{ expr: ofProcess(process('nodejs_eventloop_lag_p99_seconds')), legend: '{{pod}}' }],
        },
      ],
    },
  ],
};
