/** Figure tiles. */
import { html, nothing } from 'lit-html';

/**
 * @typedef {object} Stat
 * @property {string} label
 * @property {string} value As text, with its unit unless the label says it.
 * @property {unknown} [note] A comparison, or a time.
 * @property {string} [href] A link to details.
 * @property {'good' | 'bad'} [judged]
 */

/** @param {Stat} stat */
export const stat = ({ label, value, note, href, judged }) => html`<div class="stat ${judged ? `stat-${judged}` : ''}">
  <dt>${href === undefined ? label : html`<a href=${href}>${label}</a>`}</dt>
  <dd class="stat-value">${value}</dd>
  ${note === undefined ? nothing : html`<dd class="stat-note">${note}</dd>`}
</div>`;

/** @param {readonly Stat[]} all */
export const stats = (all) => html`<dl class="stats">${all.map(stat)}</dl>`;
