/**
 * The metrics of a process, those of Node among them. Whatever label values the declarations tell beforehand are there from the start,
 * at 0: what appears only once it has happened can be found by no alarm that looks for a change.
 */
import type { Counter, Registry } from 'prom-client';
import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../core/errors.ts';
import type { Job } from '../jobs/define.ts';
import { ANOMALIES } from '../jobs/runtime/anomalies.ts';
import type { Assignment } from '../jobs/runtime/assignment.ts';
import { SKIPS, type TelemetryEvent } from '../jobs/runtime/telemetry.ts';
import type { Work } from '../jobs/runtime/work.ts';

type EventOf<K extends TelemetryEvent['kind']> = Extract<TelemetryEvent, { kind: K }>;

/** What is known of how far behind a partition is. */
interface Behind {
  readonly assignment: Assignment;
  /** When the first record that was not read was produced, about, in ms since 1970 UTC; undefined if it is not known, or there is none. */
  oldest: number | undefined;
  /** How many batches of all partitions there had been when a batch reported it. */
  batch: number;
}

const codesOf = (kind: ErrorKind): ErrorCode[] =>
  Object.entries(ERROR_CODES).flatMap(([code, each]) => (each === kind ? [code as ErrorCode] : []));
const STARTING = 'start';

export type Metrics = Awaited<ReturnType<typeof createMetrics>>;

/** In a registry of their own. `jobs` are those that this process runs. */
export async function createMetrics(
  jobs: readonly (Work & Partial<Pick<Job, 'views'>>)[] = [],
  now: () => number = Date.now,
) {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client');
  const registry: Registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `tributary_${name}_total`, help, labelNames: [...labelNames], registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[], collect?: () => void) =>
    new Gauge({
      name: `tributary_${name}`,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      ...(collect && { collect }),
    });

  const ofPartition = ['job', 'topic', 'partition'] as const;
  const ofView = ['job', 'view', 'partition'] as const;
  const records = counter('records', 'Records read, by outcome.', ['job', 'topic', 'outcome']);
  const oddEvents = counter('odd_events', 'Events applied although something is strange about them.', [
    'job',
    'topic',
    'outcome',
  ]);
  const rowsWritten = counter('rows_written', 'Rows written.', ['job']);
  const viewsWritten = counter('views_written', 'Records of views written.', ['job']);
  const eventsSent = counter('events_sent', 'Derived events sent.', ['job']);
  const deadLetters = counter('dead_letters', 'Records that became dead letters.', ['job', 'code']);
  const waits = counter('waits', 'Pauses because a store did not answer.', ['job', 'code']);
  const fenced = counter('fenced', 'Partitions given up to a newer owner.', ['job']);
  const oddClaims = counter(
    'odd_claims',
    'Claims that found the topic made again or expanded, or an offset that another tool had committed.',
    ['job', 'outcome'],
  );
  const viewsStale = counter(
    'views_stale',
    'Records of views that were not written, because the store had newer ones.',
    ['job'],
  );
  const recordsLost = counter('records_lost', 'Records deleted by retention before the job read them.', ['job']);
  const viewWaits = counter('view_waits', 'Times a view fell or stayed behind because its store did not answer.', [
    'job',
    'view',
    'code',
  ]);
  const viewsRefused = counter('views_refused', 'Records that views will never have, found while they caught up.', [
    'job',
    'view',
  ]);
  const viewsMissed = counter('views_missed', 'Times the log had deleted records with which a view was to catch up.', [
    'job',
    'view',
  ]);
  const published = counter('published', 'Commits of a partition to the table of its datasource.', ['job']);
  const eventsCounted = counter('events_counted', 'Events in the segments of those commits.', ['job']);
  const segmentRows = counter('segment_rows', 'Rows in the segments of those commits.', ['job']);
  const timersFired = counter('timers_fired', 'Timers that were due and were fired.', ['job']);

  const behind = new Map<string, Behind>();
  const lag = gauge('lag_records', 'Records not read yet, as last known.', ofPartition);
  const lagAge = gauge('lag_seconds', 'The age of the first record not read yet, about.', ofPartition, () => {
    for (const { assignment, oldest } of behind.values()) {
      lagAge.set(labelsOf(assignment), oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1000);
    }
  });
  const eventTime = gauge('event_time_seconds', 'The time of the last event applied, since 1970 UTC.', ofPartition);
  const partitions = gauge('partitions_owned', 'Partitions that this process owns.', ['job']);
  const waiting = gauge('partitions_waiting', 'Partitions that wait for a store; 1 for a job that waits to start.', [
    'job',
    'code',
  ]);
  const viewLag = gauge('view_lag_records', 'Records of the log that a view is behind its rows.', ofView);
  const viewAge = gauge('view_lag_seconds', 'The age of the first record that a view lacks.', ofView);
  const jobRunning = gauge(
    'job_running',
    'Whether a job of this process runs: 0 before its start and after a fatal error.',
    ['job'],
  );
  const duration = new Histogram({
    name: 'tributary_batch_duration_seconds',
    help: 'Time from the first to the last step of a batch.',
    labelNames: ['job'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });

  /** By job: the partitions that it works on; and those that it was given, which it may wait for. */
  const owned = new Map<string, Set<number>>();
  const given = new Map<string, Set<number>>();
  const waitingFor = new Map<string, Map<string, ErrorCode>>();
  const views = new Map<string, Set<string>>();
  let batches = 0;

  for (const { name: job, from, views: viewsOf = [] } of jobs) {
    const topic = from.name;
    for (const outcome of ['applied', 'rejected', 'routed', ...SKIPS]) records.inc({ job, topic, outcome }, 0);
    for (const outcome of [...ANOMALIES, 'undeclared-type']) oddEvents.inc({ job, topic, outcome }, 0);
    const counted = [published, eventsCounted, segmentRows];
    const simple = [rowsWritten, viewsWritten, eventsSent, fenced, viewsStale, recordsLost, timersFired, ...counted];
    for (const each of simple) (each as Counter<'job'>).inc({ job }, 0);
    for (const code of codesOf('reject')) deadLetters.inc({ job, code }, 0);
    for (const outcome of ['topic-remade', 'offset-foreign', 'expanded']) oddClaims.inc({ job, outcome }, 0);
    for (const code of codesOf('retry')) {
      waits.inc({ job, code }, 0);
      waiting.set({ job, code }, 0);
    }
    for (const { into, policy } of viewsOf) {
      if (policy !== 'catching-up') continue;
      for (const code of [...codesOf('retry'), 'SLOW']) viewWaits.inc({ job, view: into.name, code }, 0);
      for (const each of [viewsRefused, viewsMissed]) each.inc({ job, view: into.name }, 0);
    }
    partitions.set({ job }, 0);
    jobRunning.set({ job }, 0);
    duration.zero({ job });
  }

  const isMine = ({ job, partition }: Assignment): boolean => given.get(job)?.has(partition) ?? true;

  function forget(assignment: Assignment): void {
    const { job, partition } = assignment;
    behind.delete(keyOf(assignment));
    for (const each of [lag, lagAge, eventTime]) each.remove(labelsOf(assignment));
    for (const view of views.get(job) ?? []) {
      viewLag.remove({ job, view, partition });
      viewAge.remove({ job, view, partition });
    }
  }

  /** From its first assigned partition on, the job reports only its own partitions. */
  function gives(assignment: Assignment): void {
    const { job, partition } = assignment;
    const before = given.get(job);
    if (before === undefined) {
      given.set(job, new Set([partition]));
      for (const { assignment: each } of behind.values()) if (each.job === job && !isMine(each)) forget(each);
    } else before.add(partition);
  }

  function owns(assignment: Assignment, isOwner: boolean): void {
    const mine = owned.get(assignment.job) ?? new Set<number>();
    owned.set(assignment.job, mine);
    if (isOwner) mine.add(assignment.partition);
    else mine.delete(assignment.partition);
    partitions.set({ job: assignment.job }, mine.size);
  }

  function waitsFor(job: string, part: string, code: ErrorCode | undefined): void {
    const parts = waitingFor.get(job) ?? new Map<string, ErrorCode>();
    waitingFor.set(job, parts);
    if (code === undefined) parts.delete(part);
    else parts.set(part, code);
    for (const each of codesOf('retry')) {
      waiting.set({ job, code: each }, [...parts.values()].filter((one) => one === each).length);
    }
  }

  return {
    registry,
    jobRunning,
    oddEvents,
    deadLetters,
    oddClaims,
    viewsStale,
    recordsLost,
    viewWaits,
    viewsRefused,
    viewsMissed,
    timersFired,
    published,
    eventsCounted,
    segmentRows,

    claimed(assignment: Assignment): void {
      gives(assignment);
      owns(assignment, true);
    },

    /** It stays a partition of this process, which reports its lag. */
    waits(assignment: Assignment, code: ErrorCode): void {
      gives(assignment);
      owns(assignment, false);
      waits.inc({ job: assignment.job, code });
      waitsFor(assignment.job, String(assignment.partition), code);
    },

    resumed(assignment: Assignment): void {
      owns(assignment, true);
      waitsFor(assignment.job, String(assignment.partition), undefined);
    },

    fenced(assignment: Assignment): void {
      gives(assignment);
      owns(assignment, false);
      fenced.inc({ job: assignment.job });
    },

    /** The lag of a partition is reported by the process that owns it. */
    released(assignment: Assignment): void {
      given.set(assignment.job, given.get(assignment.job) ?? new Set());
      given.get(assignment.job)?.delete(assignment.partition);
      owns(assignment, false);
      waitsFor(assignment.job, String(assignment.partition), undefined);
      forget(assignment);
    },

    jobWaits(job: string, code: ErrorCode): void {
      waits.inc({ job, code });
      waitsFor(job, STARTING, code);
    },

    jobResumed(job: string): void {
      waitsFor(job, STARTING, undefined);
    },

    batch({ job, topic, partition, ...batch }: EventOf<'batch'>): void {
      const assignment = { job, topic, partition };
      const outcomes = { applied: batch.applied, rejected: batch.rejected, routed: batch.routed, ...batch.skipped };
      for (const [outcome, count] of Object.entries(outcomes)) records.inc({ job, topic, outcome }, count);
      for (const [outcome, count] of Object.entries(batch.odd)) oddEvents.inc({ job, topic, outcome }, count);
      rowsWritten.inc({ job }, batch.rowsWritten);
      viewsWritten.inc({ job }, batch.viewsWritten);
      eventsSent.inc({ job }, batch.eventsSent);
      duration.observe({ job }, batch.durationMs / 1000);
      const left = batch.end - batch.next;
      lag.set(labelsOf(assignment), left);
      batches += 1;
      behind.set(keyOf(assignment), { assignment, oldest: left > 0 ? batch.recordTime : undefined, batch: batches });
      if (batch.eventTime !== undefined) eventTime.set(labelsOf(assignment), batch.eventTime / 1000);
    },

    /** How many batches there were: to be given to `isBehind` by who looked. */
    batches: (): number => batches,

    /** Whether the age of what was not read is unknown. */
    wantsAge: (assignment: Assignment): boolean =>
      isMine(assignment) && behind.get(keyOf(assignment))?.oldest === undefined,

    /** What somebody found who looked when there had been so many batches; one that came meanwhile knows better. */
    isBehind(assignment: Assignment, left: number, oldest: number | undefined, lookedAt: number): void {
      const before = behind.get(keyOf(assignment));
      if (!isMine(assignment) || (before !== undefined && before.batch > lookedAt)) return;
      lag.set(labelsOf(assignment), left);
      behind.set(keyOf(assignment), {
        assignment,
        oldest: left > 0 ? (oldest ?? before?.oldest) : undefined,
        batch: lookedAt,
      });
    },

    viewLag({ job, view, partition, records: left, ageMs }: EventOf<'view-lag'>): void {
      viewLag.set({ job, view, partition }, left);
      if (ageMs !== undefined) viewAge.set({ job, view, partition }, ageMs / 1000);
      views.set(job, (views.get(job) ?? new Set()).add(view));
    },
  };
}

const keyOf = ({ job, topic, partition }: Assignment): string => `${job} ${topic} ${partition}`;
const labelsOf = ({ job, topic, partition }: Assignment) => ({ job, topic, partition });
