/** Report requests and schedules in Postgres 13 or newer; see `connection.ts` for the URL. */
import { TributaryError } from '../../../core/errors.ts';
import type { Asker, Lease, LeaseOutcome, NewRequest, Request, Requests } from '../port.ts';
import * as rules from '../rules.ts';
import { checkSchedule, fireEach, type ScheduleStore } from '../scheduled.ts';
import * as stored from '../stored.ts';
import { connect } from './client.ts';
import type { PostgresOptions } from './connection.ts';
import type { Statement } from './request.ts';

/** Each attempt means that somebody else made and ended an identical request between two of our statements. */
const ASK_ATTEMPTS = 50;

/** Connects on the first call. An outage is REQUESTS_AWAY within `timeoutMs`; the next call connects again. */
export function postgresRequests(options: PostgresOptions): Requests {
  const client = connect(options);
  const { requests: sql, schedules: scheduleSql } = client.statements;

  async function many(what: string, statement: Statement): Promise<Request[]> {
    return (await client.lines<stored.RequestLine>(what, statement)).map(stored.requestOf);
  }

  async function one(what: string, statement: Statement): Promise<Request | undefined> {
    return (await many(what, statement))[0];
  }

  /** Makes a change that only the attempt with the lease may make. */
  async function held(
    what: string,
    lease: Lease,
    statement: Statement,
    isSame: (held: rules.Held) => boolean,
  ): Promise<LeaseOutcome> {
    if ((await client.changes(what, statement)) > 0) return 'held';
    const [line] = await client.lines<stored.RequestLine>(what, sql.byId(lease.id));
    return rules.lostOutcome(lease, line === undefined ? undefined : stored.heldOf(line), isSame);
  }

  async function ask(request: NewRequest, now: number): Promise<{ request: Request; isNew: boolean }> {
    rules.checkRequest(request);
    const what = `asking for the report ${request.report}`;
    for (let attempt = 1; attempt <= ASK_ATTEMPTS; attempt += 1) {
      const joined = await one(what, sql.join(request, now));
      if (joined !== undefined) return { request: joined, isNew: false };
      const made = await one(what, sql.create(request, now));
      if (made !== undefined) return { request: made, isNew: true };
    }
    throw new TributaryError('REQUESTS_AWAY', `${what}: others kept making and ending the same request; ask again`);
  }

  /** Makes requests as of `now`. */
  const scheduleStore = (now: number): ScheduleStore => ({
    async skip(move) {
      return (await client.changes(`moving on the schedule ${move.read.schedule.id}`, scheduleSql.skip(move))) > 0;
    },
    async fire(move, dueAt, request) {
      const what = `firing the schedule ${move.read.schedule.id}`;
      const [line] = await client.lines<stored.FiredLine>(what, scheduleSql.fire(move, request, { now, dueAt }));
      return { moved: line !== undefined, request: line === undefined ? undefined : stored.firedOf(line) };
    },
    async disable(read, error) {
      const what = `disabling the schedule ${read.schedule.id}`;
      const statement = scheduleSql.disable(read, rules.errorText(error));
      return (await client.lines<stored.ScheduleLine>(what, statement)).map(stored.scheduleOf)[0];
    },
  });

  return {
    ask,
    async get(tenant, id) {
      rules.checkNames(tenant, id);
      return one(`reading the request ${id}`, sql.get(tenant, id));
    },
    async list(tenant, filter, page) {
      const after = stored.checkPage(page);
      rules.checkFilter(tenant, filter);
      const found = await many(`listing the requests of ${tenant}`, sql.list(tenant, filter, page.limit + 1, after));
      return stored.pageOf(found, page.limit);
    },
    async askers(tenant, id) {
      rules.checkNames(tenant, id);
      const lines = await client.lines<[string, number]>(`reading who asked for ${id}`, sql.askers(tenant, id));
      return lines.map(([user, at]): Asker => ({ user, at }));
    },
    async cancel(tenant, id, now) {
      rules.checkNames(tenant, id);
      return (await client.changes(`cancelling the request ${id}`, sql.cancel(tenant, id, now))) > 0;
    },

    async lease(owner, now, until, tenantLimit) {
      rules.checkLease(owner, tenantLimit);
      const what = `leasing a request to ${owner}`;
      const [line] = await client.lines<stored.LeasedLine>(what, sql.lease(owner, now, until, tenantLimit));
      return line === undefined ? undefined : stored.leasedOf(line);
    },
    async leaseOne(id, owner, now, until) {
      rules.checkLease(owner, 1);
      const what = `leasing the request ${id} to ${owner}`;
      const [line] = await client.lines<stored.LeasedLine>(what, sql.leaseOne(id, owner, now, until));
      return line === undefined ? undefined : stored.leasedOf(line);
    },
    async renew(lease, now, until, progress) {
      rules.checkProgress(progress);
      const renewed = sql.renew(lease, now, until, progress);
      return held(`renewing the lease of ${lease.id}`, lease, renewed, () => false);
    },
    async finish(lease, now, result) {
      rules.checkResult(lease, result);
      const isSame = rules.hasFinished(result.object);
      return held(`finishing the request ${lease.id}`, lease, sql.finish(lease, now, result), isSame);
    },
    async fail(lease, now, error, retryAt) {
      const text = rules.errorText(error);
      return held(`failing the request ${lease.id}`, lease, sql.fail(lease, now, text, retryAt), rules.hasFailed(text));
    },
    release: (lease, now) => held(`releasing the request ${lease.id}`, lease, sql.release(lease, now), rules.isWaiting),

    async outdate(tenant, now) {
      rules.checkFilter(tenant, {});
      return client.changes(`ending the time of the files of ${tenant}`, sql.outdate(tenant, now));
    },
    async expire(now, limit) {
      const what = 'expiring requests';
      await client.changes(what, sql.expire(now, limit));
      return (await client.lines<stored.RemovableLine>(what, sql.removable(limit))).map(stored.expiredOf);
    },
    async confirmRemoved(ids) {
      if (ids.length > 0) await client.changes('confirming that objects are removed', sql.confirmRemoved(ids));
    },
    async attemptState(id, attempt) {
      return stored.attemptStateOf(await one(`looking for attempt ${attempt} of ${id}`, sql.byId(id)), attempt);
    },
    async purge(before, limit) {
      const [line] = await client.lines<[number]>('forgetting requests', sql.purge(before, limit));
      return line?.[0] ?? 0;
    },

    unannounced: (limit) => many('reading what is to be announced', sql.unannounced(limit)),
    async confirmAnnounced(ids) {
      if (ids.length > 0) await client.changes('confirming that requests are announced', sql.confirmAnnounced(ids));
    },

    async putSchedule(schedule, now) {
      const put = scheduleSql.put(schedule, checkSchedule(schedule, now));
      const lines = await client.lines<stored.ScheduleLine>(`keeping the schedule ${schedule.id}`, put);
      return stored.scheduleOf((lines as [stored.ScheduleLine])[0]);
    },
    async removeSchedule(tenant, id) {
      await client.changes(`removing the schedule ${id}`, scheduleSql.remove(tenant, id));
    },
    async schedules(tenant) {
      const what = `listing the schedules of ${tenant}`;
      return (await client.lines<stored.ScheduleLine>(what, scheduleSql.list(tenant))).map(stored.scheduleOf);
    },
    async fire(now, plan) {
      const due = await client.lines<stored.ScheduleLine>('reading the schedules that are due', scheduleSql.due(now));
      return fireEach(due.map(stored.readOf), now, plan, scheduleStore(now));
    },
    close: () => client.close(),
  };
}
