import assert from 'node:assert/strict';
import { test } from 'node:test';
import { watchLag } from '../../app/telemetry/lag-watch.ts';
import { createMetrics } from '../../app/telemetry/metrics.ts';
import { TributaryError } from '../../core/errors.ts';
import { jobs as declared } from '../../jobs/index.ts';
import type { GroupLag, LogRecord } from '../../topics/log/transport.ts';

const [job] = declared.slice(0, 1) as [(typeof declared)[number]];
const NOW = 100_000;

/** Watches a log that gives these answers, one per look, until the last of them. */
async function watched(
  answers: readonly (readonly GroupLag[] | TributaryError)[],
  before?: (metrics: Metrics) => void,
) {
  const metrics = await createMetrics([job], () => NOW);
  before?.(metrics);
  const stopping = new AbortController();
  const reads: number[] = [];
  let looks = 0;
  const transport = {
    async lag() {
      const answer = answers[looks++] as readonly GroupLag[] | TributaryError;
      if (looks === answers.length) stopping.abort();
      if (answer instanceof TributaryError) throw answer;
      return [...answer];
    },
    async read(_topic: string, partition: number, offset: number) {
      reads.push(offset);
      return [{ partition, offset, timestamp: 40_000 } as LogRecord];
    },
  };
  await watchLag({ jobs: [job], transport, metrics, clock: { sleep: async () => {} } }, stopping.signal);
  const text = await metrics.registry.metrics();
  const lag = (partition: number) =>
    ['records', 'seconds'].map((unit) => {
      const name = `tributary_lag_${unit}{job="${job.name}",topic="${job.from.name}",partition="${partition}"} `;
      return text
        .split('\n')
        .find((line) => line.startsWith(name))
        ?.slice(name.length);
    });
  return { lag, reads };
}
type Metrics = Awaited<ReturnType<typeof createMetrics>>;

const assignment = (partition: number) => ({ job: job.name, topic: job.from.name, partition });

const at = (partition: number, committed: number | undefined, end: number): GroupLag => ({
  partition,
  begin: 3,
  end,
  committed,
  lag: end - (committed ?? 3),
});

test('lag is known before any batch, in records and in seconds', async () => {
  const { lag, reads } = await watched([[at(0, 5, 9), at(1, undefined, 7), at(2, 4, 4)]]);
  assert.deepEqual(
    [lag(0), lag(1), lag(2)],
    [
      ['4', '60'],
      ['4', '60'],
      ['0', '0'],
    ],
  );
  assert.deepEqual(reads, [5, 3]);
});

test('while the log is away the last known lag stays, and its age grows', async () => {
  const { lag } = await watched([[at(0, 5, 9)], new TributaryError('LOG_AWAY', 'nobody answers')]);
  assert.deepEqual(lag(0), ['4', '60']);
});

test('lag that grows while a store is away is seen, and the age is asked for once', async () => {
  const { lag, reads } = await watched([[at(0, 5, 9)], [at(0, 5, 20)]]);
  assert.deepEqual([lag(0), reads], [['15', '60'], [5]]);
});

test('a process with partitions of its own does not report the lag of partitions of others', async () => {
  const { lag, reads } = await watched(
    [
      [at(0, 5, 9), at(1, 5, 9)],
      [at(0, 5, 9), at(1, 5, 9)],
    ],
    (metrics) => metrics.claimed(assignment(1)),
  );
  assert.deepEqual(
    [lag(0), lag(1)],
    [
      [undefined, undefined],
      ['4', '60'],
    ],
  );
  assert.deepEqual(reads, [5], 'nor does it read their records');
});

test('the lag of all partitions that was known before is forgotten with the first partition of its own', async () => {
  const { lag } = await watched([[]], (metrics) => {
    for (const partition of [0, 1]) metrics.isBehind(assignment(partition), 4, 40_000, 0);
    metrics.claimed(assignment(1));
  });
  assert.deepEqual(
    [lag(0), lag(1)],
    [
      [undefined, undefined],
      ['4', '60'],
    ],
  );
});
