/** The record of a dead letter: its event, headers and bytes. */
import { html, nothing } from 'lit-html';
import { bytes as bytesText, number } from '../../app/format.js';
import { table } from '../../parts/table.js';
import { bytesOf, hexOf, textOf } from './bytes.js';

/** @typedef {import('../../app/api-types.js').WholeDeadLetter} WholeDeadLetter */
/** @typedef {import('../../app/view.js').View} View */

/** @param {unknown} data */
export const pretty = (data) => JSON.stringify(data, null, 2);

/** @param {WholeDeadLetter} letter */
export const eventCard = ({
  data,
  problem,
  personal,
  type,
  message,
}) => html`<section class="card" aria-labelledby="event">
  <h2 id="event">${type === null ? 'Event' : html`Event <code>${type}</code>`}</h2>
  ${
    personal
      ? nothing
      : html`<div class="notice">
        <p>Headers, value and personal fields are hidden: they need the role personal-data.</p>
      </div>`
  }
  ${
    problem === null
      ? html`<pre tabindex="0" aria-label="Data of the event">${pretty(data)}</pre>`
      : html`<p>The event cannot be read${message === problem.message ? ', for the reason above' : html`: ${problem.message}`}.</p>`
  }
</section>`;

/** @param {WholeDeadLetter} letter */
export const headersCard = ({ headers }) =>
  headers === null
    ? nothing
    : html`<section class="card" aria-labelledby="headers">
        <h2 id="headers">Headers</h2>
        ${table({
          caption: 'Headers',
          captionHidden: true,
          columns: [
            {
              key: 'name',
              title: 'Name',
              cell: (/** @type {[string, string]} */ [name]) => html`<code>${name}</code>`,
            },
            { key: 'value', title: 'Value', cell: ([, value]) => html`<code>${value}</code>` },
          ],
          rows: Object.entries(headers),
        })}
      </section>`;

/**
 * @param {View} view
 * @param {WholeDeadLetter} letter
 */
export function bytesCard(view, { value, personal }) {
  if (!personal) return nothing;
  return html`<section class="card" aria-labelledby="bytes">
    <div class="card-head"><h2 id="bytes">Bytes of the value</h2>
      ${value === null ? nothing : html`<span class="soft">${bytesText(value.bytes)}</span>`}
    </div>
    ${value === null ? html`<p class="soft">The record has no value: it is a tombstone.</p>` : shownBytes(view, value)}
  </section>`;
}

/**
 * @param {View} view
 * @param {NonNullable<WholeDeadLetter['value']>} value
 */
function shownBytes(view, { base64, bytes: size, cutFrom }) {
  const bytes = bytesOf(base64);
  const text = textOf(bytes);
  const wanted = view.query.get('bytes') ?? '';
  const isHex = text === undefined || wanted === 'hex';
  const show = (/** @type {string | undefined} */ way) => view.change({ bytes: way }, { replace: true });
  return html`${cutFrom === null ? nothing : html`<p>The log kept only the beginning of ${number(cutFrom)} bytes.</p>`}
    ${bytes.length < size ? html`<p>These are the first ${bytesText(bytes.length)}.</p>` : nothing}
    ${
      text === undefined
        ? html`<p class="soft">The value is not text.</p>`
        : html`<div class="actions ways" role="group" aria-label="Show bytes as">
          <button type="button" aria-pressed=${!isHex} @click=${() => show(undefined)}>Text</button>
          <button type="button" aria-pressed=${isHex} @click=${() => show('hex')}>Hexadecimal</button>
        </div>`
    }
    <pre class="bytes" tabindex="0" aria-label="Bytes of the value">${isHex ? hexOf(bytes) : text}</pre>`;
}
