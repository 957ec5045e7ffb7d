/**
 * The requests port: who asked for which report, what became of it, and what is asked for by schedule.
 *
 * A request is `waiting` until a worker leases it, then `running`; it ends as `done`, `failed`, `cancelled` or `expired`.
 * What every implementation keeps, and `test/contracts/requests.ts` checks on each:
 *
 * - Of several workers that lease at once, each gets another request. A lease that is not renewed in time may be leased by
 *   anybody, as the next attempt; a request whose attempts are used up fails instead of waiting for ever.
 * - `renew`, `finish` and `fail` hold for the attempt that has the lease; anybody else gets LEASE_LOST and changes nothing.
 * - `create` with an id that exists answers the request that is there: asking twice makes one request. So does a schedule
 *   that fires twice. An attempt that finishes again with the same object, since it did not get the answer, has finished.
 * - The object of an expired request stays known until it is confirmed to be removed, whoever crashes in between.
 * - Ids, tenants, reports and who asks are texts of 1 to 300 UTF-16 units, without the character 0 and without lone
 *   surrogates: anything else is USAGE.
 * - All times are the caller's, in ms since 1970 UTC.
 *
 * After an error of kind `retry` a change may have happened or not. What was leased so belongs to nobody, and its lease
 * runs out.
 */
export type RequestState = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'expired';

export interface NewRequest {
  /** Chosen by whoever asks; unique in the installation. */
  readonly id: string;
  readonly tenant: string;
  readonly report: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
  /** Attempts it may have before it fails. */
  readonly maxAttempts: number;
}

export interface Result {
  /** Of this attempt alone: no other attempt of any request ever writes an object of this name. */
  readonly object: string;
  readonly rows: number;
  readonly bytes: number;
  /** SHA-256 of the object, in hex. */
  readonly checksum: string;
  /** Log positions the result reflects: topic/partition to the next offset. */
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
  /** Rows written so far by the attempt that runs. */
  readonly progress: number;
  readonly error: string | null;
  readonly result: Result | null;
}

export interface Lease {
  readonly id: string;
  readonly owner: string;
  readonly attempt: number;
}

/** A request whose time is over, and the object of it that is to be removed. */
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
  /** Attempts that each of its requests may have before it fails. */
  readonly maxAttempts: number;
  /** A cron expression in UTC; who runs schedules reads it. */
  readonly cron: string;
  readonly enabled: boolean;
  /** When it is due next. */
  readonly nextAt: number;
}

export interface Requests {
  create(request: NewRequest, now: number): Promise<Request>;
  get(id: string): Promise<Request | undefined>;
  /** The newest first. */
  list(tenant: string, filter: { state?: RequestState; report?: string; limit: number }): Promise<Request[]>;
  /** The oldest request that waits or whose lease ran out, leased to `owner` until `until`; undefined if there is none. */
  lease(owner: string, now: number, until: number): Promise<Request | undefined>;
  renew(lease: Lease, now: number, until: number, progress: number): Promise<void>;
  finish(lease: Lease, now: number, result: Result): Promise<void>;
  /** `final` fails the request for good; otherwise it waits for its next attempt, if it has one left. */
  fail(lease: Lease, now: number, error: string, final: boolean): Promise<void>;
  /** Ends a request that waits or runs, as `cancelled`; its worker learns it at the next `renew`. Answers whether it did. */
  cancel(id: string, now: number): Promise<boolean>;
  /**
   * Turns `done` requests past their expiry into `expired`, and answers the expired requests whose objects are to be
   * removed, the oldest expiry first: also those that an earlier call answered, until they are confirmed. Several callers
   * at once may get the same one: removing an object twice is no error.
   */
  expire(now: number): Promise<Expired[]>;
  /** The objects of these expired requests are gone: `expire` does not answer them again. Other requests stay as they are. */
  confirmRemoved(ids: readonly string[]): Promise<void>;

  putSchedule(schedule: Schedule): Promise<void>;
  removeSchedule(id: string): Promise<void>;
  schedules(tenant: string): Promise<Schedule[]>;
  /**
   * Creates the requests of all schedules due at `now`, each with the id "schedule/<id>/<nextAt>", and moves each schedule
   * on to `next(schedule)`: of several callers at once one does it. Answers what was created.
   */
  fire(now: number, next: (schedule: Schedule) => number): Promise<Request[]>;
  close(): Promise<void>;
}
