/** Requests for tests. */
import assert from 'node:assert/strict';
import type { Lease, LeasedRequest, NewRequest, NewResult, Request, Requests } from '../../sinks/requests/port.ts';
import { objectOf } from '../../sinks/requests/rules.ts';
import type { NewSchedule } from '../../sinks/requests/schedule.ts';

/** The time at which the tests begin. */
export const T0 = Date.UTC(2026, 0, 31, 12);
/** A limit on a tenant's running requests that no test reaches. */
export const MANY = 1000;

export function newRequest(hash: string, changes: Partial<NewRequest> = {}): NewRequest {
  return {
    tenant: 'acme',
    hash,
    report: 'progress',
    parameters: '{"course":"c1"}',
    format: 'csv',
    options: { delimiter: ';' },
    columns: ['learner', 'progress'],
    protection: { kind: 'none', fingerprint: '' },
    secret: null,
    requestedBy: 'eve',
    roles: ['teacher'],
    maxAttempts: 3,
    estimateRows: 0,
    rowLimit: 1_000_000,
    freshMs: 0,
    ...changes,
  };
}

export function newSchedule(id: string, changes: Partial<NewSchedule> = {}): NewSchedule {
  const { hash, freshMs, ...asked } = newRequest('unused');
  const timed = { cron: '0 6 * * *', zone: 'UTC', catchUp: 'latest', enabled: true } as const;
  return { ...asked, ...timed, id, ...changes };
}

/** A result of the attempt. */
export function result({ id, attempt }: Pick<Lease, 'id' | 'attempt'>, expiresAt: number): NewResult {
  return {
    object: objectOf(id, attempt),
    companion: null,
    rows: 12,
    bytes: 345,
    checksum: 'ab'.repeat(32),
    truncated: false,
    definitionVersion: '3',
    columnsVersion: '2',
    protection: 'none',
    positions: { activity_hour: { version: 7, positions: { 'batch.events/0': 17 } } },
    asOf: T0 - 1000,
    expiresAt,
  };
}

export function leaseOf(request: Request): Lease {
  return { id: request.id, owner: request.owner ?? '', attempt: request.attempt };
}

/** Asks for a new request, and returns it. */
export async function asked(
  requests: Requests,
  hash: string,
  now: number,
  changes: Partial<NewRequest> = {},
): Promise<Request> {
  const { request, isNew } = await requests.ask(newRequest(hash, changes), now);
  assert.ok(isNew, `${request.id} is new`);
  return request;
}

export async function leased(requests: Requests, owner: string, now: number, until: number): Promise<LeasedRequest> {
  const request = await requests.lease(owner, now, until, MANY);
  assert.ok(request, 'there is a request to lease');
  return request;
}

/** Returns a new request that is done. */
export async function finished(requests: Requests, hash: string, now: number, expiresAt: number): Promise<Request> {
  const { id, tenant } = await asked(requests, hash, now);
  const lease = leaseOf(await leased(requests, 'ada', now, now + 100));
  assert.equal(lease.id, id);
  assert.equal(await requests.finish(lease, now, result(lease, expiresAt)), 'held');
  return existing(requests, id, tenant);
}

export async function existing(requests: Requests, id: string, tenant = 'acme'): Promise<Request> {
  const request = await requests.get(tenant, id);
  assert.ok(request, `the request ${id} is there`);
  return request;
}

export async function all(requests: Requests, tenant = 'acme'): Promise<readonly Request[]> {
  return (await requests.list(tenant, {}, { limit: 1000 })).requests;
}
