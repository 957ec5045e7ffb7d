/**
 * Logs and metrics. One table, by kind, makes both from the runtime's reports (`jobs/runtime/telemetry.ts`), so that they cannot disagree.
 * Labels are job, topic, partition, view, code and outcome, which are all bounded.
 */
import type { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import type { Telemetry, TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import type { Config } from '../config/keys.ts';
import { shownLine } from '../text/shown.ts';
import { LettersAtHand, lettersText } from './batch-letters.ts';
import type { Metrics } from './metrics.ts';

export type { Logger };

type Kind = TelemetryEvent['kind'];
type EventOf<K extends Kind> = Extract<TelemetryEvent, { kind: K }>;
type Level = Config['logLevel'];

interface Reporting<K extends Kind> {
  readonly level: Level | 'fatal';
  readonly text: (event: EventOf<K>) => string;
  /** The fields to log; by default all of them. */
  readonly fields?: (event: EventOf<K>) => object;
  /** Logged once for each of these values. */
  readonly once?: (event: EventOf<K>) => string;
  readonly count: (metrics: Metrics, event: EventOf<K>) => void;
}

const KINDS: { readonly [K in Kind]: Reporting<K> } = {
  claimed: {
    level: 'debug',
    text: ({ offset, token }) =>
      `claimed, continuing at offset ${offset}${token === undefined ? '' : ` as owner ${token}`}`,
    count: (metrics, event) => metrics.claimed(event),
  },
  released: {
    level: 'debug',
    text: () => 'released',
    count: (metrics, event) => metrics.released(event),
  },
  paused: {
    level: 'debug',
    text: () => 'gave up the partition: the job is paused',
    count: (metrics, event) => metrics.paused(event),
  },
  published: {
    level: 'debug',
    text: ({ table, version, events, rows, durationMs, next }) =>
      `${events} events up to offset ${next} in ${rows} rows of ${table}, version ${version}, in ${durationMs} ms`,
    fields: ({ latenciesMs: _each, ...fields }) => fields,
    count: (metrics, event) => metrics.published(event),
  },
  batch: {
    level: 'debug',
    text: ({ records, durationMs, next, end }) => `${records} records in ${durationMs} ms, ${end - next} behind`,
    fields: ({ latenciesMs: _each, ...fields }) => fields,
    count: (metrics, event) => metrics.batch(event),
  },
  undeclared: {
    level: 'warn',
    text: ({ topic, type }) =>
      `${topic} declares no type ${JSON.stringify(type)}, so no job applies its records: correct the producer; with undeclaredTypes=dead-letter they are kept`,
    once: ({ topic, type }) => `${topic} ${type}`,
    count: (metrics, { job, topic, count }) => metrics.oddEvents.inc({ job, topic, outcome: 'undeclared-type' }, count),
  },
  'dead-letter': {
    // Logged with its batch, by `batch-letters.ts`.
    level: 'warn',
    text: ({ code }) => code,
    count: (metrics, { job, code }) => metrics.deadLetters.inc({ job, code }),
  },
  // `outages.ts` logs the whole outage.
  waiting: {
    level: 'debug',
    text: ({ code, message, delayMs }) => `${code}: ${message}; trying again in ${delayMs} ms`,
    count: (metrics, event) => metrics.waits(event, event.code),
  },
  resumed: {
    level: 'debug',
    text: () => 'no longer waiting',
    count: (metrics, event) => metrics.resumed(event),
  },
  fenced: {
    level: 'info',
    text: ({ message }) => `gave up the partition: ${message}`,
    count: (metrics, event) => metrics.fenced(event),
  },
  'topic-remade': {
    level: 'warn',
    text: ({ offset }) =>
      `the topic was deleted and created again; continuing with the new one, at offset ${offset}: records of the old one that rows have applied do not count`,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  'offset-foreign': {
    level: 'error',
    text: ({ offset }) =>
      `another tool has moved the offset to ${offset}, which loses the dedupe positions; they were rebuilt from the log, as far back as it reaches: use \`tributary offsets seek\` instead`,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  expanded: {
    level: 'error',
    text: ({ from, to }) =>
      `the topic was expanded from ${from} to ${to} partitions by another tool; events that an upstream job repeats after a rewind may be counted twice: expand with \`tributary topics apply\``,
    count: (metrics, event) => metrics.oddClaims.inc({ job: event.job, outcome: event.kind }),
  },
  'views-stale': {
    level: 'warn',
    text: ({ view, count }) =>
      `${count} records of ${view} were not written, because it has newer ones: after a restore of the tables, start with an empty view and rebuild the views`,
    count: (metrics, { job, count }) => metrics.viewsStale.inc({ job }, count),
  },
  'records-lost': {
    level: 'error',
    text: ({ from, to }) =>
      `the records from ${from} up to ${to} were deleted before the job read them: the topic keeps records for too short a time`,
    count: (metrics, { job, from, to }) => metrics.recordsLost.inc({ job }, to - from),
  },
  'timers-fired': {
    level: 'debug',
    text: ({ count }) => `${count} timers fired`,
    count: (metrics, { job, count }) => metrics.timersFired.inc({ job }, count),
  },
  'timers-due': {
    level: 'debug',
    text: ({ count }) => `${count} timers are due`,
    count: (metrics, event) => metrics.timersDue(event),
  },
  // `outages.ts` logs the whole outage.
  'view-late': {
    level: 'debug',
    text: ({ view, code, message }) => `${view} is behind: ${code}: ${message}`,
    count: (metrics, { job, view, code }) => metrics.viewWaits.inc({ job, view, code }),
  },
  'view-lag': {
    level: 'debug',
    text: ({ view, records }) => (records === 0 ? `${view} has caught up` : `${view} is ${records} records behind`),
    count: (metrics, event) => metrics.viewLag(event),
  },
  'view-refused': {
    level: 'warn',
    // The message names the record.
    text: ({ view }) => `a record of ${view} can never be written: its store refuses it, or it cannot be made`,
    fields: ({ message: _of, ...fields }) => fields,
    count: (metrics, { job, view }) => metrics.viewsRefused.inc({ job, view }),
  },
  'view-missed': {
    level: 'error',
    text: ({ view, from, to }) =>
      `the records from ${from} up to ${to} were deleted before ${view} had caught up: run rebuild-views for it`,
    count: (metrics, { job, view }) => metrics.viewsMissed.inc({ job, view }),
  },
  'job-waiting': {
    level: 'debug',
    text: ({ code, message, delayMs }) => `not running yet: ${code}: ${message}; trying again in ${delayMs} ms`,
    count: (metrics, { job, code }) => metrics.jobWaits(job, code),
  },
  'job-paused': {
    level: 'info',
    text: ({ by, why, job }) =>
      `the job is paused${by === '' ? '' : ` by ${by}`}${why === '' ? '' : `: ${why}`}; resume it with \`tributary resume ${job}\``,
    count: (metrics, { job }) => metrics.jobPaused.set({ job }, 1),
  },
  'job-unpaused': {
    level: 'info',
    text: () => 'the job is no longer paused',
    count: (metrics, { job }) => metrics.jobPaused.set({ job }, 0),
  },
  'job-resumed': {
    level: 'debug',
    text: () => 'no longer waiting to start',
    count: (metrics, { job }) => metrics.jobResumed(job),
  },
  rebalanced: {
    level: 'debug',
    text: ({ what, partitions }) => `${partitions} partitions were ${what}`,
    count: (metrics, { job, what }) => metrics.rebalances.inc({ job, outcome: what }),
  },
  'job-running': {
    level: 'info',
    text: () => 'the job is running',
    count: (metrics, { job }) => metrics.jobRunning.set({ job }, 1),
  },
  'job-failed': {
    level: 'fatal',
    text: ({ code, message, delayMs }) =>
      `${code}: ${message}; the job was stopped and the others continue; trying again in ${Math.round(delayMs / 1000)} s`,
    count: (metrics, { job }) => metrics.jobRunning.set({ job }, 0),
  },
};

const reportingOf = <K extends Kind>(event: EventOf<K>): Reporting<K> => KINDS[event.kind as K];

/** Writes JSON, one object per line; to a terminal, plain text. */
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
  return `${String(time).slice(0, 19)}Z ${String(level).padEnd(5)}${where} ${shownLine(String(msg))}\n`;
}

/** At most this many values are logged once each, because there may be no end of new ones. */
const MOST_ONCE = 100;

export function logged(logger: Logger): Telemetry {
  const loggedOnce = new Set<string>();
  const letters = new LettersAtHand();
  return {
    tell(event) {
      if (event.kind === 'dead-letter') return letters.add(event);
      const rejected = event.kind === 'batch' ? letters.take(event) : undefined;
      if (rejected !== undefined) {
        const { latenciesMs: _of, ...fields } = event as EventOf<'batch'>;
        return logger.warn({ ...fields, ...rejected }, lettersText(rejected));
      }
      const { level, text, once, fields } = reportingOf(event);
      const what = once?.(event);
      if (what !== undefined) {
        if (loggedOnce.has(what) || loggedOnce.size >= MOST_ONCE) return;
        loggedOnce.add(what);
      }
      if (logger.isLevelEnabled(level)) logger[level](fields?.(event) ?? event, text(event));
    },
  };
}

export function metered(metrics: Metrics): Telemetry {
  return { tell: (event) => reportingOf(event).count(metrics, event) };
}

export function toAll(...telemetries: readonly Telemetry[]): Telemetry {
  return {
    tell(event) {
      for (const telemetry of telemetries) telemetry.tell(event);
    },
  };
}
