/** Tables with sortable headers and pages. On a narrow screen, only the table scrolls sideways. */
import { html, nothing } from 'lit-html';
import { momentDate, number } from '../app/format.js';

/**
 * @template Row
 * @typedef {object} Column
 * @property {string} key
 * @property {string} title
 * @property {string} [unit]
 * @property {string} [doc] What a value means, as a tooltip of the header.
 * @property {'start' | 'end'} [align] Figures are aligned at the end.
 * @property {boolean} [sorts] Whether a click sorts by it.
 * @property {boolean} [narrow] Values do not wrap: dates, states.
 * @property {(row: Row) => unknown} cell
 */

/**
 * A column of the figures that rows have at the key.
 * @param {string} key
 * @param {string} title
 * @param {string} [doc]
 * @returns {Column<any>}
 */
export const figureColumn = (key, title, doc) => ({
  key,
  title,
  ...(doc !== undefined && { doc }),
  align: 'end',
  cell: (row) => number(row[key]),
});

/**
 * A column of the days of moments; `otherwise` for rows without one.
 * @param {string} key
 * @param {string} title
 * @returns {Column<any>}
 */
export const dayColumn = (key, title, otherwise = '') => ({
  key,
  title,
  align: 'end',
  narrow: true,
  cell: (row) => (row[key] === null ? otherwise : momentDate(row[key])),
});

/** `-progress` is progress, the largest first. @typedef {string} Sort */

/**
 * @template Row
 * @typedef {object} Table
 * @property {string} caption
 * @property {boolean} [captionHidden] If a heading says the same.
 * @property {readonly Column<Row>[]} columns The first names the row.
 * @property {readonly Row[]} rows
 * @property {Sort} [sort]
 * @property {(sort: Sort) => void} [onSort]
 * @property {Pages} [pages]
 */

/**
 * @typedef {object} Pages
 * @property {string} text Such as `1 to 50 of 383`.
 * @property {(() => void) | undefined} previous
 * @property {(() => void) | undefined} next
 */

/**
 * @template Row
 * @param {Table<Row>} parts
 */
export function table({ caption, captionHidden = false, columns, rows, sort = '', onSort, pages: paging }) {
  return html`<div class="table">
    <div class="table-scroll" role="region" aria-label=${caption} tabindex="0">
      <table>
        <caption class=${captionHidden ? 'visually-hidden' : ''}>
          ${caption}
        </caption>
        <thead>
          <tr>
            ${columns.map((column) => header(column, sort, onSort))}
          </tr>
        </thead>
        <tbody>
          ${rows.map(
            (row) => html`<tr>
              ${columns.map(({ cell, align = 'start', narrow = false }, at) =>
                at === 0
                  ? html`<th scope="row" class=${align}>${cell(row)}</th>`
                  : html`<td class="${align}${narrow ? ' narrow' : ''}">${cell(row)}</td>`,
              )}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${paging === undefined ? nothing : pages(paging)}
  </div>`;
}

/**
 * @param {Column<any>} column
 * @param {Sort} sort
 * @param {((sort: Sort) => void) | undefined} onSort
 */
function header({ key, title, unit, doc, align = 'start', sorts = true }, sort, onSort) {
  const text = html`${title}${unit === undefined ? nothing : html` <span class="unit">${unit}</span>`}`;
  if (onSort === undefined || !sorts) return html`<th scope="col" class=${align} title=${doc ?? nothing}>${text}</th>`;
  const [isUp, isDown] = [sort === key, sort === `-${key}`];
  const next = isDown ? key : isUp || align === 'start' ? (isUp ? `-${key}` : key) : `-${key}`;
  return html`<th scope="col" class=${align} aria-sort=${isUp ? 'ascending' : isDown ? 'descending' : nothing}>
    <button type="button" class="sort" title=${doc ?? nothing} @click=${() => onSort(next)}>
      ${text}<span class="sort-mark" aria-hidden="true">${isUp ? '↑' : isDown ? '↓' : '↕'}</span>
    </button>
  </th>`;
}

/** @param {Pages} parts */
export const pages = ({ text, previous, next }) => html`<nav class="pages" aria-label="Pages">
  <button type="button" ?disabled=${previous === undefined} @click=${() => previous?.()}>Previous</button>
  <span>${text}</span>
  <button type="button" ?disabled=${next === undefined} @click=${() => next?.()}>Next</button>
</nav>`;

/**
 * Sorts loaded rows by a column; nulls come last.
 * @template Row
 * @param {readonly Row[]} rows
 * @param {Sort} sort
 * @param {(row: Row, key: string) => unknown} valueAt
 */
export function sorted(rows, sort, valueAt) {
  if (sort === '') return rows;
  const isDown = sort.startsWith('-');
  const key = isDown ? sort.slice(1) : sort;
  const texts = new Intl.Collator(undefined, { numeric: true });
  return [...rows].sort((one, other) => {
    const [a, b] = [valueAt(one, key), valueAt(other, key)];
    if (a === null || a === undefined || b === null || b === undefined)
      return Number(a === null || a === undefined) - Number(b === null || b === undefined);
    const order = typeof a === 'number' && typeof b === 'number' ? a - b : texts.compare(String(a), String(b));
    return isDown ? -order : order;
  });
}
