/** Pauses and resumes jobs, after a confirmation. */
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
      ? await askedWhy(`Pause ${name}?`, PAUSING, 'Pause')
      : await askedWhy(`Resume ${name}?`, RESUMING, 'Resume');
  if (why === undefined) return;
  const path = ['v1', 'operate', 'jobs', name, paused === null ? 'pause' : 'resume'];
  try {
    await view.api.post(addressOf(path), { why }, { signal: view.signal });
    failed(undefined);
    view.say(paused === null ? `${name} is paused. Every process stops it within seconds.` : `${name} is resumed.`);
  } catch (error) {
    failed(error);
  }
}

const PAUSING =
  'The job stops reading in every process until you resume it. Its lag grows, but nothing is lost while its topic keeps the records.';
const RESUMING = 'The job continues where it stopped, in every process.';

/**
 * The reason, which may be empty; undefined if the reader cancels.
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
      help: 'Saved with your name.',
      longest: 500,
      onInput: (typed) => {
        why = typed.trim();
      },
    })}`;
  const answer = await openDialog({ title, body, actions: [{ value: 'yes', text: act, kind }] });
  return answer === 'yes' ? why : undefined;
}
