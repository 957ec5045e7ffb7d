/** Figure tiles. */
import { html, nothing } from 'lit-html';

/**
 * @typedef {object} Stat
 * @property {string} label
 * @property {string} value As it is read, with its unit if the label does not say it.
 * @property {unknown} [note] What it is compared to, or of which time.
 * @property {string} [href] Where more of it is.
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
