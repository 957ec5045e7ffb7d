/** The requests port as a few lines over a map, and random calls against both. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Lease, Request, Requests } from '../../sinks/requests/port.ts';
import { leaseOf, newRequest, result, T0 } from './requests-samples.ts';

type Call =
  | { readonly call: 'create'; readonly request: number; readonly maxAttempts: number }
  | { readonly call: 'lease'; readonly owner: string; readonly length: number }
  | { readonly call: 'renew'; readonly lease: number; readonly length: number }
  | { readonly call: 'finish'; readonly lease: number; readonly length: number }
  | { readonly call: 'fail'; readonly lease: number; readonly final: boolean }
  | { readonly call: 'cancel'; readonly request: number }
  | { readonly call: 'expire' }
  | { readonly call: 'confirm'; readonly request: number };

const request = fc.nat(4);
/** Which of the leases given out so far, counted from the newest; most of them are lost. */
const lease = fc.nat(5);
const length = fc.integer({ min: 1, max: 40 });

const calls: fc.Arbitrary<{ wait: number; call: Call }[]> = fc.array(
  fc.record({
    // Never two calls at one time, so that "the oldest" is always one.
    wait: fc.integer({ min: 1, max: 15 }),
    call: fc.oneof(
      {
        weight: 3,
        arbitrary: fc.record({ call: fc.constant('create'), request, maxAttempts: fc.integer({ min: 1, max: 3 }) }),
      },
      { weight: 4, arbitrary: fc.record({ call: fc.constant('lease'), owner: fc.constantFrom('ada', 'bob'), length }) },
      { weight: 2, arbitrary: fc.record({ call: fc.constant('renew'), lease, length }) },
      { weight: 2, arbitrary: fc.record({ call: fc.constant('finish'), lease, length }) },
      { weight: 2, arbitrary: fc.record({ call: fc.constant('fail'), lease, final: fc.boolean() }) },
      { weight: 1, arbitrary: fc.record({ call: fc.constant('cancel'), request }) },
      { weight: 2, arbitrary: fc.record({ call: fc.constant('expire') }) },
      { weight: 1, arbitrary: fc.record({ call: fc.constant('confirm'), request }) },
    ) as fc.Arbitrary<Call>,
  }),
  { minLength: 10, maxLength: 60, size: 'max' },
);

/** After every call the answer and all requests are those of the model. */
export function behavesLikeTheModel(
  make: () => Promise<Requests>,
): fc.IAsyncProperty<[{ wait: number; call: Call }[]]> {
  return fc.asyncProperty(calls, async (sequence) => {
    const real = await make();
    try {
      const model = new Model();
      const leases: Lease[] = [];
      let now = T0;
      for (const { wait, call } of sequence) {
        now += wait;
        const held =
          'lease' in call ? (leases.at(-1 - call.lease) ?? { id: 'r0', owner: 'ada', attempt: 1 }) : undefined;
        const expected = model.answer(call, held, now);
        assert.deepEqual(await answerOf(real, call, held, now), expected, `${JSON.stringify(call)} at ${now - T0}`);
        const shown = (await real.list('acme', { limit: 100 })).map(shownOf);
        assert.deepEqual(shown, model.list(), `after ${JSON.stringify(call)} at ${now - T0}`);
        if (call.call === 'lease' && typeof expected === 'string') leases.push(model.lease(expected));
      }
    } finally {
      await real.close();
    }
  });
}

/** What a call answers: of a request its id, of an error its code. */
async function answerOf(real: Requests, call: Call, held: Lease | undefined, now: number): Promise<unknown> {
  try {
    switch (call.call) {
      case 'create':
        return (await real.create(newRequest(`r${call.request}`, call.maxAttempts), now)).id;
      case 'lease':
        return (await real.lease(call.owner, now, now + call.length))?.id;
      case 'cancel':
        return await real.cancel(`r${call.request}`, now);
      case 'expire':
        return await real.expire(now);
      case 'confirm':
        return await real.confirmRemoved([`r${call.request}`]);
    }
    assert.ok(held);
    if (call.call === 'renew') return await real.renew(held, now, now + call.length, now - T0);
    if (call.call === 'finish')
      return await real.finish(held, now, result(`${held.id}/${held.attempt}`, now + call.length));
    return await real.fail(held, now, `at ${now}`, call.final);
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

type Shown = Pick<
  Request,
  'id' | 'state' | 'createdAt' | 'updatedAt' | 'attempt' | 'maxAttempts' | 'owner' | 'leaseUntil'
> & {
  readonly object: string | null;
  /** Of the attempt that runs. */
  readonly progress: number | undefined;
};

function shownOf(request: Request): Shown {
  const { id, state, createdAt, updatedAt, attempt, maxAttempts, owner, leaseUntil } = request;
  const object = request.result?.object ?? null;
  const progress = state === 'running' ? request.progress : undefined;
  return { id, state, createdAt, updatedAt, attempt, maxAttempts, owner, leaseUntil, object, progress };
}

class Model {
  private readonly requests = new Map<string, Request>();
  /** Of the expired requests those whose objects may still be there. */
  private readonly toRemove = new Set<string>();

  list(): Shown[] {
    return [...this.requests.values()].reverse().map(shownOf);
  }

  lease(id: string): Lease {
    const found = this.requests.get(id);
    assert.ok(found);
    return leaseOf(found);
  }

  answer(call: Call, held: Lease | undefined, now: number): unknown {
    switch (call.call) {
      case 'create': {
        const id = `r${call.request}`;
        if (!this.requests.has(id)) {
          const asked = newRequest(id, call.maxAttempts);
          const rest = { attempt: 0, owner: null, leaseUntil: null, progress: 0, error: null, result: null };
          this.requests.set(id, { ...asked, ...rest, state: 'waiting', createdAt: now, updatedAt: now });
        }
        return id;
      }
      case 'lease': {
        this.exhaust(now);
        const next = this.first((each) => each.state === 'waiting' || (each.state === 'running' && ranOut(each, now)));
        if (next === undefined) return undefined;
        const { owner } = call;
        const attempt = next.attempt + 1;
        this.change(next, now, { state: 'running', attempt, owner, leaseUntil: now + call.length, progress: 0 });
        return next.id;
      }
      case 'cancel': {
        const found = this.requests.get(`r${call.request}`);
        if (found?.state !== 'waiting' && found?.state !== 'running') return false;
        this.end(found, now, { state: 'cancelled' });
        return true;
      }
      case 'expire': {
        this.exhaust(now);
        for (const each of this.requests.values()) {
          if (each.state !== 'done' || expiryOf(each) > now) continue;
          this.change(each, now, { state: 'expired' });
          this.toRemove.add(each.id);
        }
        return [...this.requests.values()]
          .filter(({ id }) => this.toRemove.has(id))
          .sort((a, b) => expiryOf(a) - expiryOf(b) || (a.id < b.id ? -1 : 1))
          .map(({ id, result: made }) => ({ id, object: made?.object }));
      }
      case 'confirm':
        this.toRemove.delete(`r${call.request}`);
        return undefined;
    }
    assert.ok(held);
    const found = this.requests.get(held.id);
    const holds = found?.state === 'running' && found.owner === held.owner && found.attempt === held.attempt;
    const again = call.call === 'finish' && found?.result !== null && found?.attempt === held.attempt;
    if (again) return undefined;
    if (found === undefined || !holds) return 'LEASE_LOST';
    if (call.call === 'renew') this.change(found, now, { leaseUntil: now + call.length, progress: now - T0 });
    else if (call.call === 'finish') {
      this.end(found, now, { state: 'done', result: result(`${held.id}/${held.attempt}`, now + call.length) });
    } else {
      this.end(found, now, { state: call.final || found.attempt >= found.maxAttempts ? 'failed' : 'waiting' });
    }
    return undefined;
  }

  private exhaust(now: number): void {
    for (const each of this.requests.values()) {
      const last = each.attempt >= each.maxAttempts;
      if (each.state === 'running' && ranOut(each, now) && last) this.end(each, now, { state: 'failed' });
    }
  }

  private first(fits: (request: Request) => boolean): Request | undefined {
    return [...this.requests.values()].find(fits);
  }

  private change(request: Request, now: number, change: Partial<Request>): void {
    this.requests.set(request.id, { ...request, ...change, updatedAt: now });
  }

  private end(request: Request, now: number, change: Partial<Request>): void {
    this.change(request, now, { owner: null, leaseUntil: null, ...change });
  }
}

function ranOut(request: Request, now: number): boolean {
  return request.leaseUntil !== null && request.leaseUntil <= now;
}

function expiryOf(request: Request): number {
  return request.result?.expiresAt ?? Number.POSITIVE_INFINITY;
}
