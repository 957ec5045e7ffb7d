/** Records that jobs rejected: a list with filters, and actions on all of it. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { currentZone, moment, number, quantity } from '../../app/format.js';
import { cursorPages } from '../../parts/cursors.js';
import { empty, failed, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { letterAddress } from './letter-address.js';
import { filterIn, letterFilters, stateIn } from './letter-filters.js';
import { letterState } from './letter-state.js';
import { resolve } from './resolving.js';
import { tabs } from './tabs.js';
import { mayChange } from './turning.js';

/** @typedef {import('../../app/api-types.js').DeadLetter} DeadLetter */
/** @typedef {import('../../app/api-types.js').DeadLetters} DeadLetters */
/** @typedef {import('../../app/view.js').View} View */

export const title = 'Dead letters';

const ROWS = 50;

/** @param {View} view */
export function show(view) {
  const asked = { ...filterIn(view.query, currentZone()), state: stateIn(view.query) };
  const cursor = view.query.get('cursor') ?? '';
  /** @type {import('../../app/view.js').Loaded<DeadLetters>} */
  const letters = view.load('letters', [asked, cursor], (signal) =>
    view.api.get(addressOf(['v1', 'operate', 'dead-letters'], { ...asked, cursor, limit: ROWS }), { signal }),
  );
  return html`<h1>Dead letters</h1>
    <p class="lead">Records that a job or rollup could not read or apply. Nothing is lost: replay them once the cause is fixed.</p>
    ${tabs('dead-letters')} ${letterFilters(view, knownOf(view, letters.value))}
    ${loaded(letters, (found) => list(view, found, letters.again), { space: 'table', empty: (found) => found.total === 0 && none(view) })}`;
}

/**
 * The options of the filter.
 * @param {View} view
 * @param {DeadLetters | undefined} letters
 */
function knownOf(view, letters) {
  /** @type {import('../../app/view.js').Loaded<import('../../app/api-types.js').JobStates>} */
  const states = view.load('jobs', [], (signal) => view.api.get('/v1/operate/jobs', { signal }));
  const jobs = states.value?.jobs ?? [];
  const codes = view.remember('codes', /** @type {Set<string>} */ (new Set())).value;
  for (const { code } of letters?.deadLetters ?? []) codes.add(code);
  return {
    jobs: jobs.map(({ name }) => name),
    topics: [...new Set(jobs.map(({ topic }) => topic))].sort(),
    codes: [...codes].sort(),
  };
}

/** @param {View} view */
function none({ query }) {
  const isFiltered = Object.keys(filterIn(query, currentZone())).length > 0;
  if (isFiltered) return empty('No matching dead letters', 'Remove a filter or choose another state.');
  return stateIn(query) === ''
    ? empty('No open dead letters', 'All records were applied, or their dead letters resolved.')
    : empty('No dead letters in this state', 'Choose another state.');
}

/**
 * @param {View} view
 * @param {DeadLetters} found
 * @param {() => void} reload
 */
function list(view, { total, deadLetters, next }, reload) {
  const { isFirst, ...ways } = cursorPages(view, next);
  return html`<div class="card">
    <div class="card-head list-head">
      <p>${quantity(total, 'dead letters')}</p>
      ${actions(view, total, reload)}
    </div>
    ${table({
      caption: 'Dead letters',
      captionHidden: true,
      columns: [
        {
          key: 'id',
          title: 'Record',
          doc: 'Topic, partition and offset.',
          cell: (/** @type {DeadLetter} */ letter) => html`<a href=${letterAddress(letter)}>${letter.id}</a>`,
        },
        { key: 'job', title: 'Job', cell: ({ job }) => job },
        {
          key: 'reason',
          title: 'Reason',
          cell: ({ code, message }) =>
            html`<span class="code">${code}</span><span class="cell-more reason">${message}</span>`,
        },
        { key: 'at', title: 'Rejected', narrow: true, cell: ({ rejectedAt }) => moment(rejectedAt) },
        { key: 'state', title: 'State', cell: (letter) => letterState(letter) },
      ],
      rows: deadLetters,
      ...((next !== null || !isFirst) && {
        pages: {
          text: `${number(deadLetters.length)} of ${number(total)}`,
          ...ways,
        },
      }),
    })}
  </div>`;
}

/**
 * Actions on all of them.
 * @param {View} view
 * @param {number} total
 * @param {() => void} reload
 */
function actions(view, total, reload) {
  const failure = view.remember('failure', /** @type {unknown} */ (undefined));
  const busy = view.remember('busy', false);
  if (!mayChange(view) || stateIn(view.query) !== '') return nothing;
  const run = async (/** @type {'replay' | 'discard'} */ how) => {
    if (busy.value) return;
    failure.set(undefined);
    busy.set(true);
    try {
      const filter = filterIn(view.query, currentZone());
      if (await resolve(view, how, { filter })) {
        view.change({ cursor: undefined }, { replace: true });
        reload();
      }
    } catch (error) {
      failure.set(error);
    }
    busy.set(false);
  };
  const all = total === 1 ? 'it' : `all ${number(total)}`;
  return html`<div class="actions">
      <button type="button" aria-disabled=${busy.value} @click=${() => void run('replay')}>Replay ${all}</button>
      <button type="button" class="danger" aria-disabled=${busy.value} @click=${() => void run('discard')}>Discard ${all}</button>
    </div>
    ${failure.value === undefined ? nothing : html`<div class="wide">${failed(failure.value)}</div>`}`;
}
