/** Plots over the period: enrollments, learners enrolled, completions, active learners. */
import { html } from 'lit-html';
import { valuesBy } from '../../app/figures.js';
import { currentZone, date } from '../../app/format.js';
import { STEPS } from '../../app/periods.js';
import { plot } from '../../parts/plot.js';
import { empty, loaded } from '../../parts/states.js';
import { countsBy, enrolledBy } from './counts.js';
import { activityTrend } from './loading.js';

/** @typedef {import('../../app/periods.js').Range} Range */
/** @typedef {import('../../app/view.js').View} View */

/**
 * @param {string} heading
 * @param {Range | undefined} range
 * @param {unknown} content
 */
const card = (heading, range, content) => html`<section class="card">
  <div class="card-head">
    <h2>${heading}</h2>
    <span class="soft">${range === undefined ? '' : `by ${STEPS[range.every].toLowerCase()}`}</span>
  </div>
  ${content}
</section>`;

/**
 * @param {readonly import('./loading.js').Day[]} counted
 * @param {Range | undefined} range
 */
export function enrollmentCards(counted, range) {
  if (range === undefined) {
    const nothing = empty('Nobody joined or left in this period', 'Choose a longer period.');
    return ['Enrollments', 'Learners enrolled', 'Completions'].map((heading) => card(heading, range, nothing));
  }
  const { every, days } = range;
  /** @param {import('./counts.js').Count} count */
  const of = (count) => countsBy(counted, count, range);
  const completed = of('completed');
  const joinedPlot = plot({
    label: 'Learners who joined and left',
    unit: 'learners',
    every,
    days,
    series: [
      { name: 'Joined', kind: 'bars', values: of('joined') },
      { name: 'Left', kind: 'bars', values: of('departed') },
    ],
  });
  const enrolledPlot = plot({
    label: 'Enrollments at the end of each period',
    unit: 'enrollments',
    every,
    days,
    series: [{ name: 'Enrolled', kind: 'area', values: enrolledBy(counted, range) }],
  });
  const completedPlot = plot({
    label: 'Learners who completed the course',
    unit: 'learners',
    every,
    days,
    series: [{ name: 'Completed', kind: 'bars', values: completed }],
  });
  const noneCompleted = empty(
    'No completions in this period',
    'Learners complete a course with its last required content.',
  );
  return [
    card('Enrollments', range, joinedPlot),
    card('Learners enrolled', range, enrolledPlot),
    card('Completions', range, completed.some((count) => count > 0) ? completedPlot : noneCompleted),
  ];
}

/**
 * @param {View} view
 * @param {string} course
 * @param {Range | undefined} range
 * @param {import('../../app/periods.js').Extent | undefined} own
 */
export function activityCard(view, course, range, own) {
  if (range === undefined) {
    const hint =
      own === undefined
        ? 'Visits to contents appear here.'
        : `There is activity from ${date(own.first)} to ${date(own.newest)}.`;
    return card('Active learners', range, empty('No activity in this period', hint));
  }
  const zone = currentZone();
  const { every, days } = range;
  const known = view.load('activity', [course, zone, range.first, range.last], (signal) =>
    activityTrend(view.api, { course, zone, range }, signal),
  );
  return card(
    'Active learners',
    range,
    loaded(known, (trend) =>
      plot({
        label: 'Distinct learners who visited contents',
        unit: 'learners',
        every,
        days,
        series: [{ name: 'Active', kind: 'area', distinct: true, values: valuesBy(trend, 'learners', days) }],
      }),
    ),
  );
}
