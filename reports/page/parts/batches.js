/** Table columns of batches, and the names of their states. */
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
  dayColumn('endsAt', 'Ends', 'open-ended'),
  figureColumn('learners', 'Learners', 'Currently in the batch'),
  figureColumn('left', 'Left', 'No longer in the batch'),
  figureColumn('completed', 'Completed'),
  {
    key: 'meanProgress',
    title: 'Mean progress',
    doc: 'Of current learners',
    align: 'end',
    cell: ({ meanProgress, learners }) => (learners === 0 ? '' : percent(meanProgress)),
  },
];

/** @param {ReadonlyMap<string, string>} [names] Without it, there is no course column. */
export const batchColumns = (names) => [BATCH, ...(names === undefined ? [] : [courseColumn(names)]), ...STANDING];
