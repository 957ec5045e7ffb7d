/** What workers do besides running reports. Several workers may do any of it at once, and again after a crash. */
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import type { Asker, Request, Requests } from '../../sinks/requests/port.ts';
import { attemptOf } from '../../sinks/requests/rules.ts';
import type { Report } from '../define-report.ts';
import { plan } from '../requesting/asking.ts';
import type { SealingKeys } from '../requesting/sealing.ts';
import { scheduledAsk } from './scheduled-ask.ts';
import type { WorkerSettings } from './settings.ts';
import type { WorkerEvent } from './worker.ts';

export interface Ended {
  readonly request: Request;
  readonly askers: readonly Asker[];
}

export interface TendParts {
  readonly requests: Requests;
  readonly objects: Objects;
  readonly reports: readonly Report[];
  readonly keys: SealingKeys | undefined;
  readonly clock: Clock;
  readonly settings: WorkerSettings;
  /** Emits the events of ended requests, all or none. Their ids are derived from those of the requests, so readers drop repeats. */
  announce(ended: readonly Ended[]): Promise<void>;
  tell(event: WorkerEvent): void;
}

const AT_ONCE = 100;
const FORGOTTEN_AT_ONCE = 10_000;
/** Younger objects are left: their attempts may run on a machine whose clock is behind. */
export const SWEEP_AFTER_MS = 60_000;

/** Each task runs separately: a failing task does not hold up the others. Throws the first error at the end. */
export async function tend(
  parts: TendParts,
  { sweep, signal }: { sweep: boolean; signal: AbortSignal },
): Promise<void> {
  const works = [
    () => fire(parts),
    () => announceEnded(parts),
    () => expire(parts),
    ...(sweep ? [() => forget(parts), () => sweepLeftovers(parts, signal)] : []),
  ];
  const errors: unknown[] = [];
  for (const work of works) await work().catch((error: unknown) => errors.push(error));
  if (errors.length > 0) throw errors[0];
}

async function forget(parts: TendParts): Promise<void> {
  const { requests, settings, clock } = parts;
  tellCount(parts, 'forgotten requests', await requests.purge(clock.now() - settings.rememberMs, FORGOTTEN_AT_ONCE));
}

const tellCount = ({ tell }: TendParts, what: string, count: number): void => {
  if (count > 0) tell({ kind: 'tended', what, count });
};

/** Makes the requests of due schedules: one for each due time, however many workers do this. */
async function fire(parts: TendParts): Promise<void> {
  const { requests, reports, keys, clock, tell } = parts;
  const fired = await requests.fire(clock.now(), (schedule, dueAt) => {
    const { request } = plan(scheduledAsk(schedule, keys), { reports, keys, now: dueAt });
    // A file that somebody requested a little earlier does not count as the one that is due.
    return { ...request, freshMs: 0 };
  });
  tellCount(parts, 'requests of schedules', fired.requests.length);
  for (const { id, tenant, error } of fired.disabled) {
    tell({ kind: 'disabled', schedule: id, tenant, message: error?.message ?? '' });
  }
}

export async function announceEnded(parts: Pick<TendParts, 'requests' | 'announce'>): Promise<void> {
  const { requests, announce } = parts;
  const ended = await requests.unannounced(AT_ONCE);
  if (ended.length === 0) return;
  const all: Ended[] = [];
  for (const request of ended) all.push({ request, askers: await requests.askers(request.tenant, request.id) });
  await announce(all);
  await requests.confirmAnnounced(ended.map(({ id }) => id));
}

async function expire(parts: TendParts): Promise<void> {
  const { requests, objects, clock } = parts;
  const expired = await requests.expire(clock.now(), AT_ONCE);
  for (const { objects: names } of expired) for (const name of names) await objects.remove(name);
  if (expired.length > 0) await requests.confirmRemoved(expired.map(({ id }) => id));
  tellCount(parts, 'expired files', expired.length);
}

/** Removes objects of attempts that ended without a file: a worker died, or could not reach the objects when it gave up. */
async function sweepLeftovers(parts: TendParts, signal: AbortSignal): Promise<void> {
  const { requests, objects, clock } = parts;
  let swept = 0;
  for await (const { name, modifiedAt } of objects.list('reports/')) {
    if (signal.aborted) break;
    const of = attemptOf(name);
    if (of === undefined || modifiedAt > clock.now() - SWEEP_AFTER_MS) continue;
    if ((await requests.attemptState(of.id, of.attempt)) !== 'over') continue;
    await objects.remove(name);
    swept += 1;
  }
  tellCount(parts, 'leftover objects', swept);
}
