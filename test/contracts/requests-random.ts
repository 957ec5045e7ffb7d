/** Random calls of the requests port, each answered as by a model. */
import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Lease, RequestError, Requests } from '../../sinks/requests/port.ts';
import { type Call, Model, type Shown } from './requests-model.ts';
import { all, newRequest, result, T0 } from './requests-samples.ts';

const TENANTS = ['acme', 'umbrella'] as const;
const tenant = fc.constantFrom(...TENANTS);
const request = fc
  .record({
    hash: fc.constantFrom('p', 'q', 'r'),
    tenant,
    requestedBy: fc.constantFrom('eve', 'bob'),
    maxAttempts: fc.integer({ min: 1, max: 3 }),
    estimateRows: fc.nat(40),
    freshMs: fc.nat(60),
    secret: fc.constantFrom(null, 'sealed'),
  })
  .map(({ hash, ...changes }) => newRequest(hash, changes));
const id = fc
  .tuple(fc.constantFrom('p', 'q', 'r'), fc.integer({ min: 1, max: 3 }))
  .map(([hash, generation]) => `${hash}-${generation}`);
/** Selects one of the leases so far, counted from the newest. Most of them are lost. */
const lease = fc.nat(5);
const length = fc.integer({ min: 1, max: 40 });
const limit = fc.integer({ min: 1, max: 3 });

function calling<C extends Call['call'], R>(call: C, record: { [K in keyof R]: fc.Arbitrary<R[K]> }) {
  return fc.record({ call: fc.constant(call), ...record } as { call: fc.Arbitrary<C> } & typeof record);
}

const calls = fc.array(
  fc.record({
    // No two calls have the same time, so "the first" is always unique.
    wait: fc.integer({ min: 1, max: 15 }),
    call: fc.oneof(
      { weight: 5, arbitrary: calling('ask', { request }) },
      { weight: 6, arbitrary: calling('lease', { owner: fc.constantFrom('ada', 'bob'), length, tenantLimit: limit }) },
      { weight: 2, arbitrary: calling('renew', { lease, length }) },
      { weight: 3, arbitrary: calling('finish', { lease, length }) },
      { weight: 3, arbitrary: calling('fail', { lease, retryIn: fc.option(fc.nat(30)) }) },
      { weight: 2, arbitrary: calling('release', { lease }) },
      { weight: 1, arbitrary: calling('cancel', { tenant, id }) },
      { weight: 2, arbitrary: calling('expire', { limit }) },
      { weight: 1, arbitrary: calling('confirmRemoved', { id }) },
      { weight: 1, arbitrary: calling('attemptState', { lease }) },
      { weight: 1, arbitrary: calling('purge', { age: fc.nat(60), limit }) },
      { weight: 1, arbitrary: calling('unannounced', { limit }) },
      { weight: 1, arbitrary: calling('confirmAnnounced', { id }) },
    ) as fc.Arbitrary<Call>,
  }),
  { minLength: 10, maxLength: 70, size: 'max' },
);
type Sequence = { wait: number; call: Call }[];

/** After every call, the answer and all requests equal those of the model. */
export function behavesLikeTheModel(make: () => Promise<Requests>): fc.IAsyncProperty<[Sequence]> {
  return fc.asyncProperty(calls, async (sequence) => {
    const real = await make();
    try {
      const model = new Model();
      const leases: Lease[] = [];
      let now = T0;
      for (const { wait, call } of sequence) {
        now += wait;
        const held =
          'lease' in call ? (leases.at(-1 - call.lease) ?? { id: 'p-1', owner: 'ada', attempt: 1 }) : undefined;
        const where = `${JSON.stringify(call)} at ${now - T0}`;
        const expected = model.answer(call, held, now);
        assert.deepEqual(await answerOf(real, call, held, now), expected, where);
        for (const each of TENANTS) assert.deepEqual(await shownBy(real, each), model.shown(each), `after ${where}`);
        if (call.call === 'lease' && Array.isArray(expected)) {
          leases.push({ id: String(expected[0]), owner: call.owner, attempt: Number(expected[1]) });
        }
      }
    } finally {
      await real.close();
    }
  });
}

const errorAt = (now: number): RequestError => ({ code: 'TABLES_AWAY', message: `at ${now}` });

/** The answer of a call in a short form, or its error code. */
async function answerOf(real: Requests, call: Call, held: Lease | undefined, now: number): Promise<unknown> {
  try {
    switch (call.call) {
      case 'ask': {
        const { request: got, isNew } = await real.ask(call.request, now);
        return [got.id, isNew];
      }
      case 'lease': {
        const got = await real.lease(call.owner, now, now + call.length, call.tenantLimit);
        return got && [got.id, got.attempt, got.secret];
      }
      case 'cancel':
        return await real.cancel(call.tenant, call.id, now);
      case 'expire':
        return (await real.expire(now, call.limit)).map(({ objects }) => objects[0]);
      case 'confirmRemoved':
        return await real.confirmRemoved([call.id]);
      case 'purge':
        return await real.purge(now - call.age, call.limit);
      case 'unannounced':
        return (await real.unannounced(call.limit)).map((each) => each.id);
      case 'confirmAnnounced':
        return await real.confirmAnnounced([call.id]);
    }
    assert.ok(held);
    if (call.call === 'attemptState') return await real.attemptState(held.id, held.attempt);
    if (call.call === 'renew') return await real.renew(held, now, now + call.length, { rows: now - T0 });
    if (call.call === 'finish') return await real.finish(held, now, result(held, now + call.length));
    if (call.call === 'release') return await real.release(held, now);
    return await real.fail(held, now, errorAt(now), call.retryIn === null ? null : now + call.retryIn);
  } catch (error) {
    return (error as { code?: unknown }).code ?? error;
  }
}

async function shownBy(real: Requests, of: string): Promise<Shown[]> {
  return Promise.all(
    (await all(real, of)).map(async (each): Promise<Shown> => {
      const { id: named, state, createdAt, updatedAt, attempt, notBefore, owner, leaseUntil, progress } = each;
      const askers = (await real.askers(of, named)).map(({ user }) => user);
      const how = { notBefore, owner, leaseUntil, progress, error: each.error?.code ?? null, askers };
      return { id: named, state, createdAt, updatedAt, attempt, ...how, expiresAt: each.result?.expiresAt ?? null };
    }),
  );
}
