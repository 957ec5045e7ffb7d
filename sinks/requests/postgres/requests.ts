/** Report requests and schedules in Postgres 13 or newer; see `connection.ts` for the URL. */
import { TributaryError } from '../../../core/errors.ts';
import type { Lease, Request, Requests } from '../port.ts';
import { checkRequest, checkText, cleanError, finishedBefore, leaseLost } from '../rules.ts';
import { checkNext, checkSchedule, fireEach, scheduledRequest } from '../scheduled.ts';
import { connect } from './client.ts';
import type { PostgresOptions } from './connection.ts';
import * as lines from './request.ts';

/**
 * Nothing is connected before the first call. An outage is REQUESTS_AWAY within `timeoutMs`, and the next call connects
 * again.
 */
export function postgresRequests(options: PostgresOptions): Requests {
  const client = connect(options);
  const sql = client.statements;

  async function requests(what: string, statement: lines.Statement): Promise<Request[]> {
    return (await client.lines<lines.RequestLine>(what, statement)).map(lines.requestOf);
  }

  async function one(what: string, statement: lines.Statement): Promise<Request | undefined> {
    return (await requests(what, statement))[0];
  }

  /** A change that only the attempt with the lease may make, unless the request is already `done`. */
  async function held(
    what: string,
    lease: Lease,
    statement: lines.Statement,
    done?: (request: Request | undefined) => boolean,
  ): Promise<void> {
    if ((await client.changes(what, statement)) > 0) return;
    const request = await one(what, sql.get(lease.id));
    if (done?.(request) !== true) throw leaseLost(lease, request);
  }

  return {
    async create(request, now) {
      checkRequest(request);
      const what = `asking for the request ${request.id}`;
      const made = (await one(what, sql.create(request, now))) ?? (await one(what, sql.get(request.id)));
      if (made !== undefined) return made;
      throw new TributaryError('NOT_FOUND', `the request ${request.id} was removed; ask again`);
    },
    async get(id) {
      checkText('the id of a request', id);
      return one(`reading the request ${id}`, sql.get(id));
    },
    async list(tenant, filter) {
      checkText('the tenant of a request', tenant);
      return requests(`listing the requests of ${tenant}`, sql.list(tenant, filter));
    },
    async lease(owner, now, until) {
      checkText('the owner of a lease', owner);
      return one(`leasing a request to ${owner}`, sql.lease(owner, now, until));
    },
    renew: (lease, now, until, progress) =>
      held(`renewing the lease of ${lease.id}`, lease, sql.renew(lease, now, until, progress)),
    finish: (lease, now, result) =>
      held(`finishing the request ${lease.id}`, lease, sql.finish(lease, now, result), (request) =>
        finishedBefore(lease, request, result),
      ),
    fail: (lease, now, error, final) =>
      held(`failing the request ${lease.id}`, lease, sql.fail(lease, now, cleanError(error), final)),
    async cancel(id, now) {
      checkText('the id of a request', id);
      return (await client.changes(`cancelling the request ${id}`, sql.cancel(id, now))) > 0;
    },
    async expire(now) {
      const what = 'expiring requests';
      await client.changes(what, sql.expire(now));
      return (await client.lines<lines.OverLine>(what, sql.over)).map(lines.expiredOf);
    },
    async confirmRemoved(ids) {
      if (ids.length > 0) await client.changes('confirming that objects are removed', sql.confirmRemoved(ids));
    },

    async putSchedule(schedule) {
      checkSchedule(schedule);
      await client.changes(`keeping the schedule ${schedule.id}`, sql.putSchedule(schedule));
    },
    async removeSchedule(id) {
      await client.changes(`removing the schedule ${id}`, sql.removeSchedule(id));
    },
    async schedules(tenant) {
      const what = `listing the schedules of ${tenant}`;
      return (await client.lines<lines.ScheduleLine>(what, sql.schedules(tenant))).map(lines.scheduleOf);
    },
    async fire(now, next) {
      const due = await client.lines<lines.ScheduleLine>('reading the schedules that are due', sql.due(now));
      return fireEach(due.map(lines.scheduleOf), (schedule) => {
        const nextAt = checkNext(schedule, next(schedule));
        const { id } = scheduledRequest(schedule);
        return one(`firing the schedule ${schedule.id}`, sql.fire(schedule, nextAt, id, now));
      });
    },
    close: () => client.close(),
  };
}
