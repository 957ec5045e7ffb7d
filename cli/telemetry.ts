/**
 * Log and metrics, both made from what the runtime tells (`jobs/runtime/telemetry.ts`), kind by kind in one table, so that
 * they cannot disagree. Labels are job, topic, partition, view, code and outcome: all of them bounded.
 */
import type { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import type { Registry } from 'prom-client';
import type { PartitionEvent, Telemetry, TelemetryEvent } from '../jobs/runtime/telemetry.ts';
import type { Config } from './config.ts';
import { shownLine } from './shown.ts';

export type { Logger };

type Kind = TelemetryEvent['kind'];
type EventOf<K extends Kind> = Extract<TelemetryEvent, { kind: K }>;
type Level = Config['logLevel'];

interface Told<K extends Kind> {
  readonly level: Level | 'fatal';
  readonly say: (event: EventOf<K>) => string;
  /** Told to the log only once for each of these. */
  readonly once?: (event: EventOf<K>) => string;
  readonly count: (metrics: Metrics, event: EventOf<K>) => void;
}

const KINDS: { readonly [K in Kind]: Told<K> } = {
  claimed: {
    level: 'debug',
    say: ({ offset, token }) => `claimed, going on at offset ${offset} as owner ${token}`,
    count: (metrics, event) => metrics.owns(event, true),
  },
  released: {
    level: 'debug',
    say: () => 'released',
    count: (metrics, event) => metrics.owns(event, false),
  },
  batch: {
    level: 'debug',
    say: ({ records, durationMs, next, end }) => `${records} records in ${durationMs} ms, ${end - next} behind`,
    count: (metrics, event) => metrics.batch(event),
  },
  undeclared: {
    level: 'warn',
    say: ({ topic, type }) =>
      `${topic} declares no type ${JSON.stringify(type)}, so that no job heeds its records: correct the producer; with undeclaredTypes=dead-letter they are kept`,
    once: ({ topic, type }) => `${topic} ${type}`,
    count: (metrics, { job, topic, count }) => metrics.oddEvents.inc({ job, topic, outcome: 'undeclared-type' }, count),
  },
  'dead-letter': {
    level: 'warn',
    say: ({ offset, code, message }) => `the record at ${offset} went to the dead letters: ${code}: ${message}`,
    count: (metrics, { job, code }) => metrics.deadLetters.inc({ job, code }),
  },
  waiting: {
    level: 'warn',
    say: ({ code, message, delayMs }) => `${code}: ${message}; again in ${delayMs} ms`,
    count: (metrics, event) => {
      metrics.waits.inc({ job: event.job, code: event.code });
      metrics.owns(event, false);
    },
  },
  fenced: {
    level: 'info',
    say: ({ message }) => `let go: ${message}`,
    count: (metrics, event) => {
      metrics.fenced.inc({ job: event.job });
      metrics.owns(event, false);
    },
  },
  'topic-remade': {
    level: 'warn',
    say: ({ offset }) =>
      `the topic was deleted and made again; going on with the new one, at offset ${offset}: what rows applied of the old one does not count`,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  'offset-foreign': {
    level: 'error',
    say: ({ offset }) =>
      `another tool has put the offset to ${offset}, and the marks are lost with it; they were made anew from the log, as far as it reaches back: use \`tributary offsets seek\` instead`,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  expanded: {
    level: 'error',
    say: ({ from, to }) =>
      `the topic was expanded from ${from} to ${to} partitions by another tool; what a job upstream repeats after a rewind may be counted twice: expand with \`tributary topics apply\``,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  'views-stale': {
    level: 'warn',
    say: ({ view, count }) =>
      `${count} records of ${view} were not written, since it holds newer ones: after a restore of the tables begin it anew, and rebuild the views`,
    count: (metrics, { job, count }) => metrics.viewsStale.inc({ job }, count),
  },
  'records-lost': {
    level: 'error',
    say: ({ from, to }) =>
      `the records from ${from} up to ${to} were dropped before the job read them: the topic keeps records for too short a time`,
    count: (metrics, { job, from, to }) => metrics.recordsLost.inc({ job }, to - from),
  },
  'timers-fired': {
    level: 'debug',
    say: ({ count }) => `${count} timers fired`,
    count: (metrics, { job, count }) => metrics.timersFired.inc({ job }, count),
  },
  'view-late': {
    level: 'warn',
    say: ({ view, code, message }) => `${view} is behind: ${code}: ${message}`,
    count: (metrics, { job, view, code }) => metrics.viewWaits.inc({ job, view, code }),
  },
  'view-lag': {
    level: 'debug',
    say: ({ view, records }) => (records === 0 ? `${view} is level` : `${view} is ${records} records behind`),
    count: (metrics, event) => metrics.viewLag(event),
  },
  'view-refused': {
    level: 'warn',
    say: ({ message }) => message,
    count: (metrics, { job, view }) => metrics.viewsRefused.inc({ job, view }),
  },
  'view-missed': {
    level: 'error',
    say: ({ view, from, to }) =>
      `the records from ${from} up to ${to} were dropped before ${view} had caught up: run rebuild-views for it`,
    count: (metrics, { job, view }) => metrics.viewsMissed.inc({ job, view }),
  },
  'job-running': {
    level: 'info',
    say: () => 'the job is running',
    count: (metrics, { job }) => metrics.jobRunning.set({ job }, 1),
  },
  'job-failed': {
    level: 'fatal',
    say: ({ code, message, delayMs }) =>
      `${code}: ${message}; the job was stopped and the others go on; again in ${Math.round(delayMs / 1000)} s`,
    count: (metrics, { job }) => metrics.jobRunning.set({ job }, 0),
  },
};

const toldOf = <K extends Kind>(event: EventOf<K>): Told<K> => KINDS[event.kind as K];

/** JSON, one object a line; or for a terminal plain text. */
export function createLogger(level: Level, stderr: Writable & { readonly isTTY?: boolean }): Logger {
  const write =
    stderr.isTTY === true ? (line: string) => stderr.write(plainLine(line)) : (line: string) => stderr.write(line);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    { write },
  );
}

function plainLine(line: string): string {
  const { time, level, msg, job, topic, partition } = JSON.parse(line) as Record<string, string | number | undefined>;
  const where = job === undefined ? '' : ` ${job}${partition === undefined ? '' : ` ${topic}/${partition}`}:`;
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)}${where} ${shownLine(String(msg))}\n`;
}

/** More than so many things are not told once each: what is new may come without end. */
const MOST_ONCE = 100;

export function logged(logger: Logger): Telemetry {
  const toldOnce = new Set<string>();
  return {
    tell(event) {
      const { level, say, once } = toldOf(event);
      const what = once?.(event);
      if (what !== undefined) {
        if (toldOnce.has(what) || toldOnce.size >= MOST_ONCE) return;
        toldOnce.add(what);
      }
      if (logger.isLevelEnabled(level)) logger[level](event, say(event));
    },
  };
}

export function metered(metrics: Metrics): Telemetry {
  return { tell: (event) => toldOf(event).count(metrics, event) };
}

export function toAll(...telemetries: readonly Telemetry[]): Telemetry {
  return {
    tell(event) {
      for (const telemetry of telemetries) telemetry.tell(event);
    },
  };
}

export type Metrics = Awaited<ReturnType<typeof createMetrics>>;

/** The metrics of this process, those of Node among them, in a registry of their own. */
export async function createMetrics() {
  const { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } = await import('prom-client');
  const registry: Registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `tributary_${name}_total`, help, labelNames: [...labelNames], registers: [registry] });
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `tributary_${name}`, help, labelNames: [...labelNames], registers: [registry] });

  const records = counter('records', 'Records read, by what became of them.', ['job', 'topic', 'outcome']);
  const oddEvents = counter('odd_events', 'Events taken although something is strange about them.', [
    'job',
    'topic',
    'outcome',
  ]);
  const rowsWritten = counter('rows_written', 'Rows written.', ['job']);
  const viewsWritten = counter('views_written', 'Records of views written.', ['job']);
  const eventsSent = counter('events_sent', 'Derived events said.', ['job']);
  const lag = gauge('lag_records', 'Records not read yet, as known after the last batch.', [
    'job',
    'topic',
    'partition',
  ]);
  const eventTime = gauge('event_time_seconds', 'The time of the last event applied, since 1970 UTC.', [
    'job',
    'topic',
    'partition',
  ]);
  const partitions = gauge('partitions_owned', 'Partitions this process works on.', ['job']);
  const ofView = ['job', 'view', 'partition'] as const;
  const viewLag = gauge('view_lag_records', 'Records of the log that a view is behind its rows.', ofView);
  const viewAge = gauge('view_lag_seconds', 'The age of the first record that a view lacks.', ofView);
  const jobRunning = gauge('job_running', 'Whether a job of this process runs: 0 after something fatal.', ['job']);
  const duration = new Histogram({
    name: 'tributary_batch_duration_seconds',
    help: 'Time from the first to the last step of a batch.',
    labelNames: ['job'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const owned = new Map<string, Set<number>>();
  const views = new Map<string, Set<string>>();

  return {
    registry,
    jobRunning,
    oddEvents,
    deadLetters: counter('dead_letters', 'Records that went to the dead letters.', ['job', 'code']),
    waits: counter('waits', 'Pauses because a store was away.', ['job', 'code']),
    fenced: counter('fenced', 'Partitions let go to a newer owner.', ['job']),
    oddClaims: counter(
      'odd_claims',
      'Claims that found a topic made again, expanded, or an offset put there by another tool.',
      ['job', 'outcome'],
    ),
    viewsStale: counter('views_stale', 'Records of views that were not written, since the store held newer ones.', [
      'job',
    ]),
    recordsLost: counter('records_lost', 'Records dropped by retention before the job read them.', ['job']),
    viewWaits: counter('view_waits', 'Times a view fell or stayed behind, since its store was away.', [
      'job',
      'view',
      'code',
    ]),
    viewsRefused: counter('views_refused', 'Records that views will never have, found as they caught up.', [
      'job',
      'view',
    ]),
    viewsMissed: counter('views_missed', 'Times the log had dropped what a view was to catch up by.', ['job', 'view']),
    timersFired: counter('timers_fired', 'Timers that were due and were said.', ['job']),

    batch({ job, topic, partition, ...batch }: EventOf<'batch'>): void {
      const outcomes = { applied: batch.applied, rejected: batch.rejected, routed: batch.routed, ...batch.skipped };
      for (const [outcome, count] of Object.entries(outcomes)) records.inc({ job, topic, outcome }, count);
      for (const [outcome, count] of Object.entries(batch.odd)) oddEvents.inc({ job, topic, outcome }, count);
      rowsWritten.inc({ job }, batch.rowsWritten);
      viewsWritten.inc({ job }, batch.viewsWritten);
      eventsSent.inc({ job }, batch.eventsSent);
      duration.observe({ job }, batch.durationMs / 1000);
      lag.set({ job, topic, partition }, batch.end - batch.next);
      if (batch.eventTime !== undefined) eventTime.set({ job, topic, partition }, batch.eventTime / 1000);
    },

    viewLag({ job, view, partition, records: behind, ageMs }: EventOf<'view-lag'>): void {
      viewLag.set({ job, view, partition }, behind);
      if (ageMs !== undefined) viewAge.set({ job, view, partition }, ageMs / 1000);
      views.set(job, (views.get(job) ?? new Set()).add(view));
    },

    /** The lag of a partition that is somebody else's is told by somebody else. */
    owns({ job, topic, partition }: PartitionEvent, owns: boolean): void {
      const mine = owned.get(job) ?? new Set<number>();
      owned.set(job, mine);
      if (owns) mine.add(partition);
      else {
        mine.delete(partition);
        lag.remove({ job, topic, partition });
        eventTime.remove({ job, topic, partition });
        for (const view of views.get(job) ?? []) {
          viewLag.remove({ job, view, partition });
          viewAge.remove({ job, view, partition });
        }
      }
      partitions.set({ job }, mine.size);
    },
  };
}
