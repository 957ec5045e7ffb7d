/** All courses and batches, with a search by words. */
import { html } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { currentZone, number } from '../../app/format.js';
import { beginnings, COURSES, namesOf } from '../../app/names.js';
import { BATCH_STATES, batchColumns } from '../../parts/batches.js';
import { input } from '../../parts/fields.js';
import { courseAddress, linkAndId } from '../../parts/links.js';
import { empty, loaded } from '../../parts/states.js';
import { dayColumn, figureColumn, table } from '../../parts/table.js';
import { tabs } from '../../parts/tabs.js';
import { Pages, pageIn, pagesText } from './paging.js';
import { queryField } from './query-field.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('../../app/api-types.js').Course} Course */

export const title = 'Courses';

const OFFERED = { yes: 'Offered', no: 'Retired' };
const TYPING_MS = 200;

/** @param {View} view */
export function show(view) {
  const shown = view.query.get('show') === 'batches' ? 'batches' : 'courses';
  const counts = view.load('counts', [wordsIn(view)], (signal) => countsOf(view, signal)).value;
  const tab = (/** @type {'courses' | 'batches'} */ name, /** @type {string} */ text) => ({
    name,
    text: counts === undefined ? text : `${text} (${number(counts[name])})`,
    href: tabAddress(view, name),
  });
  return html`<h1>Courses</h1>
    <p class="lead">All courses and batches, with their learners and progress.</p>
    <div class="filters">${wordsField(view)} ${shown === 'batches' ? queryField(view, { name: 'status', label: 'Status', texts: BATCH_STATES }) : queryField(view, { name: 'offered', label: 'Status', texts: OFFERED })}</div>
    ${tabs('Courses or batches', [tab('courses', 'Courses'), tab('batches', 'Batches')], shown)}
    <div class="card">${shown === 'batches' ? batches(view) : courses(view)}</div>`;
}

/** @param {View} view */
const wordsIn = (view) => beginnings((view.query.get('words') ?? '').trim());

/** @param {View} view @param {'courses' | 'batches'} name */
const tabAddress = ({ query }, name) =>
  addressOf(['courses'], { show: name === 'batches' ? name : undefined, words: query.get('words') ?? undefined });

/** @param {View} view @param {AbortSignal} signal */
async function countsOf(view, signal) {
  const total = async (/** @type {string} */ index) => {
    const address = addressOf(['v1', 'projections', index], { words: wordsIn(view), limit: 1 });
    /** @type {{ total: number }} */
    const found = await view.api.get(address, { signal });
    return found.total;
  };
  const [courses, batches] = await Promise.all([total('courses'), total('batches')]);
  return { courses, batches };
}

/** @param {View} view */
function wordsField(view) {
  const typing = view.remember('typing', {
    timer: /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined),
  });
  const typed = (/** @type {string} */ words) => {
    clearTimeout(typing.value.timer);
    typing.value.timer = setTimeout(() => {
      if (!view.signal.aborted) view.change({ words, page: undefined }, { replace: true });
    }, TYPING_MS);
  };
  return input({
    name: 'words',
    label: 'Name or id',
    wide: true,
    type: 'search',
    placeholder: 'Words or beginnings of words',
    value: view.query.get('words') ?? '',
    onInput: typed,
  });
}

/** @param {View} view */
function courses(view) {
  const pages = view.remember('courses', new Pages(view.api, 'courses')).value;
  const sort = view.query.get('sort') ?? '';
  const words = wordsIn(view);
  const offered = view.query.get('offered');
  const retired = offered === 'yes' ? 'false' : offered === 'no' ? 'true' : undefined;
  const query = { words, sort, 'filter.retired': retired };
  const page = pageIn(view.query);
  /** @type {import('../../app/view.js').Loaded<import('./paging.js').Page<Course>>} */
  const load = view.load('courses', [query, page], (signal) => pages.read(query, page, signal));
  return loaded(
    load,
    (found) =>
      indexTable(view, found, {
        caption: 'Courses',
        sort,
        columns: [
          {
            key: 'name',
            title: 'Course',
            sorts: false,
            cell: ({ courseId, name }) => linkAndId(courseAddress(courseId), name, courseId),
          },
          {
            key: 'state',
            title: 'Status',
            sorts: false,
            cell: ({ retired }) =>
              retired ? html`<span class="badge">Retired</span>` : html`<span class="badge badge-good">Offered</span>`,
          },
          figureColumn('contents', 'Contents'),
          figureColumn('required', 'Required', 'Contents needed to complete it'),
          figureColumn('units', 'Units'),
          dayColumn('publishedAt', 'Published'),
        ],
      }),
    { space: 'table', empty: ({ total }) => total === 0 && none(view, 'courses', 'content.events') },
  );
}

/** @param {View} view */
function batches(view) {
  const pages = view.remember('batches', new Pages(view.api, 'batches')).value;
  const words = wordsIn(view);
  const sort = view.query.get('sort') ?? (words === '' ? '-startsAt' : '');
  const query = {
    words,
    sort,
    'filter.status': view.query.get('status') ?? undefined,
    'filter.courseId': view.query.get('course') ?? undefined,
  };
  const page = pageIn(view.query);
  const load = view.load('batches', [query, page, currentZone()], async (signal) => {
    /** @type {import('./paging.js').Page<Batch>} */
    const found = await pages.read(query, page, signal);
    const ids = found.rows.map(({ courseId }) => courseId);
    return { ...found, names: await namesOf(view.api, COURSES, ids, signal) };
  });
  return loaded(
    load,
    (found) => indexTable(view, found, { caption: 'Batches', sort, columns: batchColumns(found.names) }),
    { space: 'table', empty: ({ total }) => total === 0 && none(view, 'batches', 'batch.events') },
  );
}

/**
 * @template Row
 * @param {View} view
 * @param {import('./paging.js').Page<Row>} found
 * @param {{ caption: string, sort: string, columns: readonly import('../../parts/table.js').Column<Row>[] }} parts
 */
const indexTable = (view, found, parts) =>
  table({
    ...parts,
    captionHidden: true,
    onSort: (sort) => view.change({ sort, page: undefined }),
    pages: pagesText(found, (page) => view.change({ page })),
    rows: found.rows,
  });

/** @param {View} view @param {string} what @param {string} topic */
function none(view, what, topic) {
  const isFiltered = ['words', 'status', 'offered', 'course'].some((name) => view.query.has(name));
  return isFiltered
    ? empty(
        `No matching ${what}`,
        html`Try other words or <button type="button" class="plain" @click=${() => view.change({ words: undefined, status: undefined, offered: undefined, course: undefined, page: undefined })}>clear the filters</button>.`,
      )
    : empty(`No ${what} yet`, html`They appear once the platform has produced events to <code>${topic}</code>.`);
}
