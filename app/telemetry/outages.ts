/**
 * Logs outages: one line when a job begins to wait for a store, one per minute while it waits, and one when the wait is over. If a store
 * fails and recovers repeatedly, that is one outage, with the same few lines.
 */

import type { ErrorCode } from '../../core/errors.ts';
import type { Telemetry, TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import { timeText } from '../text/time-text.ts';

/** A job that waits, or a view that is behind. */
interface Outage {
  readonly job: string;
  /** "waiting for the tables", "enrollments is behind". */
  readonly what: string;
  readonly code: string;
  /** The view that is behind. Its job goes on. */
  readonly view: string | undefined;
  /** In ms since 1970 UTC. */
  readonly since: number;
  /** The partitions, or `STARTING`. */
  readonly parts: Set<number | typeof STARTING>;
  /** The largest number of partitions that waited at once. */
  most: number;
  tries: number;
  message: string;
  loggedAt: number;
  /** Whether the last line reported the outage as going on. */
  isOpen: boolean;
}

export interface Waiting {
  readonly job: string;
  /** One line: what the job waits for, since when, and why. */
  readonly text: string;
}

type Say = (level: 'info' | 'warn', fields: object, text: string) => void;

const EVERY_MS = 60_000;
const STARTING = 'start';

const STORES: Readonly<Partial<Record<string, string>>> = {
  LOG_AWAY: 'the log',
  REGISTRY_AWAY: 'the registry',
  TABLES_AWAY: 'the tables',
  CACHE_AWAY: 'the cache',
  SEARCH_AWAY: 'the search',
  OBJECTS_AWAY: 'the object store',
  REQUESTS_AWAY: 'the report requests',
  CHANNEL_AWAY: 'a channel',
  FORMAT_NEWER: 'the end of a deployment',
} satisfies Partial<Record<ErrorCode, string>>;

export class Outages implements Telemetry {
  readonly #say: Say;
  readonly #now: () => number;
  readonly #outages = new Map<string, Outage>();

  constructor(say: Say, now: () => number) {
    this.#say = say;
    this.#now = now;
  }

  tell(event: TelemetryEvent): void {
    const { job, kind } = event;
    if (kind === 'waiting') this.#tried(job, undefined, event.partition, event);
    if (kind === 'job-waiting') this.#tried(job, undefined, STARTING, event);
    if (kind === 'view-late') this.#tried(job, event.view, event.partition, event);
    if (kind === 'view-lag' && event.records === 0) this.#over(job, event.view, event.partition);
    if (kind === 'resumed') this.#over(job, undefined, event.partition);
    if (kind === 'job-resumed' || kind === 'job-running') this.#over(job, undefined, STARTING);
    if (kind === 'released' || kind === 'paused') this.#over(job, 'any', event.partition);
  }

  /** The jobs that have waited for a store for at least this long. A view that is behind holds up no job. */
  longerThan(ms: number): Waiting[] {
    const now = this.#now();
    return [...this.#outages.values()]
      .filter(({ view, parts, since }) => view === undefined && parts.size > 0 && now - since >= ms)
      .map((outage) => ({
        job: outage.job,
        text: `${outage.job} has been ${outage.what} since ${timeText(outage.since)}${partsText(outage.parts)}: ${outage.code}: ${outage.message}`,
      }));
  }

  #tried(
    job: string,
    view: string | undefined,
    part: number | typeof STARTING,
    { code, message }: { readonly code: string; readonly message: string },
  ): void {
    const now = this.#now();
    const key = `${job} ${view ?? ''} ${view === undefined ? code : ''}`;
    const what = view === undefined ? `waiting for ${STORES[code] ?? 'a store'}` : `without ${view}, which is behind`;
    const known = this.#outages.get(key);
    const isFresh = known === undefined || (known.parts.size === 0 && now - known.loggedAt >= EVERY_MS);
    const outage: Outage = isFresh
      ? {
          job,
          what,
          code,
          view,
          since: now,
          parts: new Set(),
          most: 0,
          tries: 0,
          message,
          loggedAt: now,
          isOpen: false,
        }
      : known;
    this.#outages.set(key, outage);
    outage.parts.add(part);
    outage.most = Math.max(outage.most, outage.parts.size);
    outage.tries += 1;
    outage.message = message;
    if (isFresh) this.#line(outage, 'warn', `${what}: ${code}: ${message}`, true);
    else if (now - outage.loggedAt >= EVERY_MS) {
      const many = outage.tries === 1 ? 'once' : `${outage.tries} times`;
      const since = `since ${timeText(outage.since)}${partsText(outage.parts)}; tried ${many}`;
      this.#line(outage, 'warn', `${what} ${since}: ${code}: ${message}`, true);
    }
  }

  #over(job: string, view: string | undefined, part: number | typeof STARTING): void {
    for (const outage of this.#outages.values()) {
      if (outage.job !== job || (view !== 'any' && outage.view !== view)) continue;
      if (!outage.parts.delete(part) || outage.parts.size > 0 || !outage.isOpen) continue;
      const seconds = Math.round((this.#now() - outage.since) / 1000);
      this.#line(outage, 'info', `no longer ${outage.what}, after ${seconds} s and ${outage.tries} tries`, false);
    }
  }

  #line(outage: Outage, level: 'info' | 'warn', text: string, isOpen: boolean): void {
    const { job, code, view, since, most, tries } = outage;
    outage.loggedAt = this.#now();
    outage.isOpen = isOpen;
    const fields = { job, code, ...(view !== undefined && { view }), since: timeText(since), partitions: most, tries };
    this.#say(level, { kind: 'outage', ...fields }, text);
  }
}

function partsText(parts: Outage['parts']): string {
  const partitions = [...parts].filter((part) => part !== STARTING).length;
  return partitions === 0 ? '' : `, ${partitions} ${partitions === 1 ? 'partition' : 'partitions'}`;
}
