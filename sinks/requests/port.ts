/**
 * The requests port: who requested which report, its state, and reports that are requested by a schedule.
 *
 * A request is `waiting` until a worker leases it, then `running`; it ends as `done`, `failed` or `cancelled`, and a
 * `done` one later becomes `expired`. Every implementation guarantees the following; `test/contracts/requests.ts` checks
 * each of them:
 *
 * - Of concurrent identical `ask`s one makes a request, and the others get it. Ids are never used again, also not after
 *   `purge`, so the names of objects and the ids of events that are derived from them are unique for ever.
 * - Workers that lease concurrently get different requests. If a lease is not renewed in time, any worker may lease
 *   the request, as the next attempt; a request whose attempts are used up fails instead of waiting for ever.
 * - `renew`, `finish`, `fail` and `release` work only for the attempt that has the lease. Others change nothing: they get
 *   "cancelled" if the request was cancelled, and LEASE_LOST otherwise. An attempt that did not get the answer to
 *   `finish`, `fail` or `release` may call it again.
 * - Reads and changes by users name the tenant: a request of another tenant does not exist for them.
 * - The secret of a request is removed by the statement that ends it, however it ends. Only `lease` returns it.
 * - From the statement that expires a request nothing returns its result. Its objects stay recorded until their removal
 *   is confirmed, even after crashes.
 * - Ids, tenants, names of reports and of users are texts of 1 to 300 UTF-16 units, without the character 0 and
 *   without lone surrogates: anything else is USAGE.
 * - All times are the caller's, in ms since 1970 UTC.
 *
 * After an error of kind `retry` a change may have happened or not. A request that was leased this way belongs to
 * nobody, and its lease runs out.
 */
import type { DueSchedule, Fired, NewSchedule, Schedule } from './schedule.ts';

export type RequestState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export type ProtectionKind = 'none' | 'zip' | 'age';

export interface Protection {
  readonly kind: ProtectionKind;
  /** Which key or password protects the file, without giving it away; empty for `none`. */
  readonly fingerprint: string;
}

/** What a report is asked with, by a user or by a schedule. */
export interface Asked {
  readonly tenant: string;
  readonly report: string;
  /** JSON, returned exactly as it was given; canonical, so that equal parameters are equal texts. */
  readonly parameters: string;
  readonly format: string;
  /** The settings of the format, by name. */
  readonly options: Readonly<Record<string, string>>;
  /** The chosen columns in their order; null for all. */
  readonly columns: readonly string[] | null;
  readonly protection: Protection;
  readonly requestedBy: string;
  readonly roles: readonly string[];
  /** The largest number of attempts before it fails. Of a request it includes those that were released. */
  readonly maxAttempts: number;
  /** How many rows the result is expected to have: short requests go before long ones. */
  readonly estimateRows: number;
  /** The result is cut after so many rows. */
  readonly rowLimit: number;
  /** The trace of who asked first, as `traceparent`. Schedules have none. */
  readonly trace?: string;
}

export interface NewRequest extends Asked {
  /**
   * Of all that the file depends on, the roles included where they change it: requests of a tenant with the same hash
   * get the same file. 1 to 128 letters, digits, `_` and `-`.
   */
  readonly hash: string;
  /** Sealed by the caller. Ignored if the asker joins a request that exists. */
  readonly secret: string | null;
  /** A result of the same hash that was finished at most so long ago is good enough, in ms. */
  readonly freshMs: number;
}

/** Of a table that the result was read from. */
export interface TablePositions {
  /** Of the table. */
  readonly version: number | bigint;
  /** The log positions that this version reflects: from topic/partition to the next offset. */
  readonly positions: Readonly<Record<string, number | bigint>>;
}

export interface NewResult {
  /** `objectOf` the attempt: no other attempt of any request ever writes an object with this name. */
  readonly object: string;
  /** `companionOf` the attempt: the file that describes the first one. Null if there is none. */
  readonly companion: string | null;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the object, in hex. */
  readonly checksum: string;
  /** Whether there were more rows than the limit. */
  readonly truncated: boolean;
  /** Of the report's definition. */
  readonly definitionVersion: string;
  /** Of the report's columns. */
  readonly columnsVersion: string;
  readonly protection: ProtectionKind;
  /** By table. */
  readonly positions: Readonly<Record<string, TablePositions>>;
  /** The time whose state the result shows. */
  readonly asOf: number;
  /** When the file may be removed. Until `expire` is called the request stays `done`, so readers compare. */
  readonly expiresAt: number;
}

export interface Result extends NewResult {
  /** The `now` of `finish`. */
  readonly finishedAt: number;
}

/** Why an attempt failed, for the user who asked. */
export interface RequestError {
  readonly code: string;
  readonly message: string;
  readonly whatToDo?: string;
}

export interface Request extends Asked {
  /** `<hash>-<generation>`; unique in the installation. */
  readonly id: string;
  readonly hash: string;
  /** Counts the requests with this hash. Numbers may be missing. */
  readonly generation: number;
  /** The schedule that made it, and the time it was due; null if a user asked. */
  readonly schedule: { readonly id: string; readonly dueAt: number } | null;
  readonly state: RequestState;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** A waiting request is not leased before. */
  readonly notBefore: number;
  readonly owner: string | null;
  readonly leaseUntil: number | null;
  /** Rows written so far by the newest attempt. */
  readonly progress: number;
  /** Of the latest attempt that failed; null once it is done. */
  readonly error: RequestError | null;
  /** Null unless it is `done`. */
  readonly result: Result | null;
}

export interface LeasedRequest extends Request {
  readonly secret: string | null;
}

export interface Lease {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** What a worker learns from a call about its lease; LEASE_LOST is thrown. */
export type LeaseOutcome = 'held' | 'cancelled';

export interface Progress {
  /** Rows written so far. */
  readonly rows: number;
  /** A better estimate, if there is one by now. */
  readonly estimateRows?: number;
}

export interface RequestFilter {
  /** Any of these; all states by default. */
  readonly states?: readonly RequestState[];
  readonly report?: string;
  /** Who asked, whether first or later. */
  readonly asker?: string;
  /** Created at or after this time. */
  readonly createdFrom?: number;
  /** Created before this time. */
  readonly createdTo?: number;
}

export interface RequestPage {
  readonly requests: readonly Request[];
  /** Continues after the last of these; null at the end. */
  readonly next: string | null;
}

export interface Asker {
  readonly user: string;
  /** When the user first asked. */
  readonly at: number;
}

/** An expired request, and its objects, which have to be removed. */
export interface Expired {
  readonly tenant: string;
  readonly id: string;
  readonly objects: readonly string[];
}

export interface Requests {
  /**
   * The tenant's request of this hash that is waiting or running; or else its newest `done` one that has not expired and
   * was finished at `now - freshMs` or later; or else a new one. The user becomes one of its askers. A request that
   * failed, was cancelled or expired runs again as a new one.
   */
  ask(request: NewRequest, now: number): Promise<{ readonly request: Request; readonly isNew: boolean }>;
  get(tenant: string, id: string): Promise<Request | undefined>;
  /**
   * The newest first, at most `limit` (1 to 1000). With the cursor of the previous page nothing is skipped or shown
   * twice, whatever is added meanwhile. Throws USAGE for a cursor that it did not make.
   */
  list(tenant: string, filter: RequestFilter, page: { limit: number; cursor?: string | null }): Promise<RequestPage>;
  /** Who asked for it, the first one first. */
  askers(tenant: string, id: string): Promise<Asker[]>;
  /**
   * Ends a waiting or running request as `cancelled`, for all who asked; its worker learns this at the next `renew`.
   * Returns whether it did.
   */
  cancel(tenant: string, id: string, now: number): Promise<boolean>;

  /**
   * The next request that waits or whose lease has run out, leased to `owner` until `until`; undefined if there is none.
   *
   * - Between tenants: the one with the fewest running requests, then the one that was served longest ago. None has more
   *   than `tenantLimit` running at once.
   * - Within a tenant: by the time of asking plus 1 ms for each estimated row, one hour at most. So a request with few
   *   rows overtakes a large one, but nothing goes before a request that was asked an hour earlier.
   */
  lease(owner: string, now: number, until: number, tenantLimit: number): Promise<LeasedRequest | undefined>;
  /** The same for one request, whatever else runs: for somebody who waits for it. Undefined if it is not to be had now. */
  leaseOne(id: string, owner: string, now: number, until: number): Promise<LeasedRequest | undefined>;
  renew(lease: Lease, now: number, until: number, progress: Progress): Promise<LeaseOutcome>;
  finish(lease: Lease, now: number, result: NewResult): Promise<LeaseOutcome>;
  /**
   * The request waits until `retryAt` for its next attempt, if it has one left; with null it fails for good. Calling it
   * again with the same error changes nothing.
   */
  fail(lease: Lease, now: number, error: RequestError, retryAt: number | null): Promise<LeaseOutcome>;
  /** The attempt ends without counting: the request waits for the next one, which may begin at once, and has as many left as before. */
  release(lease: Lease, now: number): Promise<LeaseOutcome>;

  /** Ends the time of all `done` requests of the tenant: `expire` is to remove their files. Returns how many there were. */
  outdate(tenant: string, now: number): Promise<number>;
  /**
   * Turns at most `limit` `done` requests past their expiry into `expired`, and returns at most `limit` expired requests
   * whose objects have to be removed, the oldest expiry first in both, including those that an earlier call returned,
   * until they are confirmed. Once nothing is returned nothing is left. Concurrent callers may get the same one:
   * removing an object twice is no error.
   */
  expire(now: number, limit: number): Promise<Expired[]>;
  /**
   * The objects of these expired requests are removed: `expire` does not return them again. Other requests stay as they
   * are.
   */
  confirmRemoved(ids: readonly string[]): Promise<void>;
  /**
   * What has become of an attempt: it is `running`, its object is `listed` as the result of a request, or it is `over`
   * and will never be listed, so that an object of its name can be removed.
   */
  attemptState(id: string, attempt: number): Promise<'running' | 'listed' | 'over'>;
  /**
   * Forgets at most `limit` requests that ended before `before` (expired ones: that expired before), with their askers.
   * Those whose objects are not confirmed to be removed, and failed ones that were not announced, are kept. Returns how
   * many it forgot; 0 if none are left.
   */
  purge(before: number, limit: number): Promise<number>;

  /**
   * Requests that are `done` or `failed` and whose event was not confirmed, at most `limit`, the one that ended first
   * first. Concurrent callers may get the same ones: the event's id follows from the request's, and consumers drop
   * repeats. Who asks for a request that is already done is told so by `ask`. One that has expired is not announced any
   * more.
   */
  unannounced(limit: number): Promise<Request[]>;
  /** The events of these requests are emitted: `unannounced` does not return them again. */
  confirmAnnounced(ids: readonly string[]): Promise<void>;

  /**
   * Adds or replaces a schedule. Replaced, it keeps its next due time if expression and zone stay the same and it was
   * enabled; otherwise it is due next after `now`. An error is cleared. Throws USAGE with all that is wrong with it.
   */
  putSchedule(schedule: NewSchedule, now: number): Promise<Schedule>;
  removeSchedule(tenant: string, id: string): Promise<void>;
  schedules(tenant: string): Promise<Schedule[]>;
  /**
   * Makes the requests of all schedules that are due, one for each due time however many callers there are, and moves
   * the schedules on. `plan` is pure: it says what to ask for at a due time; the hash becomes one of tenant, schedule and
   * due time, so the request is never joined with another. If it throws one of our errors that is not of kind `retry`,
   * the schedule is disabled with the error. Any other error is thrown in the end, and the schedule stays due. A schedule
   * that cannot be planned holds up no other.
   */
  fire(now: number, plan: (schedule: DueSchedule, dueAt: number) => NewRequest): Promise<Fired>;
  close(): Promise<void>;
}
