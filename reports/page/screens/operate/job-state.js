/** What a job is doing, in words. */
import { html, nothing } from 'lit-html';
import { duration, moment } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').JobState} JobState */

/** @type {Readonly<Record<JobState['kind'], string>>} */
export const KINDS = { job: 'Job', rollup: 'Rollup', archive: 'Archive', reports: 'Report requests' };

/** @typedef {'failed' | 'paused' | 'still' | 'reading' | 'done'} Doing */

/** @type {Readonly<Record<Doing, string>>} */
const WORDS = {
  failed: 'Failed',
  paused: 'Paused',
  still: 'Stalled',
  reading: 'Reading',
  done: 'Up to date',
};

/**
 * @param {JobState} job
 * @param {boolean} isStill
 * @returns {Doing}
 */
export function doingOf({ failed, paused, lag }, isStill) {
  if (failed !== null) return 'failed';
  if (paused !== null) return 'paused';
  if (lag === 0) return 'done';
  return isStill ? 'still' : 'reading';
}

/**
 * @param {JobState} job
 * @param {boolean} isStill
 */
export function jobState(job, isStill) {
  const doing = doingOf(job, isStill);
  const kind = doing === 'failed' || doing === 'still' ? 'badge-bad' : doing === 'done' ? 'badge-good' : '';
  const more = moreOf(job, doing);
  return html`<span class="badge ${kind}">${WORDS[doing]}</span>${more === '' ? nothing : html`<span class="cell-more">${more}</span>`}`;
}

/**
 * @param {JobState} job
 * @param {Doing} doing
 */
function moreOf({ failed, paused, views }, doing) {
  if (failed !== null) return `${failed.code}: ${failed.message}`;
  if (paused !== null)
    return `since ${moment(paused.at)}${paused.by === null ? '' : ` by ${paused.by}`}${paused.why === null ? '' : `: ${paused.why}`}`;
  if (doing === 'still') return 'It has read nothing for a while. Is a process running it?';
  const behind = Object.keys(views);
  return behind.length === 0 ? '' : `views catching up: ${behind.join(', ')}`;
}

/** @param {number | null} seconds */
export const waited = (seconds) => (seconds === null ? '–' : duration(1000 * seconds));
