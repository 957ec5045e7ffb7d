/** The first rows of a request as a table, as they are now. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { currentZone, date, moment, number } from '../../app/format.js';
import { empty, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';

/** @typedef {import('../../app/api-types.js').Preview} Preview */
/** @typedef {import('../../app/api-types.js').Request} Request */
/** @typedef {import('../../app/view.js').View} View */

/**
 * Reads of personal data are recorded, so they happen only if the reader wants them.
 * @param {View} view
 * @param {Request} request
 * @param {boolean} isPersonal
 */
export function preview(view, request, isPersonal) {
  const isAsked = view.query.get('preview') === 'yes' || (request.state === 'done' && !isPersonal);
  return html`<section class="card preview" aria-labelledby="preview">
    <h2 id="preview">First rows</h2>
    ${
      isAsked
        ? rows(view, request)
        : html`<p class="soft">The first 100 rows, read again.${isPersonal ? ' They contain personal data, so your access is recorded.' : ''}</p>
            <button type="button" @click=${() => view.change({ preview: 'yes' }, { replace: true })}>Show first rows</button>`
    }
  </section>`;
}

/** @param {View} view @param {Request} request */
function rows(view, { id }) {
  const address = addressOf(['v1', 'requests', id, 'preview']);
  /** @type {import('../../app/view.js').Loaded<Preview>} */
  const found = view.load('preview', [id], (signal) => view.api.get(address, { signal }));
  return loaded(found, (value) => previewTable(value), {
    space: 'table',
    empty: ({ rows }) => rows.length === 0 && empty('No rows', 'Nothing matches the parameters.'),
  });
}

/** @param {Preview} value */
const previewTable = ({
  columns,
  rows,
  more,
}) => html`<p class="soft">Read again. Times are shown in ${currentZone()}.</p>
${table({
  caption: 'First rows',
  captionHidden: true,
  columns: columns.map(({ name, title, type, unit, doc }, at) => ({
    key: name,
    title,
    doc,
    ...(unit !== undefined && { unit }),
    ...(isNumber(type) && { align: /** @type {const} */ ('end') }),
    cell: (/** @type {unknown[]} */ row) => cellText(row[at], type),
  })),
  rows,
})}
  ${more ? html`<p class="soft">These are the first ${number(rows.length)} rows. The file has more.</p>` : nothing}`;

/** @param {string} type */
const isNumber = (type) => type === 'long' || type === 'double' || type === 'decimal';

/**
 * @param {unknown} value
 * @param {string} type
 */
function cellText(value, type) {
  if (value === null || value === undefined) return html`<span class="soft" aria-label="empty">–</span>`;
  if (type === 'timestamp') return moment(String(value));
  if (type === 'date') return date(String(value));
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number') return number(value, Number.isInteger(value) ? 0 : 2);
  return String(value);
}
