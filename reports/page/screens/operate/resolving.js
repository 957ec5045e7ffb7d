/** Resolves dead letters: the service first says what it would do, and the reader confirms. */
import { html, nothing } from 'lit-html';
import { number, quantity } from '../../app/format.js';
import { either } from '../../app/words.js';
import { openDialog } from '../../parts/dialog.js';
import { askedWhy } from './turning.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./letter-address.js').LetterName} LetterName */

/** @typedef {LetterName & { why: string }} Left */
/** @typedef {{ deadLetters: readonly LetterName[] } | { filter: import('./letter-filters.js').Filter }} Choice */
/** The answer of the service. @typedef {{ done: readonly any[], left: readonly Left[], more: boolean }} Outcome */

/** @typedef {'replay' | 'discard' | 'edit'} How */

/** @type {Readonly<Record<How, { done: 'replayed' | 'discarded' | 'edited', act: string, kind: 'primary' | 'danger', what: string }>>} */
const WORDS = {
  replay: {
    done: 'replayed',
    act: 'Replay',
    kind: 'primary',
    what: 'Records are sent again, only to the job that rejected them. If one fails again, it becomes a new dead letter.',
  },
  discard: {
    done: 'discarded',
    act: 'Discard',
    kind: 'danger',
    what: 'They are closed without a replay. They stay in the log: you can still replay them from the discarded ones.',
  },
  edit: {
    done: 'edited',
    act: 'Send',
    kind: 'primary',
    what: 'This event is sent, only to the job that rejected it.',
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
 * Makes a dry run, asks the reader to confirm, and then does it. Returns whether anything was done.
 * @param {View} view
 * @param {How} how
 * @param {Choice & { again?: boolean, patch?: object }} choice
 * @param {(planned: Outcome) => unknown} [shown] What the reader sees before confirming.
 */
export async function resolve(view, how, choice, shown = () => nothing) {
  const { act, kind, what, done } = WORDS[how];
  const planned = await ask(view, how, { ...choice, dryRun: true });
  const count = planned.done.length;
  if (count === 0) {
    const body = planned.left.length === 0 ? html`<p>No dead letters match any more.</p>` : reasons(planned.left);
    await openDialog({ title: `Nothing can be ${done}`, body, actions: [] });
    return false;
  }
  const text = html`${what} ${shown(planned)} ${planned.left.length === 0 ? nothing : reasons(planned.left)}
    ${planned.more ? html`More match than can be ${done} at once. Repeat for the rest.` : nothing}`;
  const why = await askedWhy(`${act} ${counted(count)}?`, text, `${act} ${either(count, 'it', 'them')}`, kind);
  if (why === undefined) return false;
  const outcome = await ask(view, how, { ...choice, why, dryRun: false });
  const stay = outcome.left.length === 0 ? '' : ` ${counted(outcome.left.length)} unchanged: ${outcome.left[0]?.why}.`;
  view.say(`${counted(outcome.done.length)} ${either(outcome.done.length, 'was', 'were')} ${done}.${stay}`);
  return outcome.done.length > 0;
}

/** @param {number} count */
const counted = (count) => quantity(count, 'dead letters');

const MOST_REASONS = 5;

/** Why some stay unchanged, the most frequent reason first. @param {readonly Left[]} left */
function reasons(left) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const { why } of left) counts.set(why, (counts.get(why) ?? 0) + 1);
  const most = [...counts].sort((one, other) => other[1] - one[1]).slice(0, MOST_REASONS);
  return html`<div class="reasons">
    <p>${counted(left.length)} ${either(left.length, 'stays', 'stay')} unchanged:</p>
    <ul>
      ${most.map(([why, count]) => html`<li>${count > 1 ? `${number(count)}: ` : ''}${why}</li>`)}
    </ul>
  </div>`;
}
