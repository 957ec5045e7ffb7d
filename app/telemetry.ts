/**
 * Log and metrics, both made from what the runtime tells (`jobs/runtime/telemetry.ts`), kind by kind in one table, so that
 * they cannot disagree. Labels are job, topic, partition, view, code and outcome: all of them bounded.
 */
import type { Writable } from 'node:stream';
import pino, { type Logger } from 'pino';
import type { Telemetry, TelemetryEvent } from '../jobs/runtime/telemetry.ts';
import type { Config } from './config.ts';
import type { Metrics } from './metrics.ts';
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
    say: ({ offset, token }) =>
      `claimed, going on at offset ${offset}${token === undefined ? '' : ` as owner ${token}`}`,
    count: (metrics, event) => metrics.claimed(event),
  },
  released: {
    level: 'debug',
    say: () => 'released',
    count: (metrics, event) => metrics.released(event),
  },
  published: {
    level: 'debug',
    say: ({ table, version, events, rows, durationMs, next }) =>
      `${events} events up to offset ${next} in ${rows} rows of ${table}, version ${version}, in ${durationMs} ms`,
    count: (metrics, { job, events, rows }) => {
      metrics.published.inc({ job });
      metrics.eventsCounted.inc({ job }, events);
      metrics.segmentRows.inc({ job }, rows);
    },
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
  // Of the whole outage, `outages.ts` tells.
  waiting: {
    level: 'debug',
    say: ({ code, message, delayMs }) => `${code}: ${message}; again in ${delayMs} ms`,
    count: (metrics, event) => metrics.waits(event, event.code),
  },
  resumed: {
    level: 'debug',
    say: () => 'what it waited for is back',
    count: (metrics, event) => metrics.resumed(event),
  },
  fenced: {
    level: 'info',
    say: ({ message }) => `let go: ${message}`,
    count: (metrics, event) => metrics.fenced(event),
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
  // Of the whole outage, `outages.ts` tells.
  'view-late': {
    level: 'debug',
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
  'job-waiting': {
    level: 'debug',
    say: ({ code, message, delayMs }) => `not running yet: ${code}: ${message}; again in ${delayMs} ms`,
    count: (metrics, { job, code }) => metrics.jobWaits(job, code),
  },
  'job-resumed': {
    level: 'debug',
    say: () => 'what its start waited for is back',
    count: (metrics, { job }) => metrics.jobResumed(job),
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
  return `${String(time).slice(0, 19)}Z ${String(level).padEnd(5)}${where} ${shownLine(String(msg))}\n`;
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
