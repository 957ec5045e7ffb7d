/** Labelled checkboxes and radio buttons. */
import { html, nothing } from 'lit-html';
import { problemText } from './fields.js';

/**
 * @typedef {object} Choice
 * @property {string} name
 * @property {string} value
 * @property {unknown} text
 * @property {boolean} isChosen
 * @property {boolean} [isDisabled]
 * @property {(value: string) => void} [onChoose] Without it, the form handles changes.
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
 * A choice between a few options, each with an explanation.
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.legend
 * @param {boolean} [parts.isLegendHidden] If a heading says the same.
 * @param {string | undefined} parts.value The chosen value.
 * @param {readonly { value: string, text: string, doc: string }[]} parts.options
 * @param {string} [parts.id] Id of the first option, so that a problem can link to it.
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
