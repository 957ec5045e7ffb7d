/** What the client of requests and objects writes, by number, so that a reader knows the expected content. */
import type { NewRequest, Result } from '../../sinks/requests/port.ts';

const MEGABYTE = 1 << 20;
/** So many bodies, and then one of several parts. */
export const LARGE_EVERY = 10;

export const nameOf = (index: number): string => `segments/${String(index).padStart(6, '0')}`;
export const bodyOf = (index: number): Uint8Array =>
  Buffer.alloc(index % LARGE_EVERY === 0 ? 12 * MEGABYTE + index : 1000 + index, `object ${index} `);

export const requestOf = (index: number): NewRequest => ({
  id: `request-${index}`,
  tenant: 'default',
  report: 'progress',
  parameters: { index },
  requestedBy: 'ann',
  maxAttempts: 1000,
});

export const resultOf = (id: string, attempt: number): Result => ({
  object: `reports/${id}/${attempt}`,
  rows: id.length,
  bytes: attempt,
  checksum: 'c'.repeat(64),
  positions: { 'batch.events/0': attempt },
  expiresAt: Date.now() + 3_600_000,
});
