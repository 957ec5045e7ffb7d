/** Requests for tests. */
import type { Lease, NewRequest, Request, Result } from '../../sinks/requests/port.ts';

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
