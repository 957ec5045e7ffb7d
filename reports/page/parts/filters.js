/** Filter forms. The address keeps the choices. */
import { html, nothing } from 'lit-html';
import { isCustom, PERIODS } from '../app/periods.js';
import { input, select } from './fields.js';

/** @typedef {import('../app/view.js').View} View */

/** @param {unknown} content @param {string} [classes] */
export const filterForm = (content, classes = '') =>
  html`<form class="filters ${classes}" role="search" @submit=${(/** @type {Event} */ event) => event.preventDefault()}>${content}</form>`;

/** @param {{ name: string, label: string, value: string, onChange: (day: string) => void }} parts */
export const dayField = (parts) => input({ ...parts, type: 'date' });

/**
 * The period, and the days of a custom one.
 * @param {View} view
 * @param {import('../app/periods.js').Period} asked
 */
export function periodFields(view, asked) {
  /** @param {'first' | 'last'} name @param {string} label */
  const day = (name, label) =>
    dayField({ name, label, value: asked[name], onChange: (chosen) => view.change({ [name]: chosen }) });
  return [
    select({
      name: 'period',
      label: 'Period',
      value: asked.period,
      options: PERIODS,
      onChange: (period) => view.change({ period, first: undefined, last: undefined }),
    }),
    isCustom(asked) ? [day('first', 'From'), day('last', 'To')] : nothing,
  ];
}
