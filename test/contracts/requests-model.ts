/** The requests port in a few lines over a map. `requests-random.ts` compares the real implementations with it. */
import assert from 'node:assert/strict';
import type { Lease, NewRequest, RequestState } from '../../sinks/requests/port.ts';
import { objectOf } from '../../sinks/requests/rules.ts';
import { T0 } from './requests-samples.ts';

export type Call =
  | { readonly call: 'ask'; readonly request: NewRequest }
  | { readonly call: 'lease'; readonly owner: string; readonly length: number; readonly tenantLimit: number }
  | { readonly call: 'renew'; readonly lease: number; readonly length: number }
  | { readonly call: 'finish'; readonly lease: number; readonly length: number }
  | { readonly call: 'fail'; readonly lease: number; readonly retryIn: number | null }
  | { readonly call: 'release'; readonly lease: number }
  | { readonly call: 'cancel'; readonly tenant: string; readonly id: string }
  | { readonly call: 'expire'; readonly limit: number }
  | { readonly call: 'confirmRemoved'; readonly id: string }
  | { readonly call: 'attemptState'; readonly lease: number }
  | { readonly call: 'purge'; readonly age: number; readonly limit: number }
  | { readonly call: 'unannounced'; readonly limit: number }
  | { readonly call: 'confirmAnnounced'; readonly id: string };

/** The fields of a request that are compared. */
export interface Shown {
  readonly id: string;
  readonly state: RequestState;
  readonly createdAt: number;
  readonly updatedAt: number;
  readonly attempt: number;
  readonly notBefore: number;
  readonly owner: string | null;
  readonly leaseUntil: number | null;
  readonly progress: number;
  readonly error: string | null;
  readonly expiresAt: number | null;
  readonly askers: readonly string[];
}

interface Kept extends Shown {
  readonly request: NewRequest;
  readonly turn: number;
  readonly finishedAt: number;
  readonly isListed: boolean;
  readonly isAnnounced: boolean;
}

export class Model {
  private readonly kept = new Map<string, Kept>();
  private readonly served = new Map<string, number>();
  private leases = 0;
  private purged = 0;

  shown(of: string): Shown[] {
    const found = [...this.kept.values()].filter((each) => each.request.tenant === of).reverse();
    return found.map(({ request: _, turn, finishedAt, isListed, isAnnounced, ...rest }) => ({
      ...rest,
      expiresAt: rest.state === 'done' ? rest.expiresAt : null,
    }));
  }

  answer(call: Call, held: Lease | undefined, now: number): unknown {
    switch (call.call) {
      case 'ask':
        return this.ask(call.request, now);
      case 'lease':
        return this.lease(call, now);
      case 'cancel': {
        const found = this.kept.get(call.id);
        if (found === undefined || found.request.tenant !== call.tenant || !isOpen(found)) return false;
        this.end(found, now, { state: 'cancelled' });
        return true;
      }
      case 'expire':
        this.exhaust(now);
        for (const each of this.where((one) => one.state === 'done' && (one.expiresAt ?? 0) <= now)
          .sort(byExpiry)
          .slice(0, call.limit)) {
          this.change(each, { state: 'expired', updatedAt: now });
        }
        return this.where((each) => each.state === 'expired' && each.isListed)
          .sort(byExpiry)
          .slice(0, call.limit)
          .map((each) => objectOf(each.id, each.attempt));
      case 'confirmRemoved': {
        const found = this.kept.get(call.id);
        if (found?.state === 'expired') this.change(found, { isListed: false });
        return undefined;
      }
      case 'purge':
        return this.purge(now - call.age, call.limit);
      case 'unannounced':
        return this.where((each) => (each.state === 'done' || each.state === 'failed') && !each.isAnnounced)
          .sort(byEnd)
          .slice(0, call.limit)
          .map((each) => each.id);
      case 'confirmAnnounced': {
        const found = this.kept.get(call.id);
        if (found?.state === 'done' || found?.state === 'failed') this.change(found, { isAnnounced: true });
        return undefined;
      }
    }
    assert.ok(held);
    return this.byHolder(call, held, now);
  }

  private ask(asked: NewRequest, now: number): unknown {
    const { hash, tenant: of, requestedBy, freshMs } = asked;
    const same = this.where((each) => each.request.hash === hash && each.request.tenant === of).reverse();
    const isFresh = (each: Kept): boolean =>
      each.state === 'done' && (each.expiresAt ?? 0) > now && each.finishedAt >= now - freshMs;
    const found = same.find(isOpen) ?? same.find(isFresh);
    if (found !== undefined) {
      this.change(found, { askers: [...new Set([...found.askers, requestedBy])] });
      return [found.id, false];
    }
    const others = this.where((each) => each.request.hash === hash).map((each) => Number(each.id.slice(2)));
    const named = `${hash}-${Math.max(this.purged, ...others) + 1}`;
    if (!this.served.has(of)) this.served.set(of, 0);
    const none = {
      owner: null,
      leaseUntil: null,
      error: null,
      expiresAt: null,
      progress: 0,
      attempt: 0,
      finishedAt: 0,
    };
    const times = { createdAt: now, updatedAt: now, notBefore: now, turn: now + asked.estimateRows };
    const flags = { isListed: false, isAnnounced: false };
    this.kept.set(named, {
      id: named,
      state: 'waiting',
      askers: [requestedBy],
      request: asked,
      ...none,
      ...times,
      ...flags,
    });
    return [named, true];
  }

  private lease({ owner, length: ms, tenantLimit }: Call & { call: 'lease' }, now: number): unknown {
    this.exhaust(now);
    const running = (of: string): number =>
      this.where((each) => each.request.tenant === of && each.state === 'running' && !ranOut(each, now)).length;
    const order = [...this.served.keys()]
      .filter((of) => running(of) < tenantLimit)
      .sort(
        (a, b) => running(a) - running(b) || (this.served.get(a) ?? 0) - (this.served.get(b) ?? 0) || (a < b ? -1 : 1),
      );
    for (const of of order) {
      const [next] = this.where(
        (each) => each.request.tenant === of && (each.state === 'waiting' ? each.notBefore <= now : ranOut(each, now)),
      ).sort((a, b) => a.turn - b.turn || (a.id < b.id ? -1 : 1));
      if (next === undefined) continue;
      this.leases += 1;
      this.served.set(of, this.leases);
      const attempt = next.attempt + 1;
      this.change(next, { state: 'running', attempt, owner, leaseUntil: now + ms, progress: 0, updatedAt: now });
      return [next.id, attempt, next.request.secret];
    }
    return undefined;
  }

  private byHolder(call: Extract<Call, { lease: number }>, held: Lease, now: number): unknown {
    const found = this.kept.get(held.id);
    const isSame = found?.attempt === held.attempt;
    if (call.call === 'attemptState') {
      if (isSame && found.state === 'running') return 'running';
      return isSame && found.state === 'done' ? 'listed' : 'over';
    }
    if (found !== undefined && isSame && found.state === 'cancelled') return 'cancelled';
    const hasFinished = found?.state === 'done' || found?.state === 'expired';
    if (call.call === 'finish' && isSame && hasFinished) return 'held';
    if (call.call === 'release' && isSame && found.state === 'waiting') return 'held';
    if (found === undefined || !isSame || found.state !== 'running' || found.owner !== held.owner) return 'LEASE_LOST';
    if (call.call === 'renew') {
      this.change(found, { leaseUntil: now + call.length, progress: now - T0, updatedAt: now });
    } else if (call.call === 'finish') {
      const made = { finishedAt: now, expiresAt: now + call.length, isListed: true, progress: 12, error: null };
      this.end(found, now, { state: 'done', ...made });
    } else if (call.call === 'release') {
      const request = { ...found.request, maxAttempts: found.request.maxAttempts + 1 };
      this.end(found, now, { state: 'waiting', request, notBefore: now });
    } else {
      const isRetried = call.retryIn !== null && found.attempt < found.request.maxAttempts;
      const notBefore = call.retryIn === null ? found.notBefore : now + call.retryIn;
      this.end(found, now, { state: isRetried ? 'waiting' : 'failed', notBefore, error: 'TABLES_AWAY' });
    }
    return 'held';
  }

  private purge(before: number, limit: number): number {
    const gone = this.where(
      ({ state, isListed, isAnnounced, updatedAt }) =>
        updatedAt < before &&
        (state === 'cancelled' || (state === 'failed' && isAnnounced) || (state === 'expired' && !isListed)),
    )
      .sort(byEnd)
      .slice(0, limit);
    for (const each of gone) {
      this.purged = Math.max(this.purged, Number(each.id.slice(2)));
      this.kept.delete(each.id);
    }
    return gone.length;
  }

  private exhaust(now: number): void {
    for (const each of this.where((one) => ranOut(one, now) && one.attempt >= one.request.maxAttempts)) {
      this.end(each, now, { state: 'failed', error: 'LEASE_LOST' });
    }
  }

  private where(fits: (kept: Kept) => boolean): Kept[] {
    return [...this.kept.values()].filter(fits);
  }

  private change(kept: Kept, change: Partial<Kept>): void {
    this.kept.set(kept.id, { ...kept, ...change });
  }

  private end(kept: Kept, now: number, change: Partial<Kept>): void {
    this.change(kept, { owner: null, leaseUntil: null, updatedAt: now, ...change });
  }
}

function isOpen({ state }: Kept): boolean {
  return state === 'waiting' || state === 'running';
}

function ranOut({ state, leaseUntil }: Kept, now: number): boolean {
  return state === 'running' && leaseUntil !== null && leaseUntil <= now;
}

function byExpiry(a: Kept, b: Kept): number {
  return (a.expiresAt ?? 0) - (b.expiresAt ?? 0) || (a.id < b.id ? -1 : 1);
}

function byEnd(a: Kept, b: Kept): number {
  return a.updatedAt - b.updatedAt || (a.id < b.id ? -1 : 1);
}
