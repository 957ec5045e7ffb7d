/** One batch, live: how far its learners are, who they are, and which contents they use. */
import { html, nothing } from 'lit-html';
import { COURSES, namesOf } from '../../app/names.js';
import { Problem } from '../../app/problem.js';
import { batchBadge } from '../../parts/batches.js';
import { batchAddress, courseLink } from '../../parts/links.js';
import { failed, loading } from '../../parts/states.js';
import { tabs } from '../../parts/tabs.js';
import { activity, comings, everyField } from './activity.js';
import { batchEvents, batchOf } from './calls.js';
import { contents } from './contents.js';
import { learners } from './learners.js';
import { funnel, histogram, tiles } from './standing.js';
import { datesText } from './text.js';
import { Updates } from './updates.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/api-types.js').Batch} Batch */

/** @param {View} view */
const idIn = ({ params }) => /** @type {string} */ (params['batch']);

/** The latest known state of the batch. @param {View} view */
const now = (view) => view.remember('now', { batch: /** @type {Batch | undefined} */ (undefined) }).value;

/** @param {View} view */
export const title = (view) => now(view).batch?.name || idIn(view);

const PARTS = /** @type {const} */ ({ progress: 'Progress', learners: 'Learners', contents: 'Contents' });

/** @param {View} view */
export function show(view) {
  const batchId = idIn(view);
  const load = view.load('batch', [batchId], async (signal) => {
    now(view).batch = await batchOf(view.api, batchId, signal);
  });
  if (load.error instanceof Problem && load.error.status === 404) return missing(batchId);
  const { batch } = now(view);
  return html`<p class="trail"><a href="/courses">Courses</a> ${batch === undefined ? nothing : courseOfBatch(view, batch)}</p>
    <h1>${title(view)}</h1>
    ${
      load.state === 'failed'
        ? failed(load.error, load.again)
        : batch === undefined
          ? html`<p class="lead line">${batchId}</p>
              ${loading('tiles')} ${loading('page')}`
          : found(view, batch)
    }`;
}

/** @param {string} batchId */
const missing = (batchId) => html`<p class="trail"><a href="/courses?show=batches">Batches</a></p>
  <h1>Batch not found</h1>
  <p>The batch <code>${batchId}</code> does not exist, or you may not see it. <a href="/courses?show=batches">Search all batches</a>.</p>`;

/** @param {View} view @param {Batch} batch */
function courseOfBatch(view, { courseId }) {
  if (courseId === '') return nothing;
  const names = view.load('course-names', [courseId], (signal) => namesOf(view.api, COURSES, [courseId], signal)).value;
  return html`<span aria-hidden="true">/</span> ${courseLink(courseId, names?.get(courseId) ?? '')}`;
}

/** @param {View} view @param {Batch} batch */
function found(view, batch) {
  const updates = updatesOf(view);
  const followed = view.follow('batch', batchEvents(batch.batchId), (event, data) => {
    if (event === 'record') now(view).batch = data;
    // `current` comes every 15 seconds: not every change of a learner changes the summary.
    updates.due();
  });
  const given = view.query.get('show') ?? '';
  const shown = Object.hasOwn(PARTS, given) ? /** @type {keyof typeof PARTS} */ (given) : 'progress';
  if (shown !== 'learners') updates.again = undefined;
  return html`<p class="lead line">${batch.batchId} · ${datesText(batch)} · ${batchBadge(batch.status)} ${liveBadge(followed.state)}</p>
    ${tiles(batch)}
    ${tabs(
      'Parts of the batch',
      Object.entries(PARTS).map(([name, text]) => ({
        name,
        text,
        href: batchAddress(batch.batchId, name === 'progress' ? {} : { show: name }),
      })),
      shown,
    )}
    ${shown === 'learners' ? learners(view, batch, updates) : shown === 'contents' ? contents(view, batch) : progress(view, batch)}`;
}

/** One per view. @param {View} view */
function updatesOf(view) {
  const kept = view.remember('updates', { updates: /** @type {Updates | undefined} */ (undefined) }).value;
  kept.updates ??= new Updates(view.signal);
  return kept.updates;
}

/** @param {View} view @param {Batch} batch */
const progress = (view, batch) => html`<div class="grid">${histogram(batch)} ${funnel(batch)}</div>
  <div class="section-head">
    <h2>Over time</h2>
    <div class="filters">${everyField(view)}</div>
  </div>
  ${comings(view, batch.batchId)} ${batch.courseId === '' ? nothing : activity(view, batch.courseId)}`;

/** @type {Record<import('../../app/view.js').Followed['state'], string>} */
const LIVE = {
  connecting: 'Connecting',
  live: 'Live',
  waiting: 'Reconnecting',
  ended: 'Not live',
  failed: 'Not live',
};

/** @param {import('../../app/view.js').Followed['state']} state */
const liveBadge = (state) => html`<span class="live ${state === 'live' ? 'live-on' : ''}">${LIVE[state]}</span>`;
