/** Report workers on embedded requests and in-memory objects, with a clock that tests advance. */
import { setImmediate as macrotask } from 'node:timers/promises';
import { TributaryError } from '../../../core/errors.ts';
import { IN_MEMORY, openDatabase } from '../../../embedded/database.ts';
import type { Clock } from '../../../jobs/runtime/stores.ts';
import { defineReport, type Reads, type Report } from '../../../reports/define-report.ts';
import type { Ask } from '../../../reports/requesting/asking.ts';
import { plan } from '../../../reports/requesting/asking.ts';
import type { RowSources } from '../../../reports/requesting/rows.ts';
import { sealingKeys } from '../../../reports/requesting/sealing.ts';
import { WORKER_DEFAULTS, type WorkerSettings } from '../../../reports/worker/settings.ts';
import type { Ended } from '../../../reports/worker/tending.ts';
import type { WorkerEvent, WorkerParts } from '../../../reports/worker/worker.ts';
import type { Objects } from '../../../sinks/objects/port.ts';
import type { Request, Requests } from '../../../sinks/requests/port.ts';
import { sqliteRequests } from '../../../sinks/requests/sqlite/requests.ts';
import { askFor } from '../asking.ts';
import { memoryObjects } from '../runtime/memory-objects.ts';

export const T0 = Date.UTC(2026, 0, 31, 12);
/** How long the report `numbers` takes for each page. */
export const PAGE_MS = 100;

export interface TestClock extends Clock {
  /** Moves the clock on. Sleepers that are due wake up, and everything that can run does. */
  advance(ms: number): Promise<void>;
}

function testClock(start = T0): TestClock {
  let now = start;
  const sleepers = new Set<{ readonly at: number; wake(): void }>();
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 8; turn += 1) await macrotask();
  };
  return {
    now: () => now,
    elapsed: () => now - start,
    yieldToLoop: () => undefined,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = {
          at: now + ms,
          wake() {
            sleepers.delete(sleeper);
            signal.removeEventListener('abort', sleeper.wake);
            resolve();
          },
        };
        if (signal.aborted) resolve();
        else {
          sleepers.add(sleeper);
          signal.addEventListener('abort', sleeper.wake);
        }
      }),
    async advance(ms) {
      const until = now + ms;
      await settle();
      for (;;) {
        const next = [...sleepers].toSorted((a, b) => a.at - b.at).find(({ at }) => at <= until);
        if (next === undefined) break;
        now = Math.max(now, next.at);
        next.wake();
        await settle();
      }
      now = until;
    },
  };
}

/** Faults that a test can cause while reports run. */
export interface Faults {
  /** The next page of a report throws this error. */
  page?: Error | undefined;
}

export interface World {
  readonly clock: TestClock;
  readonly requests: Requests;
  readonly objects: Objects;
  readonly reports: readonly Report[];
  readonly faults: Faults;
  readonly announced: Ended[];
  readonly events: WorkerEvent[];
  parts(owner: string, settings?: Partial<WorkerSettings>): WorkerParts;
  ask(changes?: Partial<Ask>): Promise<Request>;
  request(id: string, tenant?: string): Promise<Request>;
  objectNames(): Promise<string[]>;
}

const unread = (): never => {
  throw new Error('the report reads nothing');
};
const NOTHING: Reads = { rows: unread, pages: unread, lags: unread, deadLetters: unread };

export const KEYS = sealingKeys(['a secret of the tests']);

export const asking = (changes?: Partial<Ask>): Ask => askFor('numbers', { parameters: { count: '25' }, ...changes });

export function reportWorld(): World {
  const clock = testClock();
  const requests = sqliteRequests(openDatabase(IN_MEMORY));
  const objects = memoryObjects();
  const faults: Faults = {};
  const announced: Ended[] = [];
  const events: WorkerEvent[] = [];
  const never = new AbortController().signal;
  const numbers = defineReport({
    name: 'numbers',
    title: 'Numbers',
    answers: 'Which numbers are there?',
    version: 1,
    role: 'analyst',
    freshMs: 60_000,
    parameters: { count: { type: 'long', doc: 'How many.', unit: 'numbers', min: 0, max: 1000 } },
    columns: { n: { title: 'Number', type: 'long', doc: 'A number.', unit: 'numbers' } },
    from: {
      reads: [],
      async *rows({ count }) {
        for (let from = 0; from < count; from += 10) {
          await clock.sleep(PAGE_MS, never);
          const fault = faults.page;
          faults.page = undefined;
          if (fault !== undefined) throw fault;
          yield Array.from({ length: Math.min(10, count - from) }, (_, i) => ({ n: from + i }));
        }
      },
    },
  });
  const reports = [numbers];
  const sources: RowSources = {
    reads: () => NOTHING,
    query: () => Promise.reject(new TributaryError('QUERY_AWAY', 'there is no engine')),
    text: () => Promise.reject(new Error('there is no file')),
    positions: async () => ({}),
  };
  return {
    clock,
    requests,
    objects,
    reports,
    faults,
    announced,
    events,
    parts: (owner, settings) => ({
      owner,
      requests,
      objects,
      sources,
      reports,
      keys: KEYS,
      clock,
      random: () => 0,
      settings: { ...WORKER_DEFAULTS, ...settings },
      announce: async (ended) => {
        announced.push(...ended);
      },
      tell: (event) => {
        events.push(event);
      },
    }),
    async ask(changes) {
      const now = clock.now();
      const { request } = plan(asking(changes), { reports, keys: KEYS, now });
      return (await requests.ask(request, now)).request;
    },
    async request(id, tenant = 'acme') {
      const request = await requests.get(tenant, id);
      if (request === undefined) throw new Error(`there is no request ${id}`);
      return request;
    },
    objectNames: async () => (await Array.fromAsync(objects.list('reports/'))).map(({ name }) => name),
  };
}
