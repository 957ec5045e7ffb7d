/**
 * The rows of the Open University data set that the demo uses, typed as they are after reading. A day is relative to the start of its
 * presentation and may be negative.
 */
import { TributaryError } from '../core/errors.ts';

/** One run of one module, such as AAA in 2013J. */
export interface Presentation {
  readonly module: string;
  readonly presentation: string;
}

export interface CourseRow extends Presentation {
  readonly days: number;
}

export interface SiteRow extends Presentation {
  readonly site: string;
  readonly activityType: string;
}

export interface RegistrationRow extends Presentation {
  readonly student: string;
  readonly registered: number | undefined;
  readonly unregistered: number | undefined;
}

export interface StudentRow extends Presentation {
  readonly student: string;
  readonly gender: string | undefined;
  readonly region: string | undefined;
  readonly education: string | undefined;
  readonly ageBand: string | undefined;
  readonly disability: boolean | undefined;
}

export interface VisitRow extends Presentation {
  readonly student: string;
  readonly site: string;
  readonly day: number;
  readonly clicks: number;
}

/** Each list in the order of its file. */
export interface Rows {
  readonly courses: readonly CourseRow[];
  readonly sites: readonly SiteRow[];
  readonly registrations: readonly RegistrationRow[];
  readonly students: readonly StudentRow[];
  readonly visits: readonly VisitRow[];
}

/** "AAA-2013J": the id of a presentation's course and of its batch. */
export function presentationId({ module, presentation }: Presentation): string {
  return `${module}-${presentation}`;
}

/** Only the rows of the presentations with these ids. Throws NOT_FOUND for an id that does not exist. */
export function selectRows(rows: Rows, ids: readonly string[]): Rows {
  const known = new Set(rows.courses.map(presentationId));
  const unknown = ids.filter((id) => !known.has(id));
  if (unknown.length > 0) {
    throw new TributaryError(
      'NOT_FOUND',
      `the data set has no presentation ${unknown.join(', ')}; choose from ${[...known].sort().join(', ')}`,
    );
  }
  const wanted = new Set(ids);
  const chosen = <R extends Presentation>(each: readonly R[]): readonly R[] =>
    each.filter((row) => wanted.has(presentationId(row)));
  return {
    courses: chosen(rows.courses),
    sites: chosen(rows.sites),
    registrations: chosen(rows.registrations),
    students: chosen(rows.students),
    visits: chosen(rows.visits),
  };
}
