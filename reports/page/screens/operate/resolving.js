/** Replaying and discarding dead letters: the service says first what it would do, and the reader says whether it shall. */
import { html, nothing } from 'lit-html';
import { number, quantity } from '../../app/format.js';
import { either } from '../../app/words.js';
import { openDialog } from '../../parts/dialog.js';
import { askedWhy } from './turning.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./letter-address.js').LetterName} LetterName */

/** @typedef {LetterName & { why: string }} Left */
/** @typedef {{ deadLetters: readonly LetterName[] } | { filter: import('./letter-filters.js').Filter }} Choice */
/** What the service says. @typedef {{ done: readonly any[], left: readonly Left[], more: boolean }} Outcome */

/** @typedef {'replay' | 'discard' | 'edit'} How */

/** @type {Readonly<Record<How, { done: 'replayed' | 'discarded' | 'edited', act: string, kind: 'primary' | 'danger', what: string }>>} */
const WORDS = {
  replay: {
    done: 'replayed',
    act: 'Replay',
    kind: 'primary',
    what: 'Each is sent again, for the job that rejected it alone. What is still wrong becomes a new dead letter.',
  },
  discard: {
    done: 'discarded',
    act: 'Discard',
    kind: 'danger',
    what: 'Nothing more is done about them. They stay in the log, and can still be replayed from the list of the discarded.',
  },
  edit: {
    done: 'edited',
    act: 'Send',
    kind: 'primary',
    what: 'It is sent as it stands here, for the job that rejected it alone.',
  },
};

/**
 * @param {View} view
 * @param {How} how
 * @param {object} body
 * @returns {Promise<Outcome>}
 */
async function ask(view, how, body) {
  const answer = await view.api.post(`/v1/operate/dead-letters/${how}`, body, { signal: view.signal });
  return { done: answer[WORDS[how].done], left: answer.left, more: answer.more };
}

/**
 * Asks the service, then the reader, and then does it. Answers whether anything was done.
 * @param {View} view
 * @param {How} how
 * @param {Choice & { again?: boolean, patch?: object }} choice
 * @param {(planned: Outcome) => unknown} [shown] What the reader is to see before.
 */
export async function resolve(view, how, choice, shown = () => nothing) {
  const { act, kind, what, done } = WORDS[how];
  const planned = await ask(view, how, { ...choice, dryRun: true });
  const count = planned.done.length;
  if (count === 0) {
    const body = planned.left.length === 0 ? html`<p>No dead letter matches any more.</p>` : reasons(planned.left);
    await openDialog({ title: `Nothing can be ${done}`, body, actions: [] });
    return false;
  }
  const text = html`${what} ${shown(planned)} ${planned.left.length === 0 ? nothing : reasons(planned.left)}
    ${planned.more ? html`More match than are ${done} at once. Do it again for the others.` : nothing}`;
  const why = await askedWhy(`${act} ${counted(count)}?`, text, `${act} ${either(count, 'it', 'them')}`, kind);
  if (why === undefined) return false;
  const outcome = await ask(view, how, { ...choice, why, dryRun: false });
  const stay = outcome.left.length === 0 ? '' : ` ${counted(outcome.left.length)} stayed: ${outcome.left[0]?.why}.`;
  view.say(`${counted(outcome.done.length)} ${either(outcome.done.length, 'was', 'were')} ${done}.${stay}`);
  return outcome.done.length > 0;
}

/** @param {number} count */
const counted = (count) => quantity(count, 'dead letters');

const MOST_REASONS = 5;

/** Why some stay as they are, the most frequent reason first. @param {readonly Left[]} left */
function reasons(left) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { why } of left) counts.set(why, (counts.get(why) ?? 0) + 1);
  const most = [...counts].sort((one, other) => other[1] - one[1]).slice(0, MOST_REASONS);
  return html`<div class="reasons">
    <p>${counted(left.length)} ${either(left.length, 'stays as it is', 'stay as they are')}:</p>
    <ul>
      ${most.map(([why, count]) => html`<li>${count > 1 ? `${number(count)}: ` : ''}${why}</li>`)}
    </ul>
  </div>`;
}
