/** The filter of dead letters: its values in the address, and its fields. */
import { html } from 'lit-html';
import { addDays } from '../../app/days.js';
import { currentZone } from '../../app/format.js';
import { dayIn } from '../../app/periods.js';
import { momentAt } from '../../app/zoned.js';
import { select } from '../../parts/fields.js';
import { dayField, filterForm } from '../../parts/filters.js';

/** @typedef {import('../../app/view.js').View} View */

/** The filter as the API takes it. @typedef {{ job?: string, code?: string, topic?: string, since?: string, until?: string }} Filter */

const STATES = [
  { value: '', text: 'Open' },
  { value: 'replayed', text: 'Replayed' },
  { value: 'edited', text: 'Edited' },
  { value: 'discarded', text: 'Discarded' },
  { value: 'any', text: 'All' },
];

/** @param {URLSearchParams} query */
export const stateIn = (query) => {
  const given = query.get('state') ?? '';
  return STATES.some(({ value }) => value === given) ? given : '';
};

/**
 * Days are in the reader's zone; both are included.
 * @param {URLSearchParams} query
 * @param {string} zone
 * @returns {Filter}
 */
export function filterIn(query, zone) {
  const text = (/** @type {string} */ name) => query.get(name) ?? '';
  const [from, to] = [dayIn(query, 'from'), dayIn(query, 'to')];
  return {
    ...(text('job') !== '' && { job: text('job') }),
    ...(text('code') !== '' && { code: text('code') }),
    ...(text('topic') !== '' && { topic: text('topic') }),
    ...(from !== '' && { since: isoOf(from, zone) }),
    ...(to !== '' && { until: isoOf(addDays(to, 1), zone) }),
  };
}

/**
 * The start of the day in the zone.
 * @param {string} day
 * @param {string} zone
 */
const isoOf = (day, zone) => new Date(/** @type {number} */ (momentAt(`${day}T00:00`, zone))).toISOString();

/** Clears the filter in the address. */
const EMPTY = { job: undefined, code: undefined, topic: undefined, from: undefined, to: undefined };

/**
 * @param {View} view
 * @param {{ jobs: readonly string[], topics: readonly string[], codes: readonly string[] }} known
 */
export function letterFilters(view, { jobs, topics, codes }) {
  const { query } = view;
  /** @param {Record<string, string | undefined>} changes */
  const change = (changes) => view.change({ ...changes, cursor: undefined });
  const isFiltered = Object.keys(filterIn(query, currentZone())).length > 0;
  /** @param {'from' | 'to'} name @param {string} label */
  const day = (name, label) =>
    dayField({ name, label, value: dayIn(query, name), onChange: (chosen) => change({ [name]: chosen }) });
  return filterForm(
    html`${select({ name: 'state', label: 'State', value: stateIn(query), options: STATES, onChange: (state) => change({ state }) })}
    ${anyOf({ name: 'job', label: 'Job', value: query.get('job') ?? '', any: 'Any job', options: jobs, change })}
    ${anyOf({ name: 'topic', label: 'Topic', value: query.get('topic') ?? '', any: 'Any topic', options: topics, change })}
    ${anyOf({ name: 'code', label: 'Code', value: query.get('code') ?? '', any: 'Any code', options: codes, change })}
    ${day('from', 'Rejected from')} ${day('to', 'Rejected until')}
    ${isFiltered ? html`<div class="field"><button type="button" @click=${() => change(EMPTY)}>Clear filter</button></div>` : ''}`,
    'letter-filters',
  );
}

/**
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.label
 * @param {string} parts.value
 * @param {string} parts.any
 * @param {readonly string[]} parts.options
 * @param {(changes: Record<string, string>) => void} parts.change
 */
function anyOf({ name, label, value, any, options, change }) {
  const known = value === '' || options.includes(value) ? options : [...options, value];
  return select({
    name,
    label,
    value,
    options: [{ value: '', text: any }, ...known],
    onChange: (chosen) => change({ [name]: chosen }),
  });
}
