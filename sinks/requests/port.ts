/**
 * The requests port: who requested which report, the state of each request, and reports that a schedule requests.
 *
 * A request is `waiting` until a worker leases it, then `running`; it ends as `done`, `failed` or `cancelled`, and a
 * `done` one later becomes `expired`. Every implementation guarantees the following; `test/contracts/requests.ts` checks
 * each of them:
 *
 * - Of several concurrent identical `ask`s, one makes a request and the others join it. Ids are never reused, not even
 *   after `purge`. So object names and event ids that are derived from them are unique for ever.
 * - Workers that lease concurrently get different requests. If a lease is not renewed in time, any worker may lease the
 *   request, as the next attempt. A request without attempts left fails instead of waiting for ever.
 * - `renew`, `finish`, `fail` and `release` work only for the attempt that has the lease. Other attempts change
 *   nothing: they get "cancelled" if the request was cancelled, and LEASE_LOST otherwise. An attempt that did not get
 *   the answer to `finish`, `fail` or `release` may call it again.
 * - Reads and changes by users name the tenant. Requests of other tenants do not exist for them.
 * - The statement that ends a request, in whatever way, also removes its secret. Only `lease` returns the secret.
 * - Once a statement has expired a request, nothing returns its result. Its objects stay recorded until their removal
 *   is confirmed, even after crashes.
 * - Ids, tenants, and names of reports and users are texts of 1 to 300 UTF-16 units, without the character 0 and lone
 *   surrogates. Any other text is USAGE.
 * - All times come from the caller, in ms since 1970 UTC.
 *
 * After an error of kind `retry`, a change may or may not have happened. A request that was leased this way has no
 * worker, and its lease runs out.
 */
import type { DueSchedule, Fired, NewSchedule, Schedule } from './schedule.ts';

export type RequestState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export type ProtectionKind = 'none' | 'zip' | 'age';

export interface Protection {
  readonly kind: ProtectionKind;
  /** Identifies the key or password that protects the file, without revealing it; empty for `none`. */
  readonly fingerprint: string;
}

/** A report with its parameters, as a user or a schedule asks for it. */
export interface Asked {
  readonly tenant: string;
  readonly report: string;
  /** JSON, returned exactly as given. It must be canonical, so that equal parameters are equal texts. */
  readonly parameters: string;
  readonly format: string;
  /** The settings of the format, by name. */
  readonly options: Readonly<Record<string, string>>;
  /** The chosen columns, in order; null for all. */
  readonly columns: readonly string[] | null;
  readonly protection: Protection;
  readonly requestedBy: string;
  readonly roles: readonly string[];
  /** The largest number of attempts before the request fails. In a `Request`, it includes released attempts. */
  readonly maxAttempts: number;
  /** How many rows the result is expected to have. Short requests go before long ones. */
  readonly estimateRows: number;
  /** The result is cut off after this many rows. */
  readonly rowLimit: number;
  /** The trace of the user who asked first, as `traceparent`. Schedules have none. */
  readonly trace?: string;
}

export interface NewRequest extends Asked {
  /**
   * The hash of everything that the file depends on, including roles if they change the file. Requests of a tenant with
   * the same hash get the same file. 1 to 128 letters, digits, `_` and `-`.
   */
  readonly hash: string;
  /** Sealed by the caller. Ignored if the asker joins an existing request. */
  readonly secret: string | null;
  /** A result of the same hash that is at most this old is good enough, in ms since it was finished. */
  readonly freshMs: number;
}

/** The state of one table that the result was read from. */
export interface TablePositions {
  /** The version of the table. */
  readonly version: number | bigint;
  /** The log positions that this version reflects: from topic/partition to the next offset. */
  readonly positions: Readonly<Record<string, number | bigint>>;
}

export interface NewResult {
  /** `objectOf` the attempt. No other attempt of any request ever writes an object with this name. */
  readonly object: string;
  /** `companionOf` the attempt: the object that describes the first one; null if there is none. */
  readonly companion: string | null;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the object, in hex. */
  readonly checksum: string;
  /** Whether there were more rows than the limit. */
  readonly truncated: boolean;
  /** The version of the report's definition. */
  readonly definitionVersion: string;
  /** The version of the report's columns. */
  readonly columnsVersion: string;
  readonly protection: ProtectionKind;
  /** By table. */
  readonly positions: Readonly<Record<string, TablePositions>>;
  /** The time whose state the result shows. */
  readonly asOf: number;
  /** When the file may be removed. The request stays `done` until `expire` is called, so readers must compare this time. */
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
  /** The schedule that made the request, and the time at which it was due; null if a user asked. */
  readonly schedule: { readonly id: string; readonly dueAt: number } | null;
  readonly state: RequestState;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Attempts begun so far. */
  readonly attempt: number;
  /** A waiting request is not leased before this time. */
  readonly notBefore: number;
  readonly owner: string | null;
  readonly leaseUntil: number | null;
  /** Rows written so far by the newest attempt. */
  readonly progress: number;
  /** The error of the latest failed attempt; null once the request is `done`. */
  readonly error: RequestError | null;
  /** Null unless the request is `done`. */
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

/** What a worker learns about its lease from a call. LEASE_LOST is thrown. */
export type LeaseOutcome = 'held' | 'cancelled';

export interface Progress {
  /** Rows written so far. */
  readonly rows: number;
  /** A better estimate, if there is one. */
  readonly estimateRows?: number;
}

export interface RequestFilter {
  /** Any of these; all states by default. */
  readonly states?: readonly RequestState[];
  readonly report?: string;
  /** A user who asked, whether first or later. */
  readonly asker?: string;
  /** Created at or after this time. */
  readonly createdFrom?: number;
  /** Created before this time. */
  readonly createdTo?: number;
}

export interface RequestPage {
  readonly requests: readonly Request[];
  /** The cursor that continues after these requests; null at the end. */
  readonly next: string | null;
}

export interface Asker {
  readonly user: string;
  /** When the user first asked. */
  readonly at: number;
}

/** An expired request, with its objects, which must be removed. */
export interface Expired {
  readonly tenant: string;
  readonly id: string;
  readonly objects: readonly string[];
}

export interface Requests {
  /**
   * Returns the tenant's request of this hash that is waiting or running. If there is none, returns its newest `done`
   * request that has not expired and was finished at `now - freshMs` or later; otherwise makes a new one. The user
   * becomes one of the askers. A request that failed, was cancelled or expired is not reused: a new one runs.
   */
  ask(request: NewRequest, now: number): Promise<{ readonly request: Request; readonly isNew: boolean }>;
  get(tenant: string, id: string): Promise<Request | undefined>;
  /**
   * The newest requests first, at most `limit` (1 to 1000). With the cursor of the previous page, nothing is skipped or
   * shown twice, whatever is added meanwhile. Throws USAGE for a cursor that it did not make.
   */
  list(tenant: string, filter: RequestFilter, page: { limit: number; cursor?: string | null }): Promise<RequestPage>;
  /** The users who asked for the request, the first one first. */
  askers(tenant: string, id: string): Promise<Asker[]>;
  /**
   * Ends a waiting or running request as `cancelled`, for all askers. Its worker learns this at the next `renew`.
   * Returns whether the request was cancelled.
   */
  cancel(tenant: string, id: string, now: number): Promise<boolean>;

  /**
   * Leases the next request that waits, or whose lease has run out, to `owner` until `until`; undefined if there is none.
   *
   * - Between tenants: the tenant with the fewest running requests goes first, then the one that was served longest
   *   ago. No tenant has more than `tenantLimit` requests running at once.
   * - Within a tenant: by the time of asking plus 1 ms for each estimated row, at most one hour. So a request with few
   *   rows overtakes a large one, but not one that was made an hour earlier.
   */
  lease(owner: string, now: number, until: number, tenantLimit: number): Promise<LeasedRequest | undefined>;
  /** Leases this request, whatever else runs, for somebody who waits for it. Undefined if it cannot be leased now. */
  leaseOne(id: string, owner: string, now: number, until: number): Promise<LeasedRequest | undefined>;
  renew(lease: Lease, now: number, until: number, progress: Progress): Promise<LeaseOutcome>;
  finish(lease: Lease, now: number, result: NewResult): Promise<LeaseOutcome>;
  /**
   * If the request has an attempt left, it waits for that until `retryAt`; with null it fails for good. Calling `fail`
   * again with the same error changes nothing.
   */
  fail(lease: Lease, now: number, error: RequestError, retryAt: number | null): Promise<LeaseOutcome>;
  /** Ends the attempt without counting it: the request waits with as many attempts left as before, and may run again at once. */
  release(lease: Lease, now: number): Promise<LeaseOutcome>;

  /** Makes all `done` requests of the tenant expire now, so that `expire` gives their files up for removal. Returns how many there were. */
  outdate(tenant: string, now: number): Promise<number>;
  /**
   * Turns at most `limit` `done` requests past their expiry into `expired`. Returns at most `limit` expired requests
   * whose objects must be removed, including those that an earlier call returned, until they are confirmed. Both begin
   * with the oldest expiry. If nothing is returned, nothing is left. Concurrent callers may get the same request:
   * removing an object twice is no error.
   */
  expire(now: number, limit: number): Promise<Expired[]>;
  /**
   * Confirms that the objects of these expired requests are removed: `expire` does not return them again. Other
   * requests stay as they are.
   */
  confirmRemoved(ids: readonly string[]): Promise<void>;
  /**
   * The state of an attempt: it is `running`; its object is `listed` as the result of a request; or the attempt is
   * `over` and its object will never be listed, so an object with its name can be removed.
   */
  attemptState(id: string, attempt: number): Promise<'running' | 'listed' | 'over'>;
  /**
   * Forgets at most `limit` requests that ended before `before` (or, if expired, that expired before), with their
   * askers. Keeps expired requests whose objects are not confirmed as removed, and failed ones that were not announced.
   * Returns how many it forgot; 0 if none are left.
   */
  purge(before: number, limit: number): Promise<number>;

  /**
   * At most `limit` requests that are `done` or `failed` and whose event was not confirmed, in the order in which they
   * ended. Concurrent callers may get the same ones: the event's id follows from the request's, and consumers drop
   * repeats. A user who asks for a request that is already done learns this from `ask`. An expired request is no longer
   * announced.
   */
  unannounced(limit: number): Promise<Request[]>;
  /** Confirms that the events of these requests are emitted: `unannounced` does not return them again. */
  confirmAnnounced(ids: readonly string[]): Promise<void>;

  /**
   * Adds or replaces a schedule. A schedule that was enabled keeps its next due time if its expression and zone stay the same; otherwise
   * the next due time is the first after `now`. An error is cleared. Throws USAGE with all problems of the schedule.
   */
  putSchedule(schedule: NewSchedule, now: number): Promise<Schedule>;
  removeSchedule(tenant: string, id: string): Promise<void>;
  schedules(tenant: string): Promise<Schedule[]>;
  /**
   * Makes the requests of all schedules that are due, one for each due time however many callers there are, and moves
   * the schedules on. `plan` is pure and returns the request for a due time. Its hash is replaced by one of tenant,
   * schedule and due time, so no other request is ever joined with it. If `plan` throws one of our errors that is not
   * of kind `retry`, the schedule is disabled with the error. Any other error is thrown at the end, and the schedule
   * stays due. A schedule that cannot be planned does not delay the others.
   */
  fire(now: number, plan: (schedule: DueSchedule, dueAt: number) => NewRequest): Promise<Fired>;
  close(): Promise<void>;
}
