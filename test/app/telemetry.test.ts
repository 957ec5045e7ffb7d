import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createMetrics } from '../../app/telemetry/metrics.ts';
import { createLogger, logged, metered, toAll } from '../../app/telemetry/telemetry.ts';
import { statusLine } from '../../app/text/status-line.ts';
import { jobs } from '../../jobs/index.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';

const WHERE = { job: 'track-progress', topic: 'enrollment.events', partition: 3 };
const BATCH = {
  ...WHERE,
  kind: 'batch',
  records: 10,
  applied: 4,
  skipped: { unwanted: 1, undeclared: 0, repeated: 2, unchanged: 0, 'not-ours': 1 },
  odd: { 'time-ahead': 2, 'unknown-fields': 3, 'unfit-fields': 0 },
  rejected: 1,
  routed: 1,
  rowsWritten: 3,
  viewsWritten: 6,
  eventsSent: 5,
  durationMs: 20,
  next: 110,
  end: 150,
  eventTime: 5000,
  recordTime: 6000,
  latenciesMs: [200, 4000, 4000, 9000],
  reads: { rows: { hits: 2, misses: 1 }, lookups: { hits: 0, misses: 5 } },
} as const satisfies TelemetryEvent;

/** One event of each kind. A kind that is missing here does not compile. */
const EVENTS: { readonly [K in TelemetryEvent['kind']]: Extract<TelemetryEvent, { kind: K }> } = {
  claimed: { ...WHERE, kind: 'claimed', token: 2, offset: 100 },
  released: { ...WHERE, kind: 'released' },
  paused: { ...WHERE, kind: 'paused' },
  published: {
    ...WHERE,
    kind: 'published',
    table: 'rollups/x/g1',
    version: 7,
    events: 100,
    rows: 12,
    durationMs: 40,
    next: 110,
    latenciesMs: [100],
  },
  batch: BATCH,
  undeclared: { ...WHERE, kind: 'undeclared', type: 'enrollment.enroled', count: 3 },
  'dead-letter': {
    ...WHERE,
    kind: 'dead-letter',
    offset: 7,
    code: 'DATA_INVALID',
    message: 'data.userId: a string is missing',
  },
  waiting: { ...WHERE, kind: 'waiting', code: 'TABLES_AWAY', message: 'the disk is full', delayMs: 300 },
  resumed: { ...WHERE, kind: 'resumed' },
  fenced: { ...WHERE, kind: 'fenced', message: 'a newer claim exists' },
  'topic-remade': { ...WHERE, kind: 'topic-remade', offset: 0 },
  'offset-foreign': { ...WHERE, kind: 'offset-foreign', offset: 5 },
  expanded: { ...WHERE, kind: 'expanded', from: 6, to: 12 },
  'views-stale': { ...WHERE, kind: 'views-stale', view: 'enrollments', count: 3 },
  'records-lost': { ...WHERE, kind: 'records-lost', from: 5, to: 9 },
  'timers-fired': { ...WHERE, kind: 'timers-fired', count: 4 },
  'timers-due': { ...WHERE, kind: 'timers-due', count: 4, oldest: 5000 },
  'view-late': { ...WHERE, kind: 'view-late', view: 'enrollments', code: 'SEARCH_AWAY', message: 'nobody answers' },
  'view-lag': { ...WHERE, kind: 'view-lag', view: 'enrollments', records: 7, ageMs: 3000 },
  'view-refused': { ...WHERE, kind: 'view-refused', view: 'enrollments', message: 'it is too large' },
  'view-missed': { ...WHERE, kind: 'view-missed', view: 'enrollments', from: 5, to: 9 },
  'job-waiting': {
    job: WHERE.job,
    topic: WHERE.topic,
    kind: 'job-waiting',
    code: 'LOG_AWAY',
    message: 'nobody answers',
    delayMs: 300,
  },
  'job-paused': { job: WHERE.job, topic: WHERE.topic, kind: 'job-paused', by: 'ada', why: 'the mail server moves' },
  'job-unpaused': { job: WHERE.job, topic: WHERE.topic, kind: 'job-unpaused' },
  'job-resumed': { job: WHERE.job, topic: WHERE.topic, kind: 'job-resumed' },
  rebalanced: { job: WHERE.job, topic: WHERE.topic, kind: 'rebalanced', what: 'assigned', partitions: 3 },
  'job-running': { job: WHERE.job, topic: WHERE.topic, kind: 'job-running' },
  'job-failed': {
    job: WHERE.job,
    topic: WHERE.topic,
    kind: 'job-failed',
    code: 'TOPIC_MISSING',
    message: 'it is not there',
    delayMs: 60_000,
  },
};

function collector(isTTY = false) {
  let text = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      text += chunk;
      done();
    },
  });
  return { stream: Object.assign(stream, { isTTY, columns: 60 }), text: () => text };
}

const sampleOf = (text: string, line: string): string | undefined =>
  text
    .split('\n')
    .find((each) => each.startsWith(`${line} `))
    ?.slice(line.length + 1);

test('every kind of event is one line of the log, with its fields', () => {
  for (const event of Object.values(EVENTS)) {
    // Dead letters have a test of their own, below.
    if (event.kind === 'dead-letter') continue;
    const { stream, text } = collector();
    logged(createLogger('debug', stream)).tell(event);
    const [line, ...others] = text().trim().split('\n');
    assert.deepEqual(others, []);
    const { time, level, msg, ...fields } = JSON.parse(line ?? '');
    const { latenciesMs: _of, ...expected } = event as typeof event & { latenciesMs?: unknown };
    // The message names a record, so it is not logged.
    if (event.kind === 'view-refused') delete (expected as { message?: string }).message;
    assert.deepEqual(fields, expected);
    assert.ok(msg.length > 0 && !Number.isNaN(Date.parse(time)));
    assert.ok(['debug', 'info', 'warn', 'error', 'fatal'].includes(level));
  }
});

test('the dead letters of a batch are one line with it, as counts, without what they quote', () => {
  const { stream, text } = collector();
  const telemetry = logged(createLogger('warn', stream));
  const letter = EVENTS['dead-letter'];
  telemetry.tell({ ...letter, offset: 9, code: 'KEY_INVALID', message: 'ada@example.org is no key' });
  telemetry.tell(letter);
  telemetry.tell({ ...letter, offset: 8 });
  telemetry.tell({ ...letter, partition: 4, offset: 1 });
  assert.equal(text(), '', 'the batch may not be committed');
  telemetry.tell(BATCH);
  telemetry.tell(BATCH);
  const { deadLetters, firstDeadLetter, records, msg } = JSON.parse(text());
  assert.deepEqual(deadLetters, { KEY_INVALID: 1, DATA_INVALID: 2 });
  assert.deepEqual([firstDeadLetter, records], [7, 10]);
  assert.match(msg, /^dead letters: 1 KEY_INVALID, 2 DATA_INVALID; the first is at offset 7:/);
  assert.doesNotMatch(text(), /ada|userId/);
});

test('events below the level are not logged', () => {
  const { stream, text } = collector();
  const telemetry = logged(createLogger('warn', stream));
  for (const event of Object.values(EVENTS)) telemetry.tell(event);
  assert.deepEqual(
    text()
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).kind),
    [
      'undeclared',
      'topic-remade',
      'offset-foreign',
      'expanded',
      'views-stale',
      'records-lost',
      'view-refused',
      'view-missed',
      'job-failed',
    ],
  );
});

test('an undeclared type is reported once, and at most a hundred types are reported', () => {
  const { stream, text } = collector();
  const telemetry = logged(createLogger('warn', stream));
  const tell = (change: object) => telemetry.tell({ ...EVENTS.undeclared, ...change });
  const lines = () => text().trim().split('\n').length;
  for (const partition of [0, 1]) for (const job of ['track-progress', 'notify']) tell({ partition, job });
  assert.equal(lines(), 1);
  assert.match(JSON.parse(text()).msg, /^enrollment\.events declares no type "enrollment\.enroled", so no job/);
  tell({ topic: 'batch.events' });
  assert.equal(lines(), 2);
  for (let n = 0; n < 200; n++) tell({ type: `type-${n}` });
  assert.equal(lines(), 100);
});

test('nothing that controls a terminal is written to it', () => {
  const { stream, text } = collector(true);
  logged(createLogger('info', stream)).tell({ ...EVENTS.fenced, message: 'a\u001b[2Jb\u009bc\u202ed\ne' });
  assert.match(text(), /a\\u001b\[2Jb\\u009bc\\u202ed\\u000ae\n$/);
});

test('a terminal gets plain lines', () => {
  const { stream, text } = collector(true);
  logged(createLogger('info', stream)).tell(EVENTS['records-lost']);
  assert.match(
    text(),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ error track-progress enrollment\.events\/3: the records from 5 up to 9 were deleted before the job read them: .*\n$/,
  );
});

test('a line about a whole job shows no partition on a terminal', () => {
  const { stream, text } = collector(true);
  logged(createLogger('info', stream)).tell(EVENTS['job-failed']);
  assert.match(
    text(),
    /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ fatal track-progress: TOPIC_MISSING: it is not there; .* again in 60 s\n$/,
  );
});

test('every kind of event changes a metric', async () => {
  for (const event of Object.values(EVENTS)) {
    const metrics = await createMetrics();
    const ours = async () =>
      (await metrics.registry.metrics())
        .split('\n')
        .filter((line) => line.startsWith('tributary_'))
        .join('\n');
    const before = await ours();
    metered(metrics).tell(event);
    assert.notEqual(await ours(), before, event.kind);
  }
});

test('the outcomes of a batch add up to its records', async () => {
  const metrics = await createMetrics();
  metered(metrics).tell(BATCH);
  const text = await metrics.registry.metrics();
  const outcomes = text.split('\n').filter((line) => line.startsWith('tributary_records_total{'));
  assert.equal(
    outcomes.map((line) => Number(line.split(' ').at(-1))).reduce((a, b) => a + b),
    BATCH.records,
  );
  const where = 'job="track-progress",topic="enrollment.events",partition="3"';
  assert.equal(sampleOf(text, `tributary_lag_records{${where}}`), '40');
  assert.equal(sampleOf(text, `tributary_event_time_seconds{${where}}`), '5');
  const odd = 'tributary_odd_events_total{job="track-progress",topic="enrollment.events",outcome=';
  assert.equal(sampleOf(text, `${odd}"time-ahead"}`), '2');
  assert.equal(sampleOf(text, `${odd}"unknown-fields"}`), '3');
  assert.equal(sampleOf(text, 'tributary_rows_written_total{job="track-progress"}'), '3');
  const ofJob = 'job="track-progress"';
  assert.equal(sampleOf(text, `tributary_batch_duration_seconds_sum{${ofJob}}`), '0.02');
  assert.equal(sampleOf(text, `tributary_batch_records_sum{${ofJob}}`), '10');
  assert.equal(sampleOf(text, `tributary_event_latency_seconds_bucket{le="5",${ofJob}}`), '3');
  assert.equal(sampleOf(text, `tributary_event_latency_seconds_count{${ofJob}}`), '4');
  assert.equal(sampleOf(text, `tributary_cache_reads_total{${ofJob},cache="rows",outcome="hit"}`), '2');
  assert.equal(sampleOf(text, `tributary_cache_reads_total{${ofJob},cache="lookups",outcome="miss"}`), '5');
});

const PLACE = 'job="track-progress",topic="enrollment.events",partition="3"';

test('the lag of a partition stays through an outage, in records and in seconds, and goes with the partition', async () => {
  let now = 10_000;
  const metrics = await createMetrics([], () => now);
  const telemetry = metered(metrics);
  const seen = async () => {
    const text = await metrics.registry.metrics();
    const lag = ['records', 'seconds'].map((unit) => sampleOf(text, `tributary_lag_${unit}{${PLACE}}`));
    return [...lag, sampleOf(text, 'tributary_partitions_owned{job="track-progress"}')];
  };
  telemetry.tell(EVENTS.claimed);
  telemetry.tell(BATCH);
  assert.deepEqual(await seen(), ['40', '4', '1']);
  telemetry.tell(EVENTS.waiting);
  now = 70_000;
  assert.deepEqual(await seen(), ['40', '64', '0'], 'it grows older');
  telemetry.tell(EVENTS.resumed);
  assert.deepEqual(await seen(), ['40', '64', '1']);
  telemetry.tell({ ...BATCH, end: BATCH.next });
  assert.deepEqual(await seen(), ['0', '0', '1']);
  telemetry.tell(EVENTS.fenced);
  assert.deepEqual(await seen(), ['0', '0', '0'], 'it may well claim it again');
  telemetry.tell(EVENTS.released);
  assert.deepEqual(await seen(), [undefined, undefined, '0']);
});

test('due timers are counted from the claim on, and the first of them grows older until they are gone', async () => {
  let now = 10_000;
  const metrics = await createMetrics([], () => now);
  const telemetry = metered(metrics);
  const seen = async () => {
    const text = await metrics.registry.metrics();
    return ['', '_seconds'].map((unit) => sampleOf(text, `tributary_timers_overdue${unit}{${PLACE}}`));
  };
  telemetry.tell(EVENTS.claimed);
  assert.deepEqual(await seen(), ['0', '0']);
  telemetry.tell(EVENTS['timers-due']);
  assert.deepEqual(await seen(), ['4', '5']);
  now = 70_000;
  assert.deepEqual(await seen(), ['4', '65']);
  telemetry.tell({ ...EVENTS['timers-due'], count: 0, oldest: undefined });
  assert.deepEqual(await seen(), ['0', '0']);
  telemetry.tell(EVENTS.released);
  assert.deepEqual(await seen(), [undefined, undefined]);
});

test('the number of waiting partitions is reported by what they wait for', async () => {
  const metrics = await createMetrics();
  const telemetry = metered(metrics);
  const waiting = async (code: string) =>
    sampleOf(await metrics.registry.metrics(), `tributary_partitions_waiting{job="track-progress",code="${code}"}`);
  telemetry.tell(EVENTS['job-waiting']);
  assert.equal(await waiting('LOG_AWAY'), '1');
  telemetry.tell(EVENTS['job-resumed']);
  telemetry.tell(EVENTS.waiting);
  telemetry.tell({ ...EVENTS.waiting, partition: 4 });
  assert.deepEqual([await waiting('LOG_AWAY'), await waiting('TABLES_AWAY')], ['0', '2']);
  telemetry.tell({ ...EVENTS.waiting, code: 'CACHE_AWAY' });
  assert.deepEqual([await waiting('CACHE_AWAY'), await waiting('TABLES_AWAY')], ['1', '1']);
  telemetry.tell(EVENTS.resumed);
  telemetry.tell({ ...EVENTS.released, partition: 4 });
  assert.deepEqual([await waiting('CACHE_AWAY'), await waiting('TABLES_AWAY')], ['0', '0']);
});

test('every metric with known labels is there from the start, at 0', async () => {
  const metrics = await createMetrics(jobs);
  const text = await metrics.registry.metrics();
  for (const { name: job, from, views } of jobs) {
    const samples = [
      `tributary_records_total{job="${job}",topic="${from.name}",outcome="applied"}`,
      `tributary_records_total{job="${job}",topic="${from.name}",outcome="unwanted"}`,
      `tributary_dead_letters_total{job="${job}",code="DATA_INVALID"}`,
      `tributary_waits_total{job="${job}",code="TABLES_AWAY"}`,
      `tributary_partitions_waiting{job="${job}",code="CACHE_AWAY"}`,
      `tributary_odd_claims_total{job="${job}",outcome="expanded"}`,
      `tributary_job_running{job="${job}"}`,
      `tributary_partitions_owned{job="${job}"}`,
      `tributary_batch_duration_seconds_count{job="${job}"}`,
      ...views
        .filter(({ policy }) => policy === 'catching-up')
        .map(({ into }) => `tributary_view_waits_total{job="${job}",view="${into.name}",code="SLOW"}`),
    ];
    for (const sample of samples) assert.equal(sampleOf(text, sample), '0', sample);
  }
  const before = new Set(
    text
      .split('\n')
      .filter((line) => line.includes('_total{'))
      .map((line) => line.split(' ')[0]),
  );
  for (const event of Object.values(EVENTS)) metered(metrics).tell(event);
  const after = (await metrics.registry.metrics()).split('\n').filter((line) => line.includes('_total{'));
  for (const line of after) assert.ok(before.has(line.split(' ')[0]), `${line} was not there before`);
});

test('it is reported whether each job runs, and a terminal shows those that do not', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { stream, text } = collector(true);
  const status = statusLine(stream);
  const metrics = await createMetrics();
  const telemetry = toAll(status, metered(metrics));
  const running = async () => sampleOf(await metrics.registry.metrics(), 'tributary_job_running{job="track-progress"}');
  status.start();
  telemetry.tell(EVENTS['job-running']);
  assert.equal(await running(), '1');
  telemetry.tell(EVENTS['job-failed']);
  assert.equal(await running(), '0');
  t.mock.timers.tick(1000);
  assert.match(text().split('\u001b[K').at(-1) ?? '', /^failed: track-progress, 0 records/);
  telemetry.tell(EVENTS['job-running']);
  assert.equal(await running(), '1');
  t.mock.timers.tick(1000);
  assert.match(text().split('\u001b[K').at(-1) ?? '', /^0 records/);
  status.stop();
});

test('the lag of a view is reported as long as this process has the partition', async () => {
  const metrics = await createMetrics();
  const telemetry = metered(metrics);
  const where = 'job="track-progress",view="enrollments",partition="3"';
  const lag = async () => {
    const text = await metrics.registry.metrics();
    return ['records', 'seconds'].map((unit) => sampleOf(text, `tributary_view_lag_${unit}{${where}}`));
  };
  telemetry.tell(EVENTS['view-lag']);
  assert.deepEqual(await lag(), ['7', '3']);
  telemetry.tell({ ...EVENTS['view-lag'], records: 5, ageMs: undefined });
  assert.deepEqual(await lag(), ['5', '3'], 'the age is not known');
  telemetry.tell({ ...EVENTS['view-lag'], records: 0, ageMs: 0 });
  assert.deepEqual(await lag(), ['0', '0']);
  telemetry.tell(EVENTS.released);
  assert.deepEqual(await lag(), [undefined, undefined]);
});

const LABELS = ['job', 'topic', 'partition', 'view', 'code', 'outcome', 'cache', 'version', 'node', 'le'];

test('metric names follow the rules, and no label can contain a key or a message', async () => {
  const metrics = await createMetrics();
  for (const event of Object.values(EVENTS)) metered(metrics).tell(event);
  for (const metric of await metrics.registry.getMetricsAsJSON()) {
    if (!metric.name.startsWith('tributary_')) continue;
    assert.match(metric.name, /^tributary_[a-z_]+$/);
    assert.equal(String(metric.type) === 'counter', metric.name.endsWith('_total'), metric.name);
    for (const { labels } of metric.values) {
      for (const name of Object.keys(labels)) assert.ok(LABELS.includes(name), name);
    }
  }
});

test('every listener is notified', () => {
  const notified: string[] = [];
  toAll({ tell: () => notified.push('a') }, { tell: () => notified.push('b') }).tell(BATCH);
  assert.deepEqual(notified, ['a', 'b']);
});

test('on a terminal the status line shows the progress below the log, and is removed at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { stream, text } = collector(true);
  const status = statusLine(stream);
  status.start();
  status.tell(BATCH);
  status.tell(EVENTS['dead-letter']);
  t.mock.timers.tick(1000);
  assert.match(text().split('\u001b[K').at(-1) ?? '', /^10 records, [\d,]+\/s, 40 behind, 1 dead letters$/);
  status.output.write('a line of the log\n');
  assert.ok(text().endsWith('\r\u001b[Ka line of the log\n'));
  status.tell({ ...BATCH, end: BATCH.next });
  status.tell(EVENTS.waiting);
  t.mock.timers.tick(1000);
  assert.match(text(), /20 records, [\d,]+\/s, nothing left to read.*$/);
  status.stop();
  assert.ok(text().endsWith('\r\u001b[K'));
  const lines = text()
    .split('\r')
    .map((line) => line.replace('\u001b[K', '').trimEnd());
  assert.ok(
    lines.every((line) => line.length < 60),
    'it fits the terminal',
  );
});

test('without a terminal there is no status line', () => {
  const { stream, text } = collector();
  const status = statusLine(stream);
  status.start();
  status.tell(BATCH);
  status.stop();
  assert.equal(text(), '');
  assert.equal(status.output, stream);
});
