/** The filters of a query: one for each dimension, with its values. */
import { html, nothing } from 'lit-html';
import { columnOf, figures } from '../../app/figures.js';
import { find, kindOf } from '../../app/names.js';
import { isAbort } from '../../app/problem.js';
import { nameOf } from '../../app/words.js';
import { searchField } from '../../parts/search-field.js';
import { filterName } from './asked.js';
import { namesFor, textsOf, valueText } from './names.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./asked.js').Asked} Asked */
/** @typedef {import('./asked.js').Value} Value */

const SHOWN = 8;
/** At most this many are found by name. */
const MOST_NAMED = 50;
/** At most this many values of a dimension are searched. */
const MOST_VALUES = 10_000;
/** The service takes at most this many of one dimension. */
const MOST_CHOSEN = 100;

/**
 * @param {View} view
 * @param {Asked} asked
 */
export function filters(view, asked) {
  const all = Object.entries(asked.filter);
  return all.length === 0
    ? nothing
    : html`<div class="explore-filters">${all.map(([dimension, values]) => one(view, asked, { dimension, values }))}</div>`;
}

/**
 * @param {View} view
 * @param {Asked} asked
 * @param {{ dimension: string, values: readonly Value[] }} filter
 */
function one(view, { source }, { dimension, values }) {
  const name = nameOf(dimension);
  /** @param {readonly Value[] | undefined} chosen Undefined removes the filter. */
  const become = (chosen) => view.change({ [filterName(dimension)]: chosen && JSON.stringify(chosen) });
  const names = view.load(`names of ${dimension}`, [values], (signal) => namesFor(view.api, dimension, values, signal));
  const texts = textsOf(values, names.value ?? new Map());
  return html`<div class="explore-filter" role="group" aria-label="Filter by ${name.toLowerCase()}">
    ${searchField({
      name: `is-${dimension}`,
      label: name,
      value: '',
      text: '',
      placeholder: values.length === 0 ? 'Any' : 'Add a value',
      find: (words, signal) => found(view, { source: source.name, dimension, without: values }, words, signal),
      onChoose: (option) => {
        if (option !== undefined && values.length < MOST_CHOSEN) become([...values, JSON.parse(option.value)]);
      },
    })}
    <ul class="chips">
      ${values.map(
        (value, at) => html`<li>
          <button type="button" aria-label="Remove ${texts[at]}" @click=${() => become(values.filter((each) => each !== value))}>
            ${texts[at]} <span aria-hidden="true">×</span>
          </button>
        </li>`,
      )}
      <li><button type="button" class="plain" @click=${() => become(undefined)}>Remove filter</button></li>
    </ul>
  </div>`;
}

/**
 * Values that contain the words, or whose names do.
 * @param {View} view
 * @param {{ source: string, dimension: string, without: readonly Value[] }} where
 * @param {string} words
 * @param {AbortSignal} signal
 * @returns {Promise<import('../../app/names.js').Option[]>}
 */
async function found({ api }, { source, dimension, without }, words, signal) {
  const wanted = words.trim().toLowerCase();
  const [all, named] = await Promise.all([
    valuesOf(api, source, dimension, signal),
    wanted === '' ? new Set() : idsNamed(api, dimension, wanted, signal),
  ]);
  const values = all
    .filter((value) => !without.includes(value))
    .filter((value) => named.has(value) || valueText(value).toLowerCase().includes(wanted))
    .slice(0, SHOWN);
  const names = await namesFor(api, dimension, values, signal);
  return values.map((value) => {
    const name = names.get(value);
    const text = valueText(value);
    return { value: JSON.stringify(value), ...(name === undefined ? { text } : { text: name, more: text }) };
  });
}

/**
 * @param {import('../../app/api.js').Api} api
 * @param {string} dimension
 * @param {string} words
 * @param {AbortSignal} signal
 * @returns {Promise<ReadonlySet<unknown>>}
 */
async function idsNamed(api, dimension, words, signal) {
  const kind = kindOf(dimension);
  if (kind === undefined) return new Set();
  try {
    return new Set((await find(api, kind, { words, limit: MOST_NAMED }, signal)).map(({ value }) => value));
  } catch (error) {
    if (isAbort(error)) throw error;
    return new Set();
  }
}

/** @type {Map<string, Value[]>} */
const kept = new Map();

/**
 * @param {import('../../app/api.js').Api} api
 * @param {string} source
 * @param {string} dimension
 * @param {AbortSignal} signal
 * @returns {Promise<Value[]>}
 */
async function valuesOf(api, source, dimension, signal) {
  const key = JSON.stringify([source, dimension]);
  const known = kept.get(key);
  if (known !== undefined) return known;
  const values = columnOf(await figures(api, source, { by: [dimension], limit: MOST_VALUES }, signal), dimension);
  kept.set(key, values);
  return values;
}
