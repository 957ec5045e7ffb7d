/** Report requests and schedules in the SQLite file that all embedded implementations share. */
import { type Database, guarded } from '../../../embedded/database.ts';
import type { Asker, Lease, LeaseOutcome, NewRequest, Request, Requests } from '../port.ts';
import * as rules from '../rules.ts';
import { checkSchedule, fireEach, type ScheduleStore } from '../scheduled.ts';
import * as stored from '../stored.ts';
import * as sql from './request.ts';
import * as scheduleSql from './schedule.ts';
import { DROP_OUTDATED, OUTDATED, TABLES } from './tables.ts';

export function sqliteRequests(database: Database): Requests {
  if (database.statement(OUTDATED).get() !== undefined) database.exec(DROP_OUTDATED);
  database.exec(TABLES);

  const lines = <T>(statement: sql.Statement): T[] => database.statement(statement.sql).all<T>(...statement.values);
  const changes = (statement: sql.Statement): number =>
    Number(database.statement(statement.sql).run(...statement.values).changes);
  const call = <T>(what: string, work: () => T | Promise<T>): Promise<T> => guarded('REQUESTS_AWAY', what, work);
  const many = (statement: sql.Statement): Request[] => lines<stored.RequestLine>(statement).map(stored.requestOf);
  const one = (statement: sql.Statement): Request | undefined => many(statement)[0];
  const inTransaction = <T>(what: string, work: () => T): Promise<T> => call(what, () => database.transaction(work));

  /** Makes a change that only the attempt with the lease may make. */
  function held(lease: Lease, statement: sql.Statement, isSame: (held: rules.Held) => boolean): LeaseOutcome {
    if (changes(statement) > 0) return 'held';
    const [line] = lines<stored.RequestLine>(sql.byId(lease.id));
    return rules.lostOutcome(lease, line === undefined ? undefined : stored.heldOf(line), isSame);
  }

  function create(request: NewRequest, now: number, due: { id: string; dueAt: number } | null): Request {
    changes(sql.addTenant(request.tenant));
    const [made] = many(sql.create(request, now, due)) as [Request];
    changes(sql.addAsker(made.id, request.requestedBy, now));
    return made;
  }

  /** Makes requests as of `now`. */
  const scheduleStore = (now: number): ScheduleStore => ({
    skip: async (move) => changes(scheduleSql.move(move, null)) > 0,
    fire: async (move, dueAt, request) =>
      database.transaction(() => {
        const moved = changes(scheduleSql.move(move, dueAt)) > 0;
        const isNew = moved && lines(sql.hasHash(request)).length === 0;
        const due = { id: move.read.schedule.id, dueAt };
        return { moved, request: isNew ? create(request, now, due) : undefined };
      }),
    disable: async (read, error) =>
      lines<stored.ScheduleLine>(scheduleSql.disable(read, rules.errorText(error))).map(stored.scheduleOf)[0],
  });

  return {
    ask: (request, now) =>
      inTransaction(`asking for the report ${request.report}`, () => {
        rules.checkRequest(request);
        const joined = one(sql.reusable(request, now));
        if (joined === undefined) return { request: create(request, now, null), isNew: true };
        changes(sql.addAsker(joined.id, request.requestedBy, now));
        return { request: joined, isNew: false };
      }),
    get: (tenant, id) =>
      call(`reading the request ${id}`, () => {
        rules.checkNames(tenant, id);
        return one(sql.get(tenant, id));
      }),
    list: (tenant, filter, page) =>
      call(`listing the requests of ${tenant}`, () => {
        const after = stored.checkPage(page);
        rules.checkFilter(tenant, filter);
        return stored.pageOf(many(sql.list(tenant, filter, page.limit + 1, after)), page.limit);
      }),
    askers: (tenant, id) =>
      call(`reading who asked for ${id}`, () => {
        rules.checkNames(tenant, id);
        return lines<[string, number]>(sql.askers(tenant, id)).map(([user, at]): Asker => ({ user, at }));
      }),
    cancel: (tenant, id, now) =>
      call(`cancelling the request ${id}`, () => {
        rules.checkNames(tenant, id);
        return changes(sql.cancel(tenant, id, now)) > 0;
      }),

    lease: (owner, now, until, tenantLimit) =>
      inTransaction(`leasing a request to ${owner}`, () => {
        rules.checkLease(owner, tenantLimit);
        changes(sql.exhaust(now));
        const [next] = lines<[id: string, tenant: string]>(sql.next(now, tenantLimit));
        if (next === undefined) return undefined;
        const [id, tenant] = next;
        changes(sql.served(tenant));
        const [line] = lines<stored.LeasedLine>(sql.lease(id, owner, now, until)) as [stored.LeasedLine];
        return stored.leasedOf(line);
      }),
    leaseOne: (id, owner, now, until) =>
      call(`leasing the request ${id} to ${owner}`, () => {
        rules.checkLease(owner, 1);
        const [line] = lines<stored.LeasedLine>(sql.leaseOne(id, owner, now, until));
        return line === undefined ? undefined : stored.leasedOf(line);
      }),
    renew: (lease, now, until, progress) =>
      call(`renewing the lease of ${lease.id}`, () => {
        rules.checkProgress(progress);
        return held(lease, sql.renew(lease, now, until, progress), () => false);
      }),
    finish: (lease, now, result) =>
      call(`finishing the request ${lease.id}`, () => {
        rules.checkResult(lease, result);
        return held(lease, sql.finish(lease, now, result), rules.hasFinished(result.object));
      }),
    fail: (lease, now, error, retryAt) =>
      call(`failing the request ${lease.id}`, () => {
        const text = rules.errorText(error);
        return held(lease, sql.fail(lease, now, text, retryAt), rules.hasFailed(text));
      }),
    release: (lease, now) =>
      call(`releasing the request ${lease.id}`, () => held(lease, sql.release(lease, now), rules.isWaiting)),

    outdate: (tenant, now) =>
      call(`ending the time of the files of ${tenant}`, () => {
        rules.checkFilter(tenant, {});
        return changes(sql.outdate(tenant, now));
      }),
    expire: (now, limit) =>
      inTransaction('expiring requests', () => {
        changes(sql.exhaust(now));
        changes(sql.expire(now, limit));
        return lines<stored.RemovableLine>(sql.removable(limit)).map(stored.expiredOf);
      }),
    confirmRemoved: (ids) =>
      inTransaction('confirming that objects are removed', () => {
        for (const id of ids) changes(sql.confirmRemoved(id));
      }),
    attemptState: (id, attempt) =>
      call(`looking for attempt ${attempt} of ${id}`, () => stored.attemptStateOf(one(sql.byId(id)), attempt)),
    purge: (before, limit) =>
      inTransaction('forgetting requests', () => sql.purge(before, limit).map(changes).at(-1) ?? 0),

    unannounced: (limit) => call('reading what is to be announced', () => many(sql.unannounced(limit))),
    confirmAnnounced: (ids) =>
      inTransaction('confirming that requests are announced', () => {
        for (const id of ids) changes(sql.confirmAnnounced(id));
      }),

    putSchedule: (schedule, now) =>
      call(`keeping the schedule ${schedule.id}`, () => {
        const put = scheduleSql.put(schedule, checkSchedule(schedule, now));
        const [line] = lines<stored.ScheduleLine>(put) as [stored.ScheduleLine];
        return stored.scheduleOf(line);
      }),
    removeSchedule: (tenant, id) =>
      call(`removing the schedule ${id}`, () => {
        changes(scheduleSql.remove(tenant, id));
      }),
    schedules: (tenant) =>
      call(`listing the schedules of ${tenant}`, () =>
        lines<stored.ScheduleLine>(scheduleSql.list(tenant)).map(stored.scheduleOf),
      ),
    fire: (now, plan) =>
      call('firing schedules', () => {
        const due = lines<stored.ScheduleLine>(scheduleSql.due(now)).map(stored.readOf);
        return fireEach(due, now, plan, scheduleStore(now));
      }),
    async close() {},
  };
}
