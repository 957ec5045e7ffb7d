/**
 * The requests port: who asked for which report, what became of it, and what is asked for by schedule.
 *
 * A request is `waiting` until a worker leases it, then `running`; it ends as `done`, `failed`, `cancelled` or `expired`.
 * What every implementation keeps, and `test/contracts/requests.ts` checks on each:
 *
 * - Of several workers that lease at once, each gets another request. A lease that is not renewed in time may be leased by
 *   anybody, as the next attempt; a request whose attempts are used up fails instead of waiting for ever.
 * - `renew`, `finish` and `fail` hold for the attempt that has the lease; anybody else gets LEASE_LOST and changes nothing.
 * - `create` with an id that exists answers the request that is there: asking twice makes one request.
 * - All times are the caller's, in ms since 1970 UTC.
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

export interface Schedule {
  readonly id: string;
  readonly tenant: string;
  readonly report: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly requestedBy: string;
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
  /** Turns `done` requests past their expiry into `expired` and answers their objects' names, to be removed. */
  expire(now: number): Promise<string[]>;

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
