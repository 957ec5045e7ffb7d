/** Reports that are requested repeatedly. */
import { z } from 'zod';
import { TributaryError } from '../../../core/errors.ts';
import { plannedSchedule } from '../../requesting/scheduling.ts';
import { scheduleFor, seesSchedule } from '../finding.ts';
import { type Caller, defineRoute, type Service } from '../route.ts';
import { scheduleBody, scheduleShape } from '../shapes.ts';
import { scheduleView } from '../views.ts';
import { given } from './requests.ts';

const schedulePath = z.object({ schedule: z.string().min(1).max(300).describe('Its name within the tenant.') });

export const listSchedules = defineRoute({
  name: 'listSchedules',
  method: 'GET',
  path: '/v1/schedules',
  summary: 'Schedules: those of the caller, and for operators all of the tenant.',
  scope: 'reports:read',
  answers: { 200: { doc: 'The schedules.', body: z.object({ schedules: z.array(scheduleShape) }) } },
  async run({ caller }, { requests }) {
    const all = await requests.schedules(caller.tenant);
    const schedules = all.filter((each) => seesSchedule(caller, each)).map(scheduleView);
    return { status: 200, body: { schedules } };
  },
});

export const getSchedule = defineRoute({
  name: 'getSchedule',
  method: 'GET',
  path: '/v1/schedules/{schedule}',
  summary: 'One schedule.',
  scope: 'reports:read',
  takes: { path: schedulePath },
  answers: { 200: { doc: 'The schedule.', body: scheduleShape } },
  async run({ caller, path }, service) {
    return { status: 200, body: scheduleView(await ownSchedule(caller, path.schedule, service)) };
  },
});

export const putSchedule = defineRoute({
  name: 'putSchedule',
  method: 'PUT',
  path: '/v1/schedules/{schedule}',
  summary: 'Add or replace a schedule.',
  doc: 'It asks with the roles that the caller has now.',
  mayConflict: true,
  scope: 'reports:write',
  takes: { path: schedulePath, body: scheduleBody },
  answers: { 200: { doc: 'The schedule.', body: scheduleShape } },
  async run({ caller, path, body }, service) {
    const { requests, reports, keys, clock, sources } = service;
    const { tenant, user, roles } = caller;
    const id = path.schedule;
    const existing = await scheduleFor(caller, id, service);
    if (existing !== undefined && !seesSchedule(caller, existing))
      throw new TributaryError('ALREADY_EXISTS', `somebody else has a schedule ${id}: choose another name`);
    const { cron, zone, catchUp, enabled, protection, ...asked } = body;
    const ask = { ...asked, protection: given(protection), tenant, requestedBy: user, roles, freshMs: null };
    const now = clock.now();
    const when = { id, cron, zone, catchUp, enabled };
    const schedule = await plannedSchedule(ask, when, { reports, keys, now }, sources.reads(tenant));
    const kept = await requests.putSchedule(schedule, now);
    service.audit(caller, { action: 'schedule', report: kept.report, schedule: id });
    return { status: 200, body: scheduleView(kept) };
  },
});

export const removeSchedule = defineRoute({
  name: 'removeSchedule',
  method: 'DELETE',
  path: '/v1/schedules/{schedule}',
  summary: 'Remove a schedule. Requests that it has already made continue.',
  scope: 'reports:write',
  takes: { path: schedulePath },
  answers: { 204: { doc: 'It is removed.' } },
  async run({ caller, path }, service) {
    const { id, report } = await ownSchedule(caller, path.schedule, service);
    await service.requests.removeSchedule(caller.tenant, id);
    service.audit(caller, { action: 'remove schedule', report, schedule: id });
    return { status: 204 };
  },
});

async function ownSchedule(caller: Caller, id: string, service: Pick<Service, 'requests'>) {
  const schedule = await scheduleFor(caller, id, service);
  if (schedule !== undefined && seesSchedule(caller, schedule)) return schedule;
  throw new TributaryError('NOT_FOUND', `there is no schedule ${id}: GET /v1/schedules lists those there are`);
}
