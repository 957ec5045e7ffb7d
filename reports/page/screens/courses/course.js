/** One course: its batches, what its learners do by week, which contents they use, and where they stop. */
import { html, nothing } from 'lit-html';
import { currentZone, momentDate, number, quantity } from '../../app/format.js';
import { ifThere } from '../../app/problem.js';
import { batchColumns } from '../../parts/batches.js';
import { select } from '../../parts/fields.js';
import { stats } from '../../parts/stat.js';
import { empty, failed, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { activity, everyField } from './activity.js';
import { batchesOf, courseOf } from './calls.js';
import { contentTypes } from './content-types.js';
import { contents } from './contents.js';

/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('../../app/api-types.js').Batch} Batch */
/** @typedef {import('../../app/api-types.js').CourseStructure} CourseStructure */
/** @typedef {{ course: CourseStructure | undefined, batches: Batch[], total: number }} Found */

/** @param {View} view */
const idIn = ({ params }) => /** @type {string} */ (params['course']);

/** @param {View} view */
export const title = (view) => view.remember('name', '').value || idIn(view);

/** @param {View} view */
export function show(view) {
  const courseId = idIn(view);
  const load = view.load('course', [courseId, currentZone()], async (signal) => {
    // A batch may be of a course that nobody has published.
    const [course, found] = await Promise.all([
      ifThere(courseOf(view.api, courseId, signal)),
      batchesOf(view.api, courseId, signal),
    ]);
    view.remember('name', '').set(course?.name ?? '');
    return { course, batches: found.items, total: found.total };
  });
  const { value } = load;
  if (value !== undefined && value.course === undefined && value.total === 0) return missing(courseId);
  return html`<p class="trail"><a href="/courses">Courses</a></p>
    <h1>${title(view)}</h1>
    ${load.state === 'failed' ? failed(load.error, load.again) : html`${head(courseId, value?.course)} ${loaded(load, (found) => tiles(found), { space: 'tiles' })} ${body(view, courseId, load)}`}`;
}

/** @param {string} courseId */
const missing = (courseId) => html`<p class="trail"><a href="/courses">Courses</a></p>
  <h1>Course not found</h1>
  <p>The course <code>${courseId}</code> does not exist, or you may not see it. <a href="/courses">Search all courses</a>.</p>`;

/** @param {string} courseId @param {CourseStructure | undefined} course */
const head = (courseId, course) => html`<p class="lead line">
  ${courseId}
  ${
    course === undefined || course.publishedAt === null
      ? nothing
      : html` · published ${momentDate(course.publishedAt)}${course.retired ? html` · <span class="badge">Retired</span>` : nothing}`
  }
</p>`;

/** @param {Found} found */
function tiles({ course, batches, total }) {
  const sum = (/** @type {'learners' | 'left' | 'completed'} */ name) =>
    number(batches.reduce((all, each) => all + each[name], 0));
  const note = total > batches.length ? `in the latest ${quantity(batches.length, 'batches')}` : undefined;
  const noted = note === undefined ? {} : { note };
  return stats([
    { label: 'Current learners', value: sum('learners'), ...noted },
    { label: 'Left', value: sum('left'), ...noted },
    { label: 'Completed', value: sum('completed'), ...noted },
    { label: 'Batches', value: number(total) },
    { label: 'Contents', value: course === undefined ? 'unknown' : number(Object.keys(course.contents).length) },
    { label: 'Required contents', value: course === undefined ? 'unknown' : number(course.required) },
  ]);
}

/** @param {View} view @param {string} courseId @param {import('../../app/view.js').Loaded<Found>} load */
function body(view, courseId, load) {
  const batches = load.value?.batches ?? [];
  const chosen = batches.find(({ batchId }) => batchId === view.query.get('batch')) ?? largest(batches);
  return html`<section class="card">
      <h2>Batches</h2>
      ${loaded(load, batchTable, { space: 'line', empty: ({ total }) => total === 0 && empty('No batches yet') })}
    </section>
    <div class="section-head">
      <h2>Activity</h2>
      <div class="filters">${everyField(view)}</div>
    </div>
    ${activity(view, courseId)}
    <div class="section-head">
      <h2>Contents</h2>
      ${chosen === undefined || batches.length < 2 ? nothing : html`<div class="filters">${batchField(view, batches, chosen)}</div>`}
    </div>
    ${contentTypes(view, courseId)} ${chosen === undefined ? nothing : contents(view, chosen)}`;
}

/** @param {Found} found */
const batchTable = ({ batches }) =>
  table({
    caption: 'The batches of the course, the latest first',
    captionHidden: true,
    rows: batches,
    columns: batchColumns(),
  });

/** @param {readonly Batch[]} batches @returns {Batch | undefined} */
const largest = (batches) => batches.toSorted((a, b) => b.ever - a.ever)[0];

/** @param {View} view @param {readonly Batch[]} batches @param {Batch} chosen */
const batchField = (view, batches, chosen) =>
  select({
    name: 'batch',
    label: 'Batch',
    value: chosen.batchId,
    options: batches.map(({ batchId, name }) => ({ value: batchId, text: name || batchId })),
    onChange: (batch) => view.change({ batch, page: undefined }),
  });
