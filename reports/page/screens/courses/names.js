/** Names of learners who agreed to show them to the course, for readers who may see personal data and ask for the names. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { ifThere } from '../../app/problem.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./live-page.js').Learner} Learner */
/** @typedef {import('../../app/api-types.js').UserProfile} UserProfile */

/** Profiles that are read at once. */
const AT_ONCE = 5;

/** @param {View} view */
const wish = (view) => view.remember('names-wanted', false);

/** Links never ask for names, since each read of them is in the audit log. @param {View} view */
export function namesField(view) {
  if (!view.session.has('personal-data')) return nothing;
  const { value, set } = wish(view);
  return html`<p class="choice">
    <label>
      <input type="checkbox" .checked=${value} @change=${() => set(!value)} />
      Show the names of learners who agreed. This is recorded in the audit log.
    </label>
  </p>`;
}

/**
 * By learner.
 * @param {View} view
 * @param {readonly Learner[]} learners
 * @returns {ReadonlyMap<string, string>}
 */
export function namesOf(view, learners) {
  if (!wish(view).value || !view.session.has('personal-data')) return new Map();
  const ids = learners.map(({ userId, courseId }) => [userId, courseId]);
  return view.load('names', [ids], (signal) => read(view, learners, signal)).value ?? new Map();
}

/** @param {View} view @param {readonly Learner[]} learners @param {AbortSignal} signal */
async function read(view, learners, signal) {
  /** @type {Map<string, string>} */
  const names = new Map();
  for (let at = 0; at < learners.length; at += AT_ONCE) {
    const some = learners.slice(at, at + AT_ONCE);
    await Promise.all(
      some.map(async ({ userId, courseId }) => {
        const profile = await profileOf(view, userId, courseId, signal);
        if (profile?.name && !profile.deleted) names.set(userId, profile.name);
      }),
    );
  }
  return names;
}

/**
 * The service leaves out the names of users who have not agreed.
 * @param {View} view
 * @param {string} userId
 * @param {string} consentTo
 * @param {AbortSignal} signal
 * @returns {Promise<UserProfile | undefined>}
 */
const profileOf = (view, userId, consentTo, signal) =>
  ifThere(view.api.get(addressOf(['v1', 'projections', 'user_profile', userId], { consentTo }), { signal }));
