/** Two reports and the course, put together: a record for each content, in the order of the course. */
import { ifThere } from '../../app/problem.js';
import { courseOf, reportRows } from './calls.js';

/** @typedef {import('../../app/api.js').Api} Api */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('../../app/api-types.js').CourseStructure} CourseStructure */

/**
 * @typedef {object} Content
 * @property {string} name
 * @property {string} type Empty if it is unknown.
 * @property {number | undefined} place From 1; undefined for contents no longer in the course.
 * @property {number} learners
 * @property {number | null} share In percent.
 * @property {number} completed
 * @property {number} views
 * @property {string | null} lastAt
 * @property {number} stopped
 */

/**
 * @typedef {object} ContentUse
 * @property {Content[]} contents
 * @property {number} stopped All who stopped.
 * @property {number} stoppedBefore Of these, those who had visited nothing.
 * @property {number} stoppedElsewhere Of these, those whose last visit was to a content no longer in the course.
 * @property {boolean} isCut Whether there are more contents than were read.
 */

/**
 * @param {Api} api
 * @param {Pick<Batch, 'batchId' | 'courseId'>} batch
 * @param {AbortSignal} signal
 * @returns {Promise<ContentUse>}
 */
export async function contentUse(api, { batchId, courseId }, signal) {
  const parameters = { batchId, retired: true };
  const [course, used, stops] = await Promise.all([
    courseId === '' ? undefined : ifThere(courseOf(api, courseId, signal)),
    reportRows(api, 'content-popularity', { parameters, columns: USED }, signal),
    reportRows(api, 'drop-off', { parameters, columns: STOPS }, signal),
  ]);
  return put(course, used, stops);
}

const USED = ['content_id', 'content_name', 'content_type', 'learners', 'share', 'completed', 'views', 'last_visit_at'];
const STOPS = ['stopped_at', 'content_id', 'content_name', 'learners'];

/** @typedef {import('./calls.js').Rows} Rows */

/**
 * @param {Pick<CourseStructure, 'contentOrder' | 'contents'> | undefined} course
 * @param {Rows} used
 * @param {Rows} stops
 * @returns {ContentUse}
 */
function put(course, used, stops) {
  const places = placesOf(course);
  const stoppedAt = new Map(
    stops.rows.filter((row) => row['content_id'] !== null).map((row) => [row['content_id'], row['learners']]),
  );
  const sum = (/** @type {(row: Record<string, any>) => boolean} */ isIt) =>
    stops.rows.filter(isIt).reduce((all, row) => all + row['learners'], 0);
  const stoppedElsewhere = sum((row) => row['stopped_at'] === 'former content');
  const contents = used.rows.map((row) => {
    const id = row['content_id'];
    return {
      name: id === null ? 'Contents no longer in the course' : row['content_name'] || id,
      type: row['content_type'] ?? '',
      place: places.get(id),
      learners: row['learners'],
      share: row['share'],
      completed: row['completed'],
      views: row['views'],
      lastAt: row['last_visit_at'],
      stopped: id === null ? stoppedElsewhere : (stoppedAt.get(id) ?? 0),
    };
  });
  return {
    contents: contents.sort((a, b) => (a.place ?? Number.POSITIVE_INFINITY) - (b.place ?? Number.POSITIVE_INFINITY)),
    stopped: sum(() => true),
    stoppedBefore: sum((row) => row['stopped_at'] === 'nothing'),
    stoppedElsewhere,
    isCut: used.more || stops.more,
  };
}

/** The place of each content. Rows of an earlier release have no order: their contents are in the order of ids. @param {Pick<CourseStructure, 'contentOrder' | 'contents'> | undefined} course */
function placesOf(course) {
  const ids = Object.keys(course?.contents ?? {});
  const order = course?.contentOrder ?? [];
  const known = order.length > 0 ? order : ids.sort();
  return new Map(known.map((id, at) => [id, at + 1]));
}
