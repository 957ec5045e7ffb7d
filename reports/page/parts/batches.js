/** Batches as rows of a table, and what their states are called. */
import { html } from 'lit-html';
import { percent } from '../app/format.js';
import { batchAddress, courseLink, linkAndId } from './links.js';
import { dayColumn, figureColumn } from './table.js';

/** @typedef {import('../app/api-types.js').Batch} Batch */
/** @typedef {import('./table.js').Column<Batch>} Column */

/** @type {Readonly<Record<string, string>>} */
export const BATCH_STATES = {
  upcoming: 'Upcoming',
  ongoing: 'Running',
  ended: 'Ended',
  retired: 'Retired',
  unknown: 'Start unknown',
};

/** @param {string} status */
export const batchBadge = (status) =>
  html`<span class="badge ${status === 'ongoing' ? 'badge-good' : ''}">${BATCH_STATES[status] ?? status}</span>`;

/** @type {Column} */
const BATCH = {
  key: 'batchId',
  title: 'Batch',
  sorts: false,
  cell: ({ batchId, name }) => linkAndId(batchAddress(batchId), name, batchId),
};

/** @param {ReadonlyMap<string, string>} names Of courses, by id. @returns {Column} */
const courseColumn = (names) => ({
  key: 'courseId',
  title: 'Course',
  sorts: false,
  cell: ({ courseId }) => courseLink(courseId, names.get(courseId) ?? ''),
});

/** @type {readonly Column[]} */
const STANDING = [
  { key: 'status', title: 'Status', cell: ({ status }) => batchBadge(status) },
  dayColumn('startsAt', 'Starts', 'unknown'),
  dayColumn('endsAt', 'Ends', 'open'),
  figureColumn('learners', 'Learners', 'Who is in it now'),
  figureColumn('left', 'Left', 'Who was in it and is not now'),
  figureColumn('completed', 'Completed'),
  {
    key: 'meanProgress',
    title: 'Mean progress',
    doc: 'Of those who are in it now',
    align: 'end',
    cell: ({ meanProgress, learners }) => (learners === 0 ? '' : percent(meanProgress)),
  },
];

/** @param {ReadonlyMap<string, string>} [names] Without it, there is no column of the course. */
export const batchColumns = (names) => [BATCH, ...(names === undefined ? [] : [courseColumn(names)]), ...STANDING];
