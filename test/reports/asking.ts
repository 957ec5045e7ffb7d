/** A request for a report, with defaults for tests. */
import type { Ask } from '../../reports/requesting/asking.ts';

export const askFor = (report: string, changes: Partial<Ask> = {}): Ask => ({
  tenant: 'acme',
  report,
  parameters: {},
  format: 'csv',
  options: {},
  columns: null,
  protection: { kind: 'none' },
  rowLimit: null,
  requestedBy: 'ada',
  roles: ['analyst'],
  freshMs: null,
  ...changes,
});
