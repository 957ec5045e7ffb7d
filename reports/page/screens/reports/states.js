/** The state of a request, in words. */
import { html } from 'lit-html';
import { number, quantity } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').Request} Request */

/** @type {Readonly<Record<Request['state'], string>>} */
export const STATE_NAMES = {
  waiting: 'Waiting',
  running: 'Running',
  done: 'Ready',
  failed: 'Failed',
  cancelled: 'Cancelled',
  expired: 'Expired',
};

/** A file may have expired although it has not been removed yet. @param {Request} request @returns {Request['state']} */
export const stateOf = ({ state, file }, now = Date.now()) =>
  state === 'done' && file !== null && Date.parse(file.expiresAt) <= now ? 'expired' : state;

/** @param {Pick<Request, 'state'>} request */
export const isActive = ({ state }) => state === 'waiting' || state === 'running';

/** @param {Request} request */
export function stateBadge(request) {
  const state = stateOf(request);
  const judged = state === 'done' ? 'badge-good' : state === 'failed' ? 'badge-bad' : '';
  return html`<span class="badge ${judged}">${STATE_NAMES[state]}</span>`;
}

/**
 * Its progress. `of` is undefined as long as it is unknown.
 * @param {Request} request
 * @returns {{ done: number, of: number | undefined, text: string }}
 */
export function progressOf({ state, rows, estimateRows }) {
  if (state === 'waiting') return { done: 0, of: 1, text: 'Starts as soon as a report worker is free.' };
  if (rows === 0) return { done: 0, of: undefined, text: 'Looking up rows.' };
  const written = `${quantity(rows, 'rows')} written`;
  if (estimateRows <= rows) return { done: rows, of: undefined, text: `${written} so far` };
  const share = Math.floor((100 * rows) / estimateRows);
  return { done: rows, of: estimateRows, text: `${written} of about ${number(estimateRows)} (${share}%)` };
}

/**
 * What screen readers announce: each state and each quarter, not each row.
 * @param {Request} request
 */
export function announcement(request) {
  const state = stateOf(request);
  if (state !== 'running') return `The report is ${STATE_NAMES[state].toLowerCase()}.`;
  const { done, of } = progressOf(request);
  const quarter = of === undefined ? 0 : Math.floor((4 * done) / of);
  return quarter === 0 ? 'The report is running.' : `${25 * quarter}% written.`;
}
