/**
 * The metrics of a process, including those of Node. Every label value that the declarations determine exists from the start, at 0: an
 * alert on a change cannot see a series that first appears when the event happens.
 */
import type { Counter, Registry } from 'prom-client';
import type { ErrorCode } from '../../core/errors.ts';
import type { Job } from '../../jobs/define.ts';
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { VERSION } from '../version.ts';
import { batchMetrics } from './batch-metrics.ts';
import { codesOf } from './codes.ts';
import { instrumentsIn } from './instruments.ts';
import { lagMetrics } from './lag-metrics.ts';
import { viewMetrics } from './view-metrics.ts';

type EventOf<K extends TelemetryEvent['kind']> = Extract<TelemetryEvent, { kind: K }>;

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
  const lagOf = lagMetrics(instruments, now);
  const viewsOf = viewMetrics(instruments, jobs);
  gauge('build_info', 'Always 1; the labels have the versions of Tributary and Node.', ['version', 'node']).set(
    { version: VERSION, node: process.versions.node },
    1,
  );

  const deadLetters = counter('dead_letters', 'Records that became dead letters.', ['job', 'code']);
  const waits = counter('waits', 'Pauses because a store did not answer.', ['job', 'code']);
  const fenced = counter('fenced', 'Partitions given up to a newer owner.', ['job']);
  const oddClaims = counter(
    'odd_claims',
    'Claims that found a recreated or expanded topic, or an offset committed by another tool.',
    ['job', 'outcome'],
  );
  const recordsLost = counter('records_lost', 'Records deleted by retention before the job read them.', ['job']);
  const published = counter('published', 'Commits of a partition to the table of its datasource.', ['job']);
  const eventsCounted = counter('events_counted', 'Events counted in committed segments.', ['job']);
  const segmentRows = counter('segment_rows', 'Rows in committed segments.', ['job']);
  const timersFired = counter('timers_fired', 'Timers fired.', ['job']);
  const rebalances = counter(
    'rebalances',
    'Times the consumer group assigned partitions to this process or revoked some.',
    ['job', 'outcome'],
  );

  const partitions = gauge('partitions_owned', 'Partitions that this process owns.', ['job']);
  const waiting = gauge('partitions_waiting', 'Partitions that wait for a store; 1 for a job that waits to start.', [
    'job',
    'code',
  ]);
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

  for (const { name: job } of jobs) {
    const counted = [published, eventsCounted, segmentRows];
    const simple = [fenced, recordsLost, timersFired, ...counted];
    for (const each of simple) (each as Counter<'job'>).inc({ job }, 0);
    for (const code of codesOf('reject')) deadLetters.inc({ job, code }, 0);
    for (const outcome of ['topic-remade', 'offset-foreign', 'expanded']) oddClaims.inc({ job, outcome }, 0);
    for (const code of codesOf('retry')) {
      waits.inc({ job, code }, 0);
      waiting.set({ job, code }, 0);
    }
    for (const outcome of ['assigned', 'revoked']) rebalances.inc({ job, outcome }, 0);
    partitions.set({ job }, 0);
    jobRunning.set({ job }, 0);
    jobPaused.set({ job }, 0);
  }

  const isMine = ({ job, partition }: Assignment): boolean => given.get(job)?.has(partition) ?? true;

  function forget(assignment: Assignment): void {
    lagOf.forget(assignment);
    viewsOf.forget(assignment);
  }

  /** From its first assigned partition on, the job reports only its own partitions. */
  function gives(assignment: Assignment): void {
    const { job, partition } = assignment;
    const before = given.get(job);
    if (before === undefined) {
      given.set(job, new Set([partition]));
      for (const each of lagOf.of(job)) if (!isMine(each)) forget(each);
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
    instruments,
    jobRunning,
    oddEvents: batchesOf.oddEvents,
    deadLetters,
    oddClaims,
    viewsStale: viewsOf.viewsStale,
    recordsLost,
    viewWaits: viewsOf.viewWaits,
    viewsRefused: viewsOf.viewsRefused,
    viewsMissed: viewsOf.viewsMissed,
    timersFired,
    rebalances,
    jobPaused,

    claimed({ job, topic, partition }: Assignment): void {
      const assignment = { job, topic, partition };
      lagOf.timersDue(assignment, 0);
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
      batchesOf.add(batch);
      lagOf.batch(batch);
    },

    published({ job, events, rows, latenciesMs }: EventOf<'published'>): void {
      published.inc({ job });
      eventsCounted.inc({ job }, events);
      segmentRows.inc({ job }, rows);
      batchesOf.tookEffect(job, latenciesMs);
    },

    timersDue: ({ job, topic, partition, count, oldest }: EventOf<'timers-due'>): void =>
      lagOf.timersDue({ job, topic, partition }, count, oldest),

    /** The number of batches so far. A caller passes it to `isBehind` after it has read the log. */
    batches: lagOf.batches,

    /** Whether the age of the unread records is unknown. */
    wantsAge: (assignment: Assignment): boolean => isMine(assignment) && !lagOf.hasAge(assignment),

    /** Sets the lag that a reader found after `lookedAt` batches. A later batch of the partition knows better. */
    isBehind(assignment: Assignment, left: number, oldest: number | undefined, lookedAt: number): void {
      if (isMine(assignment)) lagOf.isBehind(assignment, left, oldest, lookedAt);
    },

    viewLag: (event: EventOf<'view-lag'>): void => viewsOf.lags(event),
  };
}
