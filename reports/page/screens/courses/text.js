/** Texts shared by these screens. */
import { momentDate } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').Batch} Batch */

/** @type {Readonly<Record<string, string>>} */
export const LEARNER_STATES = { not_started: 'Not started', in_progress: 'In progress', completed: 'Completed' };

/** @param {Pick<Batch, 'startsAt' | 'endsAt'>} batch */
export function datesText({ startsAt, endsAt }) {
  if (startsAt === null) return 'start unknown';
  return endsAt === null ? `since ${momentDate(startsAt)}` : `${momentDate(startsAt)} to ${momentDate(endsAt)}`;
}
