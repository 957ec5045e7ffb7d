/** What the client of requests and objects writes, by number, so that a reader can compute the expected content. */
import type { NewRequest, NewResult } from '../../sinks/requests/port.ts';
import { objectOf } from '../../sinks/requests/rules.ts';

const MEGABYTE = 1 << 20;
/** One body in this many is uploaded in several parts. */
export const LARGE_EVERY = 10;

export const nameOf = (index: number): string => `segments/${String(index).padStart(6, '0')}`;
export const bodyOf = (index: number): Uint8Array =>
  Buffer.alloc(index % LARGE_EVERY === 0 ? 12 * MEGABYTE + index : 1000 + index, `object ${index} `);

export const requestOf = (index: number): NewRequest => ({
  tenant: 'default',
  hash: `request-${index}`,
  report: 'progress',
  parameters: JSON.stringify({ index }),
  format: 'csv',
  options: {},
  columns: null,
  protection: { kind: 'none', fingerprint: '' },
  secret: null,
  requestedBy: 'ann',
  roles: [],
  maxAttempts: 1000,
  estimateRows: 0,
  rowLimit: 1000,
  freshMs: 3_600_000,
});

export const resultOf = (id: string, attempt: number): NewResult => ({
  object: objectOf(id, attempt),
  companion: null,
  rows: id.length,
  bytes: attempt,
  checksum: 'c'.repeat(64),
  truncated: false,
  definitionVersion: '1',
  columnsVersion: '1',
  protection: 'none',
  positions: { activity: { version: attempt, positions: { 'batch.events/0': attempt } } },
  asOf: Date.now(),
  expiresAt: Date.now() + 3_600_000,
});
