/** Pausing and resuming a job: asked first, and said afterwards. */
import { html } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { openDialog } from '../../parts/dialog.js';
import { input } from '../../parts/fields.js';

/** @typedef {import('../../app/api-types.js').JobState} JobState */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view */
export const mayChange = ({ session }) => session.scopes.includes('operate:write');

/**
 * @param {View} view
 * @param {JobState} job
 * @param {(error: unknown) => void} failed Called with undefined when it worked.
 */
export async function turn(view, { name, paused }, failed) {
  const why =
    paused === null
      ? await askedWhy(`Pause ${name}?`, PAUSING, 'Pause it')
      : await askedWhy(`Resume ${name}?`, RESUMING, 'Resume it');
  if (why === undefined) return;
  const path = ['v1', 'operate', 'jobs', name, paused === null ? 'pause' : 'resume'];
  try {
    await view.api.post(addressOf(path), { why }, { signal: view.signal });
    failed(undefined);
    view.say(paused === null ? `${name} is paused. Every process stops it within seconds.` : `${name} goes on.`);
  } catch (error) {
    failed(error);
  }
}

const PAUSING =
  'It reads nothing more until it is resumed, in every process. Its lag grows, and nothing is lost while its topic keeps the records.';
const RESUMING = 'It goes on where it stopped, in every process.';

/**
 * The reason, which may be empty; undefined if the reader does not want it after all.
 * @param {string} title
 * @param {unknown} text What will happen.
 * @param {string} act
 * @param {'primary' | 'danger'} [kind]
 * @returns {Promise<string | undefined>}
 */
export async function askedWhy(title, text, act, kind = 'primary') {
  let why = '';
  const body = html`<div class="told">${text}</div>
    ${input({
      name: 'why',
      label: 'Reason',
      optional: true,
      help: 'It is kept, with your name.',
      longest: 500,
      onInput: (typed) => {
        why = typed.trim();
      },
    })}`;
  const answer = await openDialog({ title, body, actions: [{ value: 'yes', text: act, kind }] });
  return answer === 'yes' ? why : undefined;
}
