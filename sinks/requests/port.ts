/**
 * The requests port: who requested which report, its state, and reports that are requested by a schedule.
 *
 * A request is `waiting` until a worker leases it, then `running`; it ends as `done`, `failed`, `cancelled` or
 * `expired`. Every implementation guarantees the following; `test/contracts/requests.ts` checks each of them:
 *
 * - Workers that lease concurrently get different requests. If a lease is not renewed in time, any worker may lease
 *   the request, as the next attempt; a request whose attempts are used up fails instead of waiting for ever.
 * - `renew`, `finish` and `fail` work only for the attempt that has the lease; others get LEASE_LOST and change
 *   nothing.
 * - `create` with an id that exists returns the existing request: asking twice makes one request. So does a schedule
 *   that fires twice. If an attempt did not get the answer to `finish`, it may finish again with the same object.
 * - The object of an expired request stays recorded until its removal is confirmed, even after crashes.
 * - Ids, tenants, names of reports and of users are texts of 1 to 300 UTF-16 units, without the character 0 and
 *   without lone surrogates: anything else is USAGE.
 * - All times are the caller's, in ms since 1970 UTC.
 *
 * After an error of kind `retry` a change may have happened or not. A request that was leased this way belongs to
 * nobody, and its lease runs out.
 */
export type RequestState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export interface NewRequest {
  /** Chosen by the caller; unique in the installation. */
  readonly id: string;
  readonly tenant: string;
  readonly report: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  /** The largest number of attempts before it fails. */
  readonly maxAttempts: number;
}

export interface Result {
  /** Only for this attempt: no other attempt of any request ever writes an object with this name. */
  readonly object: string;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the object, in hex. */
  readonly checksum: string;
  /** The log positions that the result reflects: from topic/partition to the next offset. */
  readonly positions: Readonly<Record<string, number>>;
  readonly expiresAt: number;
}

export interface Request extends NewRequest {
  readonly state: RequestState;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Attempts begun so far. */
  readonly attempt: number;
  readonly owner: string | null;
  readonly leaseUntil: number | null;
  /** Rows written so far by the running attempt. */
  readonly progress: number;
  readonly error: string | null;
  readonly result: Result | null;
}

export interface Lease {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** An expired request, and its object, which has to be removed. */
export interface Expired {
  readonly id: string;
  readonly object: string;
}

export interface Schedule {
  /** Short enough that "schedule/<id>/<nextAt>" may be the id of a request. */
  readonly id: string;
  readonly tenant: string;
  readonly report: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  /** The largest number of attempts of each of its requests. */
  readonly maxAttempts: number;
  /** A cron expression in UTC; the code that runs schedules reads it. */
  readonly cron: string;
  readonly enabled: boolean;
  /** The next time at which it is due. */
  readonly nextAt: number;
}

export interface Requests {
  create(request: NewRequest, now: number): Promise<Request>;
  get(id: string): Promise<Request | undefined>;
  /** The newest first. */
  list(tenant: string, filter: { state?: RequestState; report?: string; limit: number }): Promise<Request[]>;
  /**
   * The oldest request that is waiting or whose lease has run out, leased to `owner` until `until`; undefined if there
   * is none.
   */
  lease(owner: string, now: number, until: number): Promise<Request | undefined>;
  renew(lease: Lease, now: number, until: number, progress: number): Promise<void>;
  finish(lease: Lease, now: number, result: Result): Promise<void>;
  /** `final` fails the request for good; otherwise it waits for its next attempt, if it has one left. */
  fail(lease: Lease, now: number, error: string, final: boolean): Promise<void>;
  /**
   * Ends a waiting or running request as `cancelled`; its worker learns this at the next `renew`. Returns whether it
   * did.
   */
  cancel(id: string, now: number): Promise<boolean>;
  /**
   * Turns `done` requests past their expiry into `expired`, and returns the expired requests whose objects have to be
   * removed, the oldest expiry first, including those that an earlier call returned, until they are confirmed.
   * Concurrent callers may get the same one: removing an object twice is no error.
   */
  expire(now: number): Promise<Expired[]>;
  /**
   * The objects of these expired requests are removed: `expire` does not return them again. Other requests stay as they
   * are.
   */
  confirmRemoved(ids: readonly string[]): Promise<void>;

  putSchedule(schedule: Schedule): Promise<void>;
  removeSchedule(id: string): Promise<void>;
  schedules(tenant: string): Promise<Schedule[]>;
  /**
   * Creates the requests of all schedules due at `now`, each with the id "schedule/<id>/<nextAt>", and moves each
   * schedule to `next(schedule)`: only one of several concurrent callers does it. Returns the created requests.
   */
  fire(now: number, next: (schedule: Schedule) => number): Promise<Request[]>;
  close(): Promise<void>;
}
