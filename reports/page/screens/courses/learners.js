/** The learners of a batch: a live table with sorting, filters and pages. */
import { html, nothing } from 'lit-html';
import { keyed } from 'lit-html/directives/keyed.js';
import { addressOf } from '../../app/api.js';
import { moment, percent } from '../../app/format.js';
import { ifThere } from '../../app/problem.js';
import { empty, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { learnerFilters, learnerQuery } from './learner-filters.js';
import { idOf, LivePage } from './live-page.js';
import { namesField, namesOf } from './names.js';
import { Pages, pageIn, pagesText } from './paging.js';
import { LEARNER_STATES } from './text.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('./live-page.js').Learner} Learner */
/** @typedef {import('./live-page.js').LearnerPage} LearnerPage */

/**
 * @param {View} view
 * @param {Batch} batch
 * @param {import('./updates.js').Updates} updates
 */
export function learners(view, batch, updates) {
  const pages = view.remember('learner-pages', new Pages(view.api, 'enrollments')).value;
  const sort = view.query.get('sort') ?? '-progress';
  const query = { ...learnerQuery(view.query, batch), sort };
  const page = pageIn(view.query);
  const load = view.load('learners', [query, page], async (signal) => {
    /** @type {LearnerPage} */
    const first = await pages.read(query, page, signal);
    return new LivePage(first, {
      page: (signal) => pages.read(query, first.page, signal),
      one: (learner, signal) => learnerNow(view, batch, learner, signal),
    });
  });
  const live = load.value;
  updates.again =
    live === undefined
      ? undefined
      : async (signal) => {
          await live.refresh(signal);
          view.redraw();
        };
  return html`<section class="card" aria-label="Learners">
    ${learnerFilters(view)} ${namesField(view)}
    <p class="table-note">
      ${
        live?.isOutOfOrder
          ? html`<span role="status">The order has changed.</span>
              <button type="button" class="plain" @click=${load.again}>Refresh</button>`
          : nothing
      }
    </p>
    ${loaded(load, (shown) => learnerTable(view, shown, sort), { space: 'table', empty: ({ total }) => total === 0 && noLearners(view) })}
  </section>`;
}

/**
 * @param {View} view
 * @param {LivePage} shown
 * @param {string} sort
 */
function learnerTable(view, shown, sort) {
  const names = namesOf(view, shown.rows);
  /** A cell that lights up for a moment when its row has changed. @param {Learner} learner @param {unknown} content */
  const changing = (learner, content) => {
    const changes = shown.changes.get(idOf(learner)) ?? 0;
    return keyed(changes, html`<span class=${changes > 0 ? 'changed' : nothing}>${content}</span>`);
  };
  return table({
    caption: 'Learners of the batch',
    captionHidden: true,
    sort,
    onSort: (sort) => view.change({ sort: sort === '-progress' ? undefined : sort, page: undefined }),
    pages: pagesText(shown, (page) => view.change({ page })),
    rows: shown.rows,
    columns: [
      {
        key: 'userId',
        title: 'Learner',
        cell: ({ userId }) => {
          const name = names.get(userId);
          return name === undefined ? userId : html`${name}<span class="id">${userId}</span>`;
        },
      },
      { key: 'state', title: 'State', cell: (each) => changing(each, LEARNER_STATES[each.state]) },
      {
        key: 'progress',
        title: 'Progress',
        doc: 'Share of required contents completed',
        align: 'end',
        cell: (each) =>
          changing(
            each,
            html`<span class="meter"
              >${percent(each.progress)}<svg viewBox="0 0 100 1" preserveAspectRatio="none" aria-hidden="true">
                <rect width=${each.progress} height="1"></rect></svg
            ></span>`,
          ),
      },
      {
        key: 'lastAccessAt',
        title: 'Last visit',
        align: 'end',
        cell: (each) => changing(each, momentOr(each.lastAccessAt, 'none')),
      },
      {
        key: 'completedAt',
        title: 'Completed',
        align: 'end',
        cell: (each) => changing(each, momentOr(each.completedAt, '')),
      },
    ],
  });
}

/** @param {number | null} at @param {string} otherwise */
const momentOr = (at, otherwise) => (at === null ? otherwise : moment(at));

/** @param {View} view */
const noLearners = (view) =>
  ['state', 'learner', 'tenth', 'who'].some((name) => view.query.has(name))
    ? empty('No matching learners', 'Change the filters above.')
    : empty('No learners in this batch', 'Learners appear once they are enrolled.');

/**
 * @param {View} view
 * @param {Batch} batch
 * @param {Learner} learner
 * @param {AbortSignal} signal
 * @returns {Promise<Learner | undefined>}
 */
function learnerNow(view, { batchId }, { userId, courseId }, signal) {
  const address = addressOf(['v1', 'projections', 'batch_learners', batchId, userId, courseId]);
  return ifThere(view.api.get(address, { signal }));
}
