/** Schedules, which request reports repeatedly: see `port.ts`. */
import type { Asked, Request, RequestError } from './port.ts';

/**
 * What to do about missed due times, those at which nobody fired the schedule within 15 minutes: nothing; make up for
 * the latest one; or make up for the latest 100.
 */
export type CatchUp = 'none' | 'latest' | 'all';

interface Timed extends Asked {
  /** Unique within the tenant. */
  readonly id: string;
  /** Five fields: minute, hour, day of the month, month, day of the week. */
  readonly cron: string;
  /** An IANA time zone, for example Asia/Kolkata. */
  readonly zone: string;
  readonly catchUp: CatchUp;
  readonly enabled: boolean;
}

export interface NewSchedule extends Timed {
  /** Sealed by the caller, for the requests of the schedule. Undefined keeps the present secret. */
  readonly secret: string | null | undefined;
}

export interface Schedule extends Timed {
  /** Whether requests of the schedule have a secret. Only `plan` gets the secret itself. */
  readonly hasSecret: boolean;
  /** The latest due time that made a request; null if there was none. */
  readonly lastAt: number | null;
  /** The next due time; null while it is disabled. */
  readonly nextAt: number | null;
  /** Why it was disabled; null unless an error disabled it. */
  readonly error: RequestError | null;
}

/** A schedule that is due. */
export interface DueSchedule extends Schedule {
  readonly secret: string | null;
  readonly nextAt: number;
}

export interface Fired {
  readonly requests: readonly Request[];
  /** Schedules that were disabled because they could not be planned. */
  readonly disabled: readonly Schedule[];
}
