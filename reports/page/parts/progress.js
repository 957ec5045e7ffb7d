/** A progress bar. */
import { html } from 'lit-html';
import { ifDefined } from 'lit-html/directives/if-defined.js';

/**
 * @param {object} parts
 * @param {string} parts.label
 * @param {number} parts.done
 * @param {number | undefined} [parts.of] Undefined: not known yet.
 * @param {string} parts.text The same in words, such as `1,200 of about 30,000 rows`.
 */
export const progressBar = ({ label, done, of, text }) => html`<div class="progress">
  <progress
    aria-label=${label}
    max=${ifDefined(of === undefined ? undefined : Math.max(1, of))}
    value=${ifDefined(of === undefined ? undefined : Math.min(done, of))}
  ></progress>
  <span class="progress-text">${text}</span>
</div>`;
