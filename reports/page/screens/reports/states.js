/** The state of a request, in words. */
import { html } from 'lit-html';
import { number, quantity } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').Request} Request */

/** @type {Readonly<Record<Request['state'], string>>} */
export const STATE_NAMES = {
  waiting: 'Waiting',
  running: 'Being made',
  done: 'Ready',
  failed: 'Failed',
  cancelled: 'Cancelled',
  expired: 'Expired',
};

/** A file that nobody has removed yet may be over all the same. @param {Request} request @returns {Request['state']} */
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
 * How far it is: `of` is undefined as long as nobody can tell.
 * @param {Request} request
 * @returns {{ done: number, of: number | undefined, text: string }}
 */
export function progressOf({ state, rows, estimateRows }) {
  if (state === 'waiting') return { done: 0, of: 1, text: 'It begins as soon as a report worker is free.' };
  if (rows === 0) return { done: 0, of: undefined, text: 'The rows are being looked up.' };
  const written = `${quantity(rows, 'rows')} written`;
  if (estimateRows <= rows) return { done: rows, of: undefined, text: `${written} so far` };
  const share = Math.floor((100 * rows) / estimateRows);
  return { done: rows, of: estimateRows, text: `${written} of about ${number(estimateRows)} (${share} %)` };
}

/**
 * What readers who listen are told: each state, and each quarter, not each row.
 * @param {Request} request
 */
export function announcement(request) {
  const state = stateOf(request);
  if (state !== 'running') return `The report is ${STATE_NAMES[state].toLowerCase()}.`;
  const { done, of } = progressOf(request);
  const quarter = of === undefined ? 0 : Math.floor((4 * done) / of);
  return quarter === 0 ? 'The report is being made.' : `${25 * quarter} % is written.`;
}
