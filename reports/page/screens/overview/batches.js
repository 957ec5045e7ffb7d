/** The running batches, largest first; if none is running, the newest. */
import { html } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { number } from '../../app/format.js';
import { batchColumns } from '../../parts/batches.js';
import { empty, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';

const MOST = 8;

/** @typedef {import('../../app/api-types.js').Batch} Batch */

/**
 * @param {import('../../app/view.js').View} view
 * @param {string} course
 */
export function batches(view, course) {
  const known = view.load('batches', [course], (signal) => load(view.api, course, signal));
  const heading = known.value === undefined || known.value.running > 0 ? 'Running batches' : 'Newest batches';
  return html`<section class="card">
    <div class="card-head">
      <h2>${heading}</h2>
      <span class="soft">${known.value === undefined ? '' : countText(known.value)}</span>
    </div>
    ${loaded(known, ({ items }) => rows(items, heading), {
      space: 'table',
      empty: ({ items }) =>
        items.length === 0 && empty('No batches', 'Batches appear once they are created or a learner joins.'),
    })}
    <p class="more"><a href="/courses">All courses and batches</a></p>
  </section>`;
}

/** @param {{ running: number, all: number }} counts */
const countText = ({ running, all }) => `${number(running)} of ${number(all)} running`;

/**
 * @param {import('../../app/api.js').Api} api
 * @param {string} course
 * @param {AbortSignal} signal
 * @returns {Promise<{ running: number, all: number, items: Batch[] }>}
 */
async function load(api, course, signal) {
  /** @param {Record<string, string | number>} asked */
  const search = (asked) =>
    api.get(
      addressOf(['v1', 'projections', 'batches'], { ...asked, 'filter.courseId': course || undefined, limit: MOST }),
      { signal },
    );
  const [running, newest] = await Promise.all([
    search({ 'filter.status': 'ongoing', sort: '-learners' }),
    search({ sort: '-startsAt' }),
  ]);
  return { running: running.total, all: newest.total, items: running.total > 0 ? running.items : newest.items };
}

/**
 * @param {readonly Batch[]} items
 * @param {string} caption
 */
const rows = (items, caption) =>
  table({
    caption,
    captionHidden: true,
    columns: batchColumns().filter(({ key }) => key !== 'left'),
    rows: items,
  });
