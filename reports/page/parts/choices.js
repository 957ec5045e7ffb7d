/** Check boxes and radio buttons with what they mean. */
import { html, nothing } from 'lit-html';
import { problemText } from './fields.js';

/**
 * @typedef {object} Choice
 * @property {string} name
 * @property {string} value
 * @property {unknown} text
 * @property {boolean} isChosen
 * @property {boolean} [isDisabled]
 * @property {(value: string) => void} [onChoose] Without it, its form listens.
 */

/** @param {'checkbox' | 'radio'} type @param {Choice} choice */
const choice = (type, { name, value, text, isChosen, isDisabled = false, onChoose }) => html`<label class="check">
  <input
    type=${type}
    name=${name}
    value=${value}
    .checked=${isChosen}
    ?disabled=${isDisabled}
    @change=${onChoose === undefined ? nothing : () => onChoose(value)}
  />
  <span>${text}</span>
</label>`;

/** @param {Choice} parts */
export const check = (parts) => choice('checkbox', parts);

/** @param {Choice} parts */
export const radio = (parts) => choice('radio', parts);

/**
 * One of few, each with a sentence about it.
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.legend
 * @param {boolean} [parts.isLegendHidden] Where a heading says the same.
 * @param {string | undefined} parts.value What is chosen.
 * @param {readonly { value: string, text: string, doc: string }[]} parts.options
 * @param {string} [parts.id] Of the first, so that a problem can lead to it.
 * @param {string | undefined} [parts.problem]
 */
export const cards = ({
  name,
  legend,
  isLegendHidden = false,
  value,
  options,
  id,
  problem,
}) => html`<fieldset class="cards">
  <legend class=${isLegendHidden ? 'visually-hidden' : ''}>${legend}</legend>
  ${options.map(
    (option, at) => html`<label class="card-choice">
      <input
        type="radio"
        id=${(at === 0 && id) || nothing}
        name=${name}
        value=${option.value}
        .checked=${option.value === value}
      />
      <span><strong>${option.text}</strong><span class="help">${option.doc}</span></span>
    </label>`,
  )}
  ${problemText(problem)}
</fieldset>`;
