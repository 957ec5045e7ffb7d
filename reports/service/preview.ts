/** The first rows of a report, read now. */
import type { z } from 'zod';
import type { Request } from '../../sinks/requests/port.ts';
import type { ParameterValues, Report } from '../define-report.ts';
import type { Cell, ColumnType } from '../files/format.ts';
import { isoUtc } from '../files/times.ts';
import { resolved } from '../requesting/parameters.ts';
import { type RowSources, rowsOf } from '../requesting/rows.ts';
import type { previewShape } from './shapes.ts';
import { columnView } from './views.ts';

interface Previewed {
  readonly request: Pick<Request, 'tenant' | 'parameters' | 'columns'>;
  readonly report: Report;
  readonly now: number;
  /** The maximum number of rows. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

export async function previewOf(
  { request, report, now, limit, signal }: Previewed,
  sources: RowSources,
): Promise<z.input<typeof previewShape>> {
  const values = resolved(report, JSON.parse(request.parameters) as ParameterValues, now);
  const { tenant, columns } = request;
  await using found = await rowsOf({ report, tenant, values, columns, signal }, sources);
  const rows: unknown[][] = [];
  for await (const page of found.pages) {
    signal.throwIfAborted();
    for (const row of page) {
      if (rows.length === limit) return { columns: found.columns.map(columnView), rows, more: true };
      rows.push(found.columns.map(({ type }, at) => jsonOf(type, row[at] ?? null)));
    }
  }
  return { columns: found.columns.map(columnView), rows, more: false };
}

function jsonOf(type: ColumnType, cell: Cell): unknown {
  if (cell === null) return null;
  if (type === 'timestamp') return isoUtc(cell as number);
  if (type === 'double') return Number.isFinite(cell) ? cell : String(cell);
  if (type !== 'long') return cell;
  const number = Number(cell);
  return Number.isSafeInteger(number) ? number : String(cell);
}
