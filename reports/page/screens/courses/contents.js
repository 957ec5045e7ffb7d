/** How the learners of a batch use each content of its course, and where they stop: two reports, read together. */
import { html, nothing } from 'lit-html';
import { currentZone, moment, number, percent, quantity } from '../../app/format.js';
import { Problem } from '../../app/problem.js';
import { empty, loaded, tooLarge } from '../../parts/states.js';
import { figureColumn, sorted, table } from '../../parts/table.js';
import { along, rows as bars } from './bars.js';
import { reportAddress } from './calls.js';
import { contentUse } from './content-use.js';
import { pageIn, pagesText, ROWS } from './paging.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('./content-use.js').Content} Content */
/** @typedef {import('./content-use.js').ContentUse} ContentUse */

/** Beyond this many learners, the reports are not read while somebody waits. */
const MOST_LEARNERS = 20_000;
/** The entries of a ranking. */
const FIRST = 8;

/** @param {View} view @param {Batch} batch */
export function contents(view, batch) {
  if (batch.ever > MOST_LEARNERS)
    return large(
      batch,
      `This batch has ${quantity(batch.ever, 'learners')}, too many to count contents while you wait.`,
    );
  const load = view.load('contents', [batch.batchId, currentZone()], (signal) => contentUse(view.api, batch, signal));
  if (load.error instanceof Problem && load.error.code === 'QUERY_LIMIT')
    return large(batch, 'Counting the contents of this batch takes too long.');
  return loaded(load, (use) => drawn(view, batch, use), {
    space: 'page',
    empty: ({ contents }) =>
      contents.length === 0 &&
      empty('No contents yet', 'The course has not been published, and no learner has visited anything.'),
  });
}

/** @param {Batch} batch @param {string} text */
const large = ({ batchId }, text) => html`${tooLarge(text)}
  <p>Request the reports instead: <a href=${reportAddress('content-popularity', batchId)}>Use of contents</a>, <a href=${reportAddress('drop-off', batchId)}>Where learners stop</a>.</p>`;

/** @param {View} view @param {Batch} batch @param {ContentUse} use */
function drawn(view, batch, use) {
  const { batchId } = batch;
  const inCourse = use.contents.filter(({ place }) => place !== undefined);
  return html`${use.isCut ? tooLarge('The course has more than 1,000 contents. These are the most used; the reports have all.') : nothing}
    <section class="card">
      <div class="card-head">
        <h2>Along the course</h2>
        <a href=${reportAddress('drop-off', batchId)}>Report: where learners stop</a>
      </div>
      <p class="soft">
        Each bar is a content, in course order. Learners stopped if they have not completed, and left the batch or visited nothing for 14 days.
        ${stoppedText(use)}
      </p>
      ${along({
        label: `${quantity(inCourse.length, 'contents')} in course order: how many learners visited each, and how many stopped there. The table below has the figures.`,
        names: ['Visited', 'Stopped'],
        things: inCourse.map(({ name, learners, stopped }) => ({
          label: `${name}: ${number(learners)} visited, ${number(stopped)} stopped`,
          values: [learners, stopped],
        })),
      })}
    </section>
    <div class="grid">
      ${ranking('Most visited', inCourse, ({ learners }) => learners)}
      ${ranking('Most drop-offs', inCourse, ({ stopped }) => stopped, 'second')}
    </div>
    <section class="card">
      <div class="card-head">
        <h2>All contents</h2>
        <a href=${reportAddress('content-popularity', batchId)}>Report: use of contents</a>
      </div>
      ${contentTable(view, use)}
    </section>`;
}

/** @param {ContentUse} use */
function stoppedText({ stopped, stoppedBefore, stoppedElsewhere }) {
  const others = [
    ...(stoppedBefore > 0 ? [`${number(stoppedBefore)} before visiting anything`] : []),
    ...(stoppedElsewhere > 0 ? [`${number(stoppedElsewhere)} at contents no longer in the course`] : []),
  ];
  return `${quantity(stopped, 'learners')} stopped${others.length === 0 ? '' : `, including ${others.join(' and ')}`}.`;
}

/**
 * @param {string} title
 * @param {readonly Content[]} all
 * @param {(content: Content) => number} measure
 * @param {'first' | 'second'} [colour]
 */
function ranking(title, all, measure, colour = 'first') {
  const first = all
    .filter((each) => measure(each) > 0)
    .toSorted((a, b) => measure(b) - measure(a))
    .slice(0, FIRST);
  return html`<section class="card">
    <h2>${title}</h2>
    ${
      first.length === 0
        ? empty('None')
        : bars({
            label: title,
            colour,
            bars: first.map((each) => ({
              label: each.name,
              value: measure(each),
              text: quantity(measure(each), 'learners'),
            })),
          })
    }
  </section>`;
}

/** @param {View} view @param {ContentUse} use */
function contentTable(view, { contents }) {
  const sort = view.query.get('order') ?? 'place';
  const all = sorted(contents, sort, (content, key) => content[/** @type {keyof Content} */ (key)]);
  const last = Math.max(1, Math.ceil(all.length / ROWS));
  const page = Math.min(pageIn(view.query), last);
  const rows = all.slice((page - 1) * ROWS, page * ROWS);
  return table({
    caption: 'Contents of the course, and how the learners of the batch use them',
    captionHidden: true,
    sort,
    onSort: (order) => view.change({ order: order === 'place' ? undefined : order, page: undefined }),
    pages: pagesText({ rows, total: all.length, page }, (page) => view.change({ page })),
    rows,
    columns: [
      {
        key: 'name',
        title: 'Content',
        cell: ({ name, type }) =>
          html`${name}${type === '' || name.startsWith(type) ? nothing : html`<span class="id">${type}</span>`}`,
      },
      {
        key: 'place',
        title: 'Place',
        doc: 'In course order',
        align: 'end',
        cell: ({ place }) => (place === undefined ? '' : number(place)),
      },
      figureColumn('learners', 'Learners', 'Learners who ever visited it'),
      {
        key: 'share',
        title: 'Share',
        doc: 'Of all learners of the batch, including those who left',
        align: 'end',
        cell: ({ share }) => (share === null ? '' : percent(share)),
      },
      figureColumn('completed', 'Completed', 'Of learners who visited it'),
      figureColumn('views', 'Visits'),
      figureColumn('stopped', 'Stopped', 'Learners who stopped after visiting it'),
      {
        key: 'lastAt',
        title: 'Last visit',
        align: 'end',
        cell: ({ lastAt }) => (lastAt === null ? '' : moment(lastAt)),
      },
    ],
  });
}
