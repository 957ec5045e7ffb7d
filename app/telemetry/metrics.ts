/**
 * The metrics of a process, including those of Node. Every label value that the declarations determine exists from the start, at 0: an
 * alert on a change cannot see a series that first appears when the event happens.
 */
import type { Counter, Registry } from 'prom-client';
import { ERROR_CODES, type ErrorCode, type ErrorKind } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { VERSION } from '../version.ts';
import { batchMetrics } from './batch-metrics.ts';
import { instrumentsIn } from './instruments.ts';

type EventOf<K extends TelemetryEvent['kind']> = Extract<TelemetryEvent, { kind: K }>;

/** What is known about the lag of a partition. */
interface Behind {
  readonly assignment: Assignment;
  /** About when the first unread record was produced, in ms since 1970 UTC; undefined if that is unknown, or there is none. */
  oldest: number | undefined;
  /** The number of batches in all partitions when a batch reported this. */
  batch: number;
}

const codesOf = (kind: ErrorKind): ErrorCode[] =>
  Object.entries(ERROR_CODES).flatMap(([code, each]) => (each === kind ? [code as ErrorCode] : []));
const STARTING = 'start';

export type Metrics = Awaited<ReturnType<typeof createMetrics>>;

/** Makes the metrics in their own registry. `jobs` are those that this process runs. */
export async function createMetrics(
  jobs: readonly (Work & Partial<Pick<Job, 'views'>>)[] = [],
  now: () => number = Date.now,
) {
  const { collectDefaultMetrics, Registry } = await import('prom-client');
  const registry: Registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const instruments = await instrumentsIn(registry);
  const { counter, gauge } = instruments;
  const batchesOf = batchMetrics(instruments, jobs);
  gauge('build_info', 'Always 1; the labels have the versions of Tributary and Node.', ['version', 'node']).set(
    { version: VERSION, node: process.versions.node },
    1,
  );

  const ofPartition = ['job', 'topic', 'partition'] as const;
  const ofView = ['job', 'view', 'partition'] as const;
  const deadLetters = counter('dead_letters', 'Records that became dead letters.', ['job', 'code']);
  const waits = counter('waits', 'Pauses because a store did not answer.', ['job', 'code']);
  const fenced = counter('fenced', 'Partitions given up to a newer owner.', ['job']);
  const oddClaims = counter(
    'odd_claims',
    'Claims that found a recreated or expanded topic, or an offset committed by another tool.',
    ['job', 'outcome'],
  );
  const viewsStale = counter('views_stale', 'View records not written because the store had newer ones.', ['job']);
  const recordsLost = counter('records_lost', 'Records deleted by retention before the job read them.', ['job']);
  const viewWaits = counter('view_waits', 'Times a view fell or stayed behind because its store did not answer.', [
    'job',
    'view',
    'code',
  ]);
  const viewsRefused = counter(
    'views_refused',
    'View records that can never be written, found while the view caught up.',
    ['job', 'view'],
  );
  const viewsMissed = counter(
    'views_missed',
    'Times the log had deleted records that a view still needed to catch up.',
    ['job', 'view'],
  );
  const published = counter('published', 'Commits of a partition to the table of its datasource.', ['job']);
  const eventsCounted = counter('events_counted', 'Events counted in committed segments.', ['job']);
  const segmentRows = counter('segment_rows', 'Rows in committed segments.', ['job']);
  const timersFired = counter('timers_fired', 'Timers fired.', ['job']);
  const rebalances = counter(
    'rebalances',
    'Times the consumer group assigned partitions to this process or revoked some.',
    ['job', 'outcome'],
  );

  const behind = new Map<string, Behind>();
  const lag = gauge('lag_records', 'Records not read yet, as last known.', ofPartition);
  const lagAge = gauge('lag_seconds', 'The approximate age of the first record not read yet.', ofPartition, () => {
    for (const { assignment, oldest } of behind.values()) {
      lagAge.set(labelsOf(assignment), oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1000);
    }
  });
  const eventTime = gauge(
    'event_time_seconds',
    'The time of the last event applied, in seconds since 1970 UTC.',
    ofPartition,
  );
  const overdue = new Map<string, { readonly assignment: Assignment; readonly oldest: number | undefined }>();
  const timersOverdue = gauge(
    'timers_overdue',
    'Timers that were due and still pending at the last search.',
    ofPartition,
  );
  const timersAge = gauge(
    'timers_overdue_seconds',
    'How long the first overdue timer has been due.',
    ofPartition,
    () => {
      for (const { assignment, oldest } of overdue.values()) {
        timersAge.set(labelsOf(assignment), oldest === undefined ? 0 : Math.max(0, now() - oldest) / 1000);
      }
    },
  );
  const partitions = gauge('partitions_owned', 'Partitions that this process owns.', ['job']);
  const waiting = gauge('partitions_waiting', 'Partitions that wait for a store; 1 for a job that waits to start.', [
    'job',
    'code',
  ]);
  const viewLag = gauge('view_lag_records', 'How many records of the log a view is behind its rows.', ofView);
  const viewAge = gauge('view_lag_seconds', 'The age of the first record that a view lacks.', ofView);
  const jobRunning = gauge(
    'job_running',
    'Whether the job runs in this process: 0 before its start and after a fatal error.',
    ['job'],
  );
  const jobPaused = gauge('job_paused', 'Whether an operator has paused the job, as far as this process knows.', [
    'job',
  ]);

  /** By job: the partitions that it works on, and those that it was assigned and may still wait for. */
  const owned = new Map<string, Set<number>>();
  const given = new Map<string, Set<number>>();
  const waitingFor = new Map<string, Map<string, ErrorCode>>();
  const views = new Map<string, Set<string>>();
  let batches = 0;

  for (const { name: job, views: viewsOf = [] } of jobs) {
    const counted = [published, eventsCounted, segmentRows];
    const simple = [fenced, viewsStale, recordsLost, timersFired, ...counted];
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
    for (const outcome of ['assigned', 'revoked']) rebalances.inc({ job, outcome }, 0);
    partitions.set({ job }, 0);
    jobRunning.set({ job }, 0);
    jobPaused.set({ job }, 0);
  }

  const isMine = ({ job, partition }: Assignment): boolean => given.get(job)?.has(partition) ?? true;

  function forget(assignment: Assignment): void {
    const { job, partition } = assignment;
    behind.delete(keyOf(assignment));
    overdue.delete(keyOf(assignment));
    for (const each of [lag, lagAge, eventTime, timersOverdue, timersAge]) each.remove(labelsOf(assignment));
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

  function timersDue(assignment: Assignment, count: number, oldest?: number): void {
    timersOverdue.set(labelsOf(assignment), count);
    overdue.set(keyOf(assignment), { assignment, oldest });
  }

  return {
    registry,
    instruments,
    jobRunning,
    oddEvents: batchesOf.oddEvents,
    deadLetters,
    oddClaims,
    viewsStale,
    recordsLost,
    viewWaits,
    viewsRefused,
    viewsMissed,
    timersFired,
    rebalances,
    jobPaused,

    claimed({ job, topic, partition }: Assignment): void {
      const assignment = { job, topic, partition };
      timersDue(assignment, 0);
      gives(assignment);
      owns(assignment, true);
    },

    /** The partition still belongs to this process, which reports its lag. */
    waits(assignment: Assignment, code: ErrorCode): void {
      gives(assignment);
      owns(assignment, false);
      waits.inc({ job: assignment.job, code });
      waitsFor(assignment.job, String(assignment.partition), code);
    },

    /** The partition still belongs to this process, which reports its lag. */
    paused(assignment: Assignment): void {
      gives(assignment);
      owns(assignment, false);
      waitsFor(assignment.job, String(assignment.partition), undefined);
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

    /** The process that owns a partition reports its lag. */
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

    batch(batch: EventOf<'batch'>): void {
      const { job, topic, partition } = batch;
      const assignment = { job, topic, partition };
      batchesOf.add(batch);
      const left = batch.end - batch.next;
      lag.set(labelsOf(assignment), left);
      batches += 1;
      behind.set(keyOf(assignment), { assignment, oldest: left > 0 ? batch.recordTime : undefined, batch: batches });
      if (batch.eventTime !== undefined) eventTime.set(labelsOf(assignment), batch.eventTime / 1000);
    },

    published({ job, events, rows, latenciesMs }: EventOf<'published'>): void {
      published.inc({ job });
      eventsCounted.inc({ job }, events);
      segmentRows.inc({ job }, rows);
      batchesOf.tookEffect(job, latenciesMs);
    },

    timersDue: ({ job, topic, partition, count, oldest }: EventOf<'timers-due'>): void =>
      timersDue({ job, topic, partition }, count, oldest),

    /** The number of batches so far. A caller passes it to `isBehind` after it has read the log. */
    batches: (): number => batches,

    /** Whether the age of the unread records is unknown. */
    wantsAge: (assignment: Assignment): boolean =>
      isMine(assignment) && behind.get(keyOf(assignment))?.oldest === undefined,

    /** Sets the lag that a reader found after `lookedAt` batches. A later batch of the partition knows better. */
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
