/** Bar charts that are not over time: distributions, stages, rankings and sequences. Each figure is also shown as text. */
import { html, nothing, svg } from 'lit-html';

/**
 * @typedef {object} Bar
 * @property {string} label
 * @property {number} value
 * @property {string} text The value as text.
 * @property {string} [note]
 * @property {string} [href] A link to details.
 */

/** @param {readonly { readonly value: number }[]} bars */
const mostOf = (bars) => Math.max(1, ...bars.map(({ value }) => value));

/** @param {Bar} bar */
const named = ({ label, href }) => (href === undefined ? label : html`<a href=${href}>${label}</a>`);

/**
 * Vertical bars.
 * @param {object} parts
 * @param {string} parts.label
 * @param {string} parts.axis What the labels mean.
 * @param {readonly (Bar & { short: string })[]} parts.bars `short` stands below the bar.
 */
export function columns({ label, axis, bars }) {
  const most = mostOf(bars);
  const height = (/** @type {Bar} */ { value }) => (100 * value) / most;
  return html`<ol class="histogram" aria-label=${label}>
      ${bars.map((bar) => {
        const content = html`<span class="visually-hidden">${bar.label}: </span>
          <span class="column-value">${bar.text}</span>
          ${filled('column-bar', { y: 100 - height(bar), height: height(bar) })}
          <span class="column-label" aria-hidden="true">${bar.short}</span>`;
        return html`<li>
          ${bar.href === undefined ? html`<span class="column">${content}</span>` : html`<a class="column" href=${bar.href}>${content}</a>`}
        </li>`;
      })}
    </ol>
    <p class="axis" aria-hidden="true">${axis}</p>`;
}

/**
 * Horizontal bars, each with its name.
 * @param {object} parts
 * @param {string} parts.label
 * @param {readonly Bar[]} parts.bars
 * @param {number} [parts.most] The value of a full bar; by default, the largest.
 * @param {'first' | 'second'} [parts.colour]
 */
export const rows = ({
  label,
  bars,
  most = mostOf(bars),
  colour = 'first',
}) => html`<ol class="bars" aria-label=${label}>
  ${bars.map(
    (bar) => html`<li>
      <span class="bar-label">${named(bar)}</span>
      <span class="bar-value">${bar.text}${bar.note === undefined ? nothing : html` <span class="bar-note">${bar.note}</span>`}</span>
      ${filled(`bar-line bar-${colour}`, { width: (100 * bar.value) / Math.max(1, most) })}
    </li>`,
  )}
</ol>`;

/**
 * Two figures of many things in their order: narrow bars, the second in front of the first.
 * @param {object} parts
 * @param {string} parts.label The text alternative.
 * @param {readonly [string, string]} parts.names
 * @param {readonly { label: string, values: readonly [number, number] }[]} parts.things
 */
export function along({ label, names, things }) {
  const most = Math.max(1, ...things.flatMap(({ values }) => values));
  const height = (/** @type {number} */ value) => (100 * value) / most;
  return html`<figure class="along">
    <ul class="legend">
      ${names.map((name, at) => html`<li class="legend-${at + 1}"><span class="legend-name">${name}</span></li>`)}
    </ul>
    <div class="along-plot">
      <span class="along-most" aria-hidden="true">${most}</span>
      <svg viewBox="0 0 ${Math.max(1, things.length)} 100" preserveAspectRatio="none" role="img" aria-label=${label}>
        ${things.map(
          ({ label, values: [one, other] }, at) => svg`<g>
            <title>${label}</title>
            <rect class="along-all" x=${at} y="0" width="1" height="100"></rect>
            <rect class="along-1" x=${at + 0.1} y=${100 - height(one)} width="0.8" height=${height(one)}></rect>
            <rect class="along-2" x=${at + 0.1} y=${100 - height(other)} width="0.8" height=${height(other)}></rect>
          </g>`,
        )}
      </svg>
    </div>
  </figure>`;
}

/**
 * @param {string} name The classes.
 * @param {{ y?: number, width?: number, height?: number }} size In percent.
 */
const filled = (name, { y = 0, width = 100, height = 100 }) =>
  html`<svg class=${name} viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">
    <rect x="0" y=${y} width=${width} height=${height}></rect>
  </svg>`;
