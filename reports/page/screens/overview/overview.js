/** The whole installation, or one course: how many learners, how active, and whether the pipeline keeps up. */
import { html, nothing } from 'lit-html';
import { today } from '../../app/days.js';
import { currentZone, date } from '../../app/format.js';
import { COURSES, find, namesOf } from '../../app/names.js';
import { rangeOf, united } from '../../app/periods.js';
import { filterForm, periodFields } from '../../parts/filters.js';
import { searchField } from '../../parts/search-field.js';
import { empty, loaded } from '../../parts/states.js';
import { askedIn } from './asked.js';
import { batches } from './batches.js';
import { history } from './loading.js';
import { now } from './now.js';
import { pipeline } from './pipeline.js';
import { activityCard, enrollmentCards } from './trends.js';

/** @typedef {import('../../app/view.js').View} View */

export const title = 'Overview';

/** @param {View} view */
export function show(view) {
  const asked = askedIn(view.query);
  const { course } = asked;
  const zone = currentZone();
  const known = view.load('history', [course, zone], (signal) => history(view.api, { course, zone }, signal));
  return html`
    <h1>Overview</h1>
    <p class="lead">${asOf(known.value, zone)}</p>
    ${filters(view, asked)}
    ${loaded(known, (value) => figuresOf(view, asked, value), {
      space: 'page',
      empty: ({ enrollments, activity }) => enrollments === undefined && activity === undefined && nothingYet(course),
    })}
    ${batches(view, course)} ${course === '' ? pipeline(view) : nothing}
  `;
}

/**
 * @param {View} view
 * @param {ReturnType<typeof askedIn>} asked
 * @param {import('./loading.js').History} known
 */
function figuresOf(view, asked, { enrollments, activity, days }) {
  const all = united([enrollments, activity]);
  if (all === undefined) return nothing;
  const { course } = asked;
  return html`${now(view, course, { activity, days })}
    <div class="grid">
      ${enrollmentCards(days, rangeOf(asked, enrollments, all))}
      ${activityCard(view, course, rangeOf(asked, activity, all), activity)}
    </div>`;
}

/**
 * Says where the data end, unless that is today.
 * @param {import('./loading.js').History | undefined} known
 * @param {string} zone
 */
function asOf(known, zone) {
  const newest = united([known?.enrollments, known?.activity])?.newest;
  if (newest === undefined) return 'Learners, enrollments and activity.';
  if (newest >= today(zone)) return 'Learners, enrollments and activity up to now.';
  return `Learners, enrollments and activity. Data and periods end on ${date(newest)}.`;
}

/** @param {string} course */
const nothingYet = (course) =>
  course === ''
    ? empty('No data yet', 'Figures appear once jobs and rollups have read enrollment events.')
    : empty('No data for this course yet', 'No learner has joined it or visited its contents.');

/**
 * @param {View} view
 * @param {ReturnType<typeof askedIn>} asked
 */
function filters(view, asked) {
  const { course } = asked;
  const names = view.load('course', [course], (signal) => namesOf(view.api, COURSES, [course], signal)).value;
  return filterForm(html`<div class="field-wide">
      ${searchField({
        name: 'course',
        label: 'Course',
        value: course,
        text: names?.get(course) ?? course,
        placeholder: 'All courses',
        find: (words, signal) => find(view.api, COURSES, { words }, signal),
        onChoose: (option) => view.change({ course: option?.value }),
      })}
    </div>
    ${periodFields(view, asked)}`);
}
