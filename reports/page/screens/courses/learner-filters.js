/** Filters for the learners of a batch. The address has them, so that a link shows the same. */
import { html } from 'lit-html';
import { input } from '../../parts/fields.js';
import { queryField } from './query-field.js';
import { LEARNER_STATES } from './text.js';

/** @typedef {import('../../app/view.js').View} View */

export const TENTHS = Array.from({ length: 10 }, (_, tenth) => ({
  least: 10 * tenth,
  most: tenth === 9 ? 100 : 10 * tenth + 9,
}));

const TENTH_TEXTS = Object.fromEntries(TENTHS.map(({ least, most }, at) => [at, `${least} to ${most}%`]));

/**
 * The query to the index `enrollments`. A batch may also have learners of another course, who enrolled before the batch's course was known.
 * @param {URLSearchParams} query
 * @param {import('../../app/api-types.js').Batch} batch
 */
export function learnerQuery(query, { batchId, courseId }) {
  const tenth = TENTHS[Number(query.get('tenth') || Number.NaN)];
  return {
    [query.get('who') === 'left' ? 'filter.left' : 'filter.batches']: batchId,
    'filter.courseId': courseId,
    'filter.state': stateIn(query),
    'filter.userId': query.get('learner') ?? undefined,
    'filter.progress.gte': tenth?.least,
    'filter.progress.lte': tenth?.most,
  };
}

/** @param {URLSearchParams} query */
function stateIn(query) {
  const state = query.get('state') ?? '';
  return Object.hasOwn(LEARNER_STATES, state) ? state : undefined;
}

/** @param {View} view */
export const learnerFilters = (view) => html`<div class="filters">
  ${queryField(view, { name: 'who', label: 'Enrollment', texts: { left: 'Left' }, preset: 'Current' })}
  ${queryField(view, { name: 'state', label: 'State', texts: LEARNER_STATES })}
  ${queryField(view, { name: 'tenth', label: 'Progress', texts: TENTH_TEXTS })}
  ${input({
    name: 'learner',
    label: 'Learner',
    type: 'search',
    placeholder: 'Full id',
    value: view.query.get('learner') ?? '',
    onChange: (learner) => view.change({ learner: learner.trim(), page: undefined }),
  })}
</div>`;
