/** Requests for tests. */
import assert from 'node:assert/strict';
import type { Lease, NewRequest, Request, Requests, Result } from '../../sinks/requests/port.ts';

/** The time the tests begin at. */
export const T0 = Date.UTC(2026, 0, 31, 12);

export function newRequest(id: string, maxAttempts: number): NewRequest {
  return { id, tenant: 'acme', report: 'progress', parameters: { course: 'c1' }, requestedBy: 'eve', maxAttempts };
}

export function result(object: string, expiresAt: number): Result {
  return { object, rows: 12, bytes: 345, checksum: 'ab'.repeat(32), positions: { 'batch.events/0': 17 }, expiresAt };
}

export function leaseOf(request: Request): Lease {
  return { id: request.id, owner: request.owner ?? '', attempt: request.attempt };
}

export async function leased(requests: Requests, owner: string, now: number, until: number): Promise<Request> {
  const request = await requests.lease(owner, now, until);
  assert.ok(request, 'there is a request to lease');
  return request;
}

export async function existing(requests: Requests, id: string): Promise<Request> {
  const request = await requests.get(id);
  assert.ok(request, `the request ${id} is there`);
  return request;
}
