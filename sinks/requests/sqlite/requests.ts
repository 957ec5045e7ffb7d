/** Report requests and schedules in the SQLite file that all embedded implementations share. */
import { type Database, guarded } from '../../../embedded/database.ts';
import { TributaryError } from '../../../schemas/errors.ts';
import type { Lease, Request, Requests, Schedule } from '../port.ts';
import { checkNext, checkRequest, scheduledRequest } from '../scheduled.ts';
import * as sql from './request.ts';

export function sqliteRequests(database: Database): Requests {
  database.exec(sql.TABLES);

  const lines = <T>(statement: sql.Statement): T[] =>
    database.statement(statement.sql).all(...statement.values) as unknown as T[];
  const changes = (statement: sql.Statement): number =>
    Number(database.statement(statement.sql).run(...statement.values).changes);
  const call = <T>(what: string, work: () => T): Promise<T> => guarded('REQUESTS_AWAY', what, work);

  function one(statement: sql.Statement): Request | undefined {
    const [line] = lines<sql.RequestLine>(statement);
    return line === undefined ? undefined : sql.requestOf(line);
  }

  /** A change that only the attempt with the lease may make. */
  function held(lease: Lease, statement: sql.Statement): void {
    if (changes(statement) > 0) return;
    const request = one(sql.get(lease.id));
    const now =
      request === undefined
        ? 'does not exist'
        : `is ${request.state}${request.owner === null ? '' : ` as attempt ${request.attempt} of ${request.owner}`}`;
    throw new TributaryError(
      'LEASE_LOST',
      `attempt ${lease.attempt} of ${lease.owner} no longer has the request ${lease.id}, which ${now}; stop working on it`,
    );
  }

  function fireOne(schedule: Schedule, now: number, next: (schedule: Schedule) => number): Request | undefined {
    const nextAt = checkNext(schedule, next(schedule));
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
    get: (id) => call(`reading the request ${id}`, () => one(sql.get(id))),
    list: (tenant, filter) =>
      call(`listing the requests of ${tenant}`, () =>
        lines<sql.RequestLine>(sql.list(tenant, filter)).map(sql.requestOf),
      ),
    lease: (owner, now, until) =>
      call(`leasing a request to ${owner}`, () => {
        changes(sql.exhaust(now));
        return one(sql.lease(owner, now, until));
      }),
    renew: (lease, now, until, progress) =>
      call(`renewing the lease of ${lease.id}`, () => held(lease, sql.renew(lease, now, until, progress))),
    finish: (lease, now, result) =>
      call(`finishing the request ${lease.id}`, () => held(lease, sql.finish(lease, now, result))),
    fail: (lease, now, error, final) =>
      call(`failing the request ${lease.id}`, () => held(lease, sql.fail(lease, now, error, final))),
    cancel: (id, now) => call(`cancelling the request ${id}`, () => changes(sql.cancel(id, now)) > 0),
    expire: (now) =>
      call('expiring requests', () => {
        changes(sql.exhaust(now));
        return lines<sql.RequestLine>(sql.expire(now)).flatMap((line) => sql.requestOf(line).result?.object ?? []);
      }),

    putSchedule: (schedule) =>
      call(`keeping the schedule ${schedule.id}`, () => {
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
      call('firing schedules', () => {
        const made: Request[] = [];
        const errors: unknown[] = [];
        // Each schedule by itself: one with a broken time must not hold up the others.
        for (const schedule of lines<sql.ScheduleLine>(sql.due(now)).map(sql.scheduleOf)) {
          try {
            const request = fireOne(schedule, now, next);
            if (request !== undefined) made.push(request);
          } catch (error) {
            errors.push(error);
          }
        }
        if (errors.length > 0) throw errors[0];
        return made;
      }),
    async close() {},
  };
}
