/** The filters of the overview. */
import { periodOf } from '../../app/days.js';
import { periodIn } from '../../app/periods.js';

/** @typedef {import('../../app/periods.js').Period & { course: string }} Asked */

/** @param {URLSearchParams} query @returns {Asked} */
export const askedIn = (query) => ({ course: query.get('course') ?? '', ...periodIn(query) });

/** The Monday of its week. @param {string} day */
export const weekOf = (day) => periodOf('week', day);
