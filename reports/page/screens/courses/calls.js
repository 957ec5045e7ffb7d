/** The calls of these screens. */
import { addressOf } from '../../app/api.js';
import { byName } from '../../app/figures.js';
import { inTurn } from '../../app/turns.js';

/** @typedef {import('../../app/api.js').Api} Api */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('../../app/api-types.js').CourseStructure} CourseStructure */
/** @typedef {import('../../app/api-types.js').Preview} Preview */

/** The most results of one search. */
const MOST = 200;

/** @param {Api} api @param {string} batchId @param {AbortSignal} signal @returns {Promise<Batch>} */
export const batchOf = (api, batchId, signal) =>
  api.get(addressOf(['v1', 'projections', 'batch_summary', batchId]), { signal });

/** @param {string} batchId */
export const batchEvents = (batchId) => addressOf(['v1', 'projections', 'batch_summaries', batchId, 'events']);

/** @param {Api} api @param {string} courseId @param {AbortSignal} signal @returns {Promise<CourseStructure>} */
export const courseOf = (api, courseId, signal) =>
  api.get(addressOf(['v1', 'projections', 'course_structure', courseId]), { signal });

/**
 * The batches of a course, the latest first: at most 200.
 * @param {Api} api @param {string} courseId @param {AbortSignal} signal @returns {Promise<{ total: number, items: Batch[] }>}
 */
export const batchesOf = (api, courseId, signal) =>
  api.get(
    addressOf(['v1', 'projections', 'batches'], { 'filter.courseId': courseId, sort: '-startsAt', limit: MOST }),
    { signal },
  );

/** @typedef {{ rows: Record<string, any>[], more: boolean }} Rows Rows by the names of their columns, and whether there are more. */

/**
 * The rows of a report.
 * @param {Api} api
 * @param {string} report
 * @param {{ parameters: Record<string, unknown>, columns: readonly string[] }} asked
 * @param {AbortSignal} signal
 * @returns {Promise<Rows>}
 */
export async function reportRows(api, report, asked, signal) {
  /** @type {Preview} */
  const found = await inTurn(
    () => api.post(addressOf(['v1', 'reports', report, 'rows']), { ...asked, limit: 1000 }, { signal }),
    signal,
  );
  return { rows: byName(found), more: found.more };
}

/** The address of the form for the report itself. @param {string} report @param {string} batchId */
export const reportAddress = (report, batchId) => addressOf(['reports', report], { batchId });
