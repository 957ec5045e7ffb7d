/** Reports, requests and schedules as callers see them. */
import type { z } from 'zod';
import type { Asked, Request } from '../../sinks/requests/port.ts';
import type { Schedule } from '../../sinks/requests/schedule.ts';
import type { NamedColumn, Parameter, Report } from '../define-report.ts';
import { isoUtc } from '../files/times.ts';
import { fileNameOf } from '../requesting/named.ts';
import type { Caller } from './route.ts';
import type { parameterShape, reportShape, requestShape, scheduleShape } from './shapes.ts';

const timeOf = (at: number | null): string | null => (at === null ? null : isoUtc(at));

export function reportView(report: Report, { roles }: Pick<Caller, 'roles'>): z.input<typeof reportShape> {
  const { name, title, answers, version, role, protection, rowLimit, freshMs, parameters, columns } = report;
  return {
    name,
    title,
    answers,
    version,
    role,
    allowed: roles.includes(role),
    protection,
    rowLimit,
    freshMs,
    parameters: Object.fromEntries(Object.entries(parameters).map(([each, spec]) => [each, parameterView(spec)])),
    columns: columns.map(columnView),
  };
}

const parameterView = ({ optional, personal, ...spec }: Parameter): z.input<typeof parameterShape> => ({
  ...(spec.type === 'choice' ? { ...spec, of: [...spec.of] } : spec),
  optional: optional === true || spec.default !== undefined,
  personal: personal === true,
});

export const columnView = ({ name, title, type, doc, unit, personal }: NamedColumn) => ({
  name,
  title,
  type,
  doc,
  ...(unit !== undefined && { unit }),
  personal: personal === true,
});

const askedView = ({ report, parameters, format, options, columns, protection, requestedBy }: Asked) => ({
  report,
  parameters: JSON.parse(parameters) as Record<string, unknown>,
  format,
  options: { ...options },
  columns: columns === null ? null : [...columns],
  protection: protection.kind,
  requestedBy,
});

export function requestView(request: Request): z.input<typeof requestShape> {
  const { id, schedule, state, attempt, createdAt, updatedAt, progress, estimateRows, error, result } = request;
  return {
    id,
    ...askedView(request),
    schedule: schedule === null ? null : { id: schedule.id, dueAt: isoUtc(schedule.dueAt) },
    state,
    createdAt: isoUtc(createdAt),
    updatedAt: isoUtc(updatedAt),
    attempt,
    rows: result?.rows ?? progress,
    estimateRows,
    error,
    file:
      result === null
        ? null
        : {
            name: fileNameOf(request),
            rows: result.rows,
            bytes: result.bytes,
            checksum: result.checksum,
            truncated: result.truncated,
            asOf: isoUtc(result.asOf),
            definitionVersion: result.definitionVersion,
            columnsVersion: result.columnsVersion,
            finishedAt: isoUtc(result.finishedAt),
            expiresAt: isoUtc(result.expiresAt),
          },
  };
}

export function scheduleView(schedule: Schedule): z.input<typeof scheduleShape> {
  const { id, cron, zone, catchUp, enabled, lastAt, nextAt, error } = schedule;
  return {
    id,
    ...askedView(schedule),
    cron,
    zone,
    catchUp,
    enabled,
    lastAt: timeOf(lastAt),
    nextAt: timeOf(nextAt),
    error,
  };
}
