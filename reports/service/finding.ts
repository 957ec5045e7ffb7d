/** Requests and schedules that a caller may see: their own, or for operators all of the tenant. For anybody else they do not exist. */
import { TributaryError } from '../../core/errors.ts';
import type { Request } from '../../sinks/requests/port.ts';
import type { Schedule } from '../../sinks/requests/schedule.ts';
import type { Report } from '../define-report.ts';
import { checkRoles } from '../requesting/allowed.ts';
import { reportNamed } from '../requesting/named.ts';
import type { Caller, Service } from './route.ts';

export const isOperator = ({ roles }: Pick<Caller, 'roles'>): boolean => roles.includes('operator');

export async function requestFor(
  caller: Caller,
  id: string,
  { requests }: Pick<Service, 'requests'>,
): Promise<Request> {
  const request = await requests.get(caller.tenant, id);
  if (request !== undefined && (await mayDecide(caller, request, requests)).sees) return request;
  throw new TributaryError('NOT_FOUND', `there is no request ${id}: GET /v1/requests lists those there are`);
}

/** Whether the caller may see the request, and whether nobody else asked for it. */
export async function mayDecide(
  caller: Caller,
  { id, requestedBy }: Pick<Request, 'id' | 'requestedBy'>,
  requests: Service['requests'],
): Promise<{ readonly sees: boolean; readonly isAlone: boolean }> {
  const askers = (await requests.askers(caller.tenant, id)).map(({ user }) => user);
  const sees = isOperator(caller) || requestedBy === caller.user || askers.includes(caller.user);
  return { sees, isAlone: sees && askers.every((user) => user === caller.user) };
}

/** The request and its report, after checking the roles against what it shows. */
export async function readableFor(
  caller: Caller,
  id: string,
  service: Pick<Service, 'requests' | 'reports'>,
): Promise<{ readonly request: Request; readonly report: Report }> {
  const request = await requestFor(caller, id, service);
  const report = reportNamed(request.report, service.reports);
  checkRoles(report, request, caller.roles);
  return { request, report };
}

export async function scheduleFor(
  caller: Caller,
  id: string,
  { requests }: Pick<Service, 'requests'>,
): Promise<Schedule | undefined> {
  const all = await requests.schedules(caller.tenant);
  return all.find((each) => each.id === id);
}

export const seesSchedule = (caller: Caller, { requestedBy }: Pick<Schedule, 'requestedBy'>): boolean =>
  isOperator(caller) || requestedBy === caller.user;
