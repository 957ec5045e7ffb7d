/** Figures over time: activity in a course, and how learners join and leave a batch. */
import { html } from 'lit-html';
import { periods } from '../../app/days.js';
import { columnOf, figures, valuesBy } from '../../app/figures.js';
import { currentZone } from '../../app/format.js';
import { extentOf, isEvery, STEPS } from '../../app/periods.js';
import { optionsIn, select } from '../../parts/fields.js';
import { plot } from '../../parts/plot.js';
import { empty, loaded, tooLarge } from '../../parts/states.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/periods.js').Every} Every */

/** The most periods shown as bars. */
const MOST_BARS = 60;
/** The most periods of a plot. */
const MOST = 1000;

/** The length of the periods of plots, from the address. @param {View} view @returns {Every} */
function everyIn(view) {
  const given = view.query.get('every');
  return isEvery(given) ? given : 'week';
}

/** @param {View} view */
export const everyField = (view) =>
  select({
    name: 'every',
    label: 'Interval',
    value: everyIn(view),
    options: optionsIn(STEPS),
    onChange: (every) => view.change({ every: every === 'week' ? undefined : every }),
  });

/** Two plots of a course, since learners and visits need different scales. @param {View} view @param {string} courseId */
export function activity(view, courseId) {
  const load = view.load('activity', [courseId, everyIn(view), currentZone()], (signal) =>
    overTime(
      view,
      { datasource: 'activity', metrics: ['learners', 'views'], filter: { course_id: [courseId] } },
      signal,
    ),
  );
  const drawn = (/** @type {string} */ metric, /** @type {string} */ name, /** @type {string} */ unit) =>
    loaded(
      load,
      (found) =>
        plot({
          label: `${name} of the course`,
          unit,
          every: found.every,
          days: found.days,
          series: [
            {
              name,
              values: found.values(metric),
              kind: found.days.length <= MOST_BARS ? 'bars' : 'area',
              distinct: metric === 'learners',
            },
          ],
        }),
      {
        space: 'plot',
        empty: nothingIn('No visits yet', 'Visits come from enrollment.content-progressed events.'),
      },
    );
  return html`<div class="grid">
    <section class="card">
      <h2>Active learners</h2>
      <p class="soft">Distinct learners who visited contents of the course. Each counts once per period.</p>
      ${drawn('learners', 'Active learners', 'learners')}
    </section>
    <section class="card">
      <h2>Visits</h2>
      <p class="soft">Visits to contents of the course.</p>
      ${drawn('views', 'Visits', 'visits')}
    </section>
  </div>`;
}

/** Who joined and left a batch. @param {View} view @param {string} batchId */
export function comings(view, batchId) {
  const load = view.load('comings', [batchId, everyIn(view), currentZone()], (signal) =>
    overTime(
      view,
      { datasource: 'enrollments', metrics: ['joined', 'departed', 'completed'], filter: { batch_id: [batchId] } },
      signal,
    ),
  );
  return html`<section class="card">
    <h2>Joined and left</h2>
    <p class="soft">Learners who joined the batch, for the first time or again, and learners who left it.</p>
    ${loaded(
      load,
      (found) => {
        const completed = found.values('completed');
        return plot({
          label: 'Learners who joined and left the batch',
          unit: 'learners',
          every: found.every,
          days: found.days,
          series: [
            { name: 'Joined', values: found.values('joined'), kind: 'bars' },
            { name: 'Left', values: found.values('departed'), kind: 'bars' },
            ...(completed.some((each) => each > 0) ? [{ name: 'Completed', values: completed }] : []),
          ],
        });
      },
      {
        space: 'plot',
        empty: nothingIn('Nobody has joined yet', 'Learners join through enrollment.enrolled events.'),
      },
    )}
  </section>`;
}

/** @typedef {{ every: Every, days: string[], more: boolean, values(metric: string): number[] }} OverTime */

/**
 * Periods in which nothing happened have no row: their value is 0.
 * @param {View} view
 * @param {{ datasource: string, metrics: string[], filter: Record<string, string[]> }} asked
 * @param {AbortSignal} signal
 * @returns {Promise<OverTime>}
 */
async function overTime(view, { datasource, metrics, filter }, signal) {
  const every = everyIn(view);
  const query = { every, zone: currentZone(), metrics, filter, limit: MOST };
  const found = await figures(view.api, datasource, query, signal);
  const extent = extentOf(columnOf(found, 'date'));
  const days = extent === undefined ? [] : periods(every, extent.first, extent.newest);
  return {
    every,
    days,
    more: found.more || days.length > 4 * MOST,
    values: (metric) => valuesBy(found, metric, days),
  };
}

/** @param {string} title @param {string} what @returns {(found: OverTime) => unknown} */
const nothingIn = (title, what) => (found) => {
  if (found.more) return tooLarge('Too many periods for one plot: choose a longer interval.');
  return found.days.length === 0 ? empty(title, what) : false;
};
