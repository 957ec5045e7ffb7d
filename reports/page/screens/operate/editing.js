/** A form to edit an event before it is sent again. */
import { html, nothing } from 'lit-html';
import { sentence } from '../../app/words.js';
import { field, textarea } from '../../parts/fields.js';
import { failed } from '../../parts/states.js';
import { bytesOf, textOf } from './bytes.js';
import { isObject, mergePatch } from './merge-patch.js';
import { pretty } from './record.js';
import { resolve } from './resolving.js';

/** @typedef {import('../../app/api-types.js').WholeDeadLetter} WholeDeadLetter */
/** @typedef {import('../../app/view.js').View} View */

/**
 * @param {View} view
 * @param {WholeDeadLetter} letter
 * @param {{ close: () => void, done: () => void }} then
 */
export function editCard(view, letter, { close, done }) {
  const wrong = view.remember('wrong', /** @type {string | undefined} */ (undefined));
  const failure = view.remember('edit failure', /** @type {unknown} */ (undefined));
  const submit = async (/** @type {SubmitEvent} */ event) => {
    event.preventDefault();
    const form = new FormData(/** @type {HTMLFormElement} */ (event.currentTarget));
    const { patch, problem } = patchOf(letter, String(form.get('type')).trim(), String(form.get('data')));
    wrong.set(problem);
    failure.set(undefined);
    if (patch === undefined) return;
    const { id, job } = letter;
    try {
      const choice = { deadLetters: [{ id, job }], patch, again: letter.state !== 'open' };
      if (await resolve(view, 'edit', choice, ({ done: [edited] }) => shown(edited))) done();
    } catch (error) {
      failure.set(error);
    }
  };
  return html`<section class="card" aria-labelledby="edit">
    <h2 id="edit">Edit and send again</h2>
    ${failure.value === undefined ? nothing : failed(failure.value)}
    <form @submit=${submit}>
      ${field({
        name: 'type',
        label: 'Type',
        control: html`<input id="field-type" name="type" class="code-field" spellcheck="false" .defaultValue=${letter.type ?? ''} />`,
      })}
      ${textarea({
        name: 'data',
        label: 'Data',
        help: 'As JSON. You see a preview before the event is sent.',
        problem: wrong.value,
        rows: 14,
        text: pretty(dataOf(letter)),
        classes: 'code-field',
      })}
      <div class="actions">
        <button class="primary">Preview</button>
        <button type="button" @click=${close}>Cancel</button>
      </div>
    </form>
  </section>`;
}

/**
 * The data, as far as they can be read. Data that break their schema are still JSON, alone or within the event.
 * @param {Pick<WholeDeadLetter, 'data' | 'value'>} letter
 * @returns {object}
 */
function dataOf({ data, value }) {
  if (isObject(data)) return data;
  try {
    const read = JSON.parse(textOf(bytesOf(value?.base64 ?? '')) ?? '');
    const own = isObject(read) && 'specversion' in read ? read['data'] : read;
    return isObject(own) ? own : {};
  } catch {
    return {};
  }
}

/**
 * @param {Pick<WholeDeadLetter, 'type' | 'data' | 'value'>} letter
 * @param {string} type
 * @param {string} text
 * @returns {{ patch?: object, problem?: string }}
 */
function patchOf(letter, type, text) {
  /** @type {unknown} */
  let data;
  try {
    data = JSON.parse(text);
  } catch (error) {
    return { problem: `This is not valid JSON. ${error instanceof Error ? sentence(error.message) : ''}` };
  }
  if (!isObject(data)) return { problem: 'The data must be an object: start with {.' };
  const changed = mergePatch(dataOf(letter), data);
  const patch = {
    ...(type !== '' && type !== letter.type && { type }),
    ...(changed !== undefined && { data: changed }),
  };
  return Object.keys(patch).length === 0 ? { problem: 'Nothing has changed yet.' } : { patch };
}

/** @param {import('../../app/api-types.js').EditedDeadLetters['edited'][number]} edited */
const shown = ({ event, leftOut }) => html`<pre tabindex="0" aria-label="Preview of the event">${pretty(event)}</pre>
  ${
    leftOut.length === 0
      ? nothing
      : html`<span class="cell-more">Left out, not in the schema: ${leftOut.join(', ')}.</span>`
  }`;
