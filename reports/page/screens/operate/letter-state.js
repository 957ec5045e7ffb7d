/** The state of a dead letter, in words. */
import { html, nothing } from 'lit-html';
import { moment } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').DeadLetter} DeadLetter */

/** @type {Readonly<Record<DeadLetter['state'], string>>} */
const WORDS = { open: 'Open', replayed: 'Replayed', edited: 'Edited', discarded: 'Discarded' };

/** @param {Pick<DeadLetter, 'state' | 'resolutions'>} letter */
export function letterState({ state, resolutions }) {
  const last = resolutions.at(-1);
  const kind = state === 'open' ? 'badge-bad' : state === 'discarded' ? '' : 'badge-good';
  return html`<span class="badge ${kind}">${WORDS[state]}</span>${
    state === 'open' || last === undefined ? nothing : html`<span class="cell-more">${resolutionText(last)}</span>`
  }`;
}

/** @param {DeadLetter['resolutions'][number]} resolution */
export const resolutionText = ({ at, by, why }) =>
  `${moment(at)}${by === null ? '' : ` by ${by}`}${why === null ? '' : `: ${why}`}`;
