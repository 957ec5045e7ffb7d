/** Labelled fields of forms. */
import { html, nothing } from 'lit-html';
import { live } from 'lit-html/directives/live.js';

/**
 * The label and texts of a control, which has the id `field-<name>`.
 * @typedef {object} Labelled
 * @property {string} name
 * @property {string} label
 * @property {string | undefined} [help]
 * @property {string | undefined} [problem] What is wrong with the value.
 * @property {boolean} [optional]
 * @property {boolean} [wide]
 */

/** @param {Labelled & { control: unknown }} parts The control refers to its help and problem: see `describedBy`. */
export const field = ({ name, label, control, help, problem, optional = false, wide = false }) => html`<div
  class="field ${problem === undefined ? '' : 'field-wrong'} ${wide ? 'field-wide' : ''}"
>
  <label for="field-${name}">${label}${optional ? html` <span class="optional">optional</span>` : nothing}</label>
  ${control} ${problemText(problem, `problem-${name}`)}
  ${help === undefined ? nothing : html`<p class="help" id="help-${name}">${help}</p>`}
</div>`;

/** @param {string | undefined} problem @param {string} [id] */
export const problemText = (problem, id) =>
  problem === undefined ? nothing : html`<p class="problem" id=${id ?? nothing}>${problem}</p>`;

/** @param {Pick<Labelled, 'name' | 'help' | 'problem'>} parts */
export const describedBy = ({ name, help, problem }) =>
  [problem && `problem-${name}`, help && `help-${name}`].filter(Boolean).join(' ') || nothing;

/** @param {Pick<Labelled, 'problem'>} parts */
export const invalid = ({ problem }) => (problem === undefined ? nothing : 'true');

/** @param {(value: string) => void} tell */
export const changed =
  (tell) =>
  (/** @type {Event} */ { target }) =>
    tell(/** @type {HTMLInputElement | HTMLSelectElement} */ (target).value);

/**
 * @typedef {object} Input
 * @property {string} [as] The name in the form, if different.
 * @property {string} [type]
 * @property {string} [value]
 * @property {string | number | undefined} [min]
 * @property {string | number | undefined} [max]
 * @property {number | undefined} [longest]
 * @property {string} [placeholder]
 * @property {'off' | 'new-password'} [autocomplete]
 * @property {(value: string) => void} [onInput] On each keystroke.
 * @property {(value: string) => void} [onChange] On blur or Enter.
 */

/** @param {Labelled & Input} parts */
export const input = (parts) => field({ ...parts, control: inputOf(parts) });

/** An `input` alone. @param {Pick<Labelled, 'name' | 'help' | 'problem'> & Input} parts */
export function inputOf(parts) {
  const { name, as = name, type = 'text', value = '', min, max, longest, placeholder, autocomplete = 'off' } = parts;
  const { onInput, onChange } = parts;
  return html`<input
    id="field-${name}"
    name=${as}
    type=${type}
    autocomplete=${autocomplete}
    spellcheck="false"
    placeholder=${placeholder ?? nothing}
    min=${min ?? nothing}
    max=${max ?? nothing}
    maxlength=${longest ?? nothing}
    aria-describedby=${describedBy(parts)}
    aria-invalid=${invalid(parts)}
    .value=${value}
    @input=${onInput === undefined ? nothing : changed(onInput)}
    @change=${onChange === undefined ? nothing : changed(onChange)}
  />`;
}

/**
 * A field of several lines, with an initial text.
 * @param {Labelled & { as?: string, rows: number, text?: string, classes?: string }} parts
 */
export const textarea = (parts) =>
  field({
    ...parts,
    control: html`<textarea
      id="field-${parts.name}"
      name=${parts.as ?? parts.name}
      class=${parts.classes ?? ''}
      rows=${parts.rows}
      spellcheck="false"
      autocomplete="off"
      aria-describedby=${describedBy(parts)}
      aria-invalid=${invalid(parts)}
      .defaultValue=${parts.text ?? ''}
    ></textarea>`,
  });

/** @typedef {string | { value: string, text: string }} Option */
/** @typedef {{ group: string, options: readonly Option[] }} Group */
/** @typedef {{ value: string, options: readonly (Option | Group)[], onChange?: (value: string) => void }} Select */

/** @param {Labelled & Select} parts Without `onChange`, the form handles changes. */
export const select = (parts) => field({ ...parts, control: selectOf(parts) });

/** A `select` alone. @param {Pick<Labelled, 'name' | 'help' | 'problem'> & Select} parts */
export const selectOf = (parts) => html`<select
  id="field-${parts.name}"
  name=${parts.name}
  aria-describedby=${describedBy(parts)}
  aria-invalid=${invalid(parts)}
  @change=${parts.onChange === undefined ? nothing : changed(parts.onChange)}
>
  ${optionsOf(parts)}
</select>`;

/**
 * The choice is compared to the browser's, since browsers move it to another option when the options change.
 * @param {Pick<Select, 'options' | 'value'>} parts
 * @returns {unknown[]}
 */
export const optionsOf = ({ options, value }) =>
  options.map((option) => {
    if (typeof option === 'string') return optionOf({ value: option, text: option }, value);
    if (!('group' in option)) return optionOf(option, value);
    return html`<optgroup label=${option.group}>${optionsOf({ options: option.options, value })}</optgroup>`;
  });

/** Options from texts by their values. @param {Readonly<Record<string, string>>} texts */
export const optionsIn = (texts) => Object.entries(texts).map(([value, text]) => ({ value, text }));

/** @param {{ value: string, text: string }} option @param {string} chosen */
const optionOf = ({ value, text }, chosen) =>
  html`<option value=${value} .selected=${live(value === chosen)}>${text}</option>`;
