/** Report requests and schedules in the SQLite file that all embedded implementations share. */

import { TributaryError } from '../../../core/errors.ts';
import { type Database, guarded } from '../../../embedded/database.ts';
import type { Lease, Request, Requests, Schedule } from '../port.ts';
import { checkRequest, checkText, cleanError, finishedBefore, leaseLost } from '../rules.ts';
import { checkNext, checkSchedule, fireEach, scheduledRequest } from '../scheduled.ts';
import * as sql from './request.ts';

export function sqliteRequests(database: Database): Requests {
  database.exec(sql.TABLES);
  for (const { has, add } of sql.ADDED) if (database.statement(has).get() === undefined) database.exec(add);

  const lines = <T>(statement: sql.Statement): T[] => database.statement(statement.sql).all<T>(...statement.values);
  const changes = (statement: sql.Statement): number =>
    Number(database.statement(statement.sql).run(...statement.values).changes);
  const call = <T>(what: string, work: () => T | Promise<T>): Promise<T> => guarded('REQUESTS_AWAY', what, work);

  function one(statement: sql.Statement): Request | undefined {
    const [line] = lines<sql.RequestLine>(statement);
    return line === undefined ? undefined : sql.requestOf(line);
  }

  /** A change that only the attempt with the lease may make, unless the request is already `done`. */
  function held(lease: Lease, statement: sql.Statement, done?: (request: Request | undefined) => boolean): void {
    if (changes(statement) > 0) return;
    const request = one(sql.get(lease.id));
    if (done?.(request) !== true) throw leaseLost(lease, request);
  }

  async function fireOne(schedule: Schedule, now: number, nextAt: number): Promise<Request | undefined> {
    return database.transaction(() =>
      changes(sql.move(schedule, nextAt)) === 0 ? undefined : one(sql.create(scheduledRequest(schedule), now)),
    );
  }

  return {
    create: (request, now) =>
      call(`asking for the request ${request.id}`, () => {
        checkRequest(request);
        const made = one(sql.create(request, now)) ?? one(sql.get(request.id));
        if (made === undefined)
          throw new TributaryError('NOT_FOUND', `the request ${request.id} was removed; ask again`);
        return made;
      }),
    get: (id) =>
      call(`reading the request ${id}`, () => {
        checkText('the id of a request', id);
        return one(sql.get(id));
      }),
    list: (tenant, filter) =>
      call(`listing the requests of ${tenant}`, () => {
        checkText('the tenant of a request', tenant);
        return lines<sql.RequestLine>(sql.list(tenant, filter)).map(sql.requestOf);
      }),
    lease: (owner, now, until) =>
      call(`leasing a request to ${owner}`, () => {
        checkText('the owner of a lease', owner);
        changes(sql.exhaust(now));
        return one(sql.lease(owner, now, until));
      }),
    renew: (lease, now, until, progress) =>
      call(`renewing the lease of ${lease.id}`, () => held(lease, sql.renew(lease, now, until, progress))),
    finish: (lease, now, result) =>
      call(`finishing the request ${lease.id}`, () =>
        held(lease, sql.finish(lease, now, result), (request) => finishedBefore(lease, request, result)),
      ),
    fail: (lease, now, error, final) =>
      call(`failing the request ${lease.id}`, () => held(lease, sql.fail(lease, now, cleanError(error), final))),
    cancel: (id, now) =>
      call(`cancelling the request ${id}`, () => {
        checkText('the id of a request', id);
        return changes(sql.cancel(id, now)) > 0;
      }),
    expire: (now) =>
      call('expiring requests', () => {
        changes(sql.exhaust(now));
        changes(sql.expire(now));
        return lines<sql.OverLine>(sql.OVER).map(sql.expiredOf);
      }),
    confirmRemoved: (ids) =>
      call('confirming that objects are removed', () =>
        database.transaction(() => {
          for (const id of ids) changes(sql.confirmRemoved(id));
        }),
      ),

    putSchedule: (schedule) =>
      call(`keeping the schedule ${schedule.id}`, () => {
        checkSchedule(schedule);
        changes(sql.putSchedule(schedule));
      }),
    removeSchedule: (id) =>
      call(`removing the schedule ${id}`, () => {
        changes(sql.removeSchedule(id));
      }),
    schedules: (tenant) =>
      call(`listing the schedules of ${tenant}`, () =>
        lines<sql.ScheduleLine>(sql.schedules(tenant)).map(sql.scheduleOf),
      ),
    fire: (now, next) =>
      call('firing schedules', () =>
        fireEach(lines<sql.ScheduleLine>(sql.due(now)).map(sql.scheduleOf), (schedule) =>
          fireOne(schedule, now, checkNext(schedule, next(schedule))),
        ),
      ),
    async close() {},
  };
}
