/** Current figures, or those of the newest data: learners, active learners, completions. */
import { html } from 'lit-html';
import { today } from '../../app/days.js';
import { currentZone, date, distinct, number } from '../../app/format.js';
import { stats } from '../../parts/stat.js';
import { loaded } from '../../parts/states.js';
import { weekOf } from './asked.js';
import { total } from './counts.js';
import { activeWeeks, learnersEver } from './loading.js';

/**
 * @param {import('../../app/view.js').View} view
 * @param {string} course
 * @param {Pick<import('./loading.js').History, 'activity' | 'days'>} known
 */
export function now(view, course, { activity, days }) {
  const zone = currentZone();
  const newest = activity?.newest;
  const known = view.load('now', [course, zone, newest], async (signal) => {
    const [learners, active] = await Promise.all([
      learnersEver(view.api, { course, zone }, signal),
      newest === undefined ? undefined : activeWeeks(view.api, { course, zone, newest }, signal),
    ]);
    return { learners, active };
  });
  return html`<section aria-labelledby="now">
    <h2 id="now" class="visually-hidden">Learners</h2>
    ${loaded(known, ({ learners, active }) => tiles(learners, active, days, zone), { space: 'tiles' })}
  </section>`;
}

/**
 * @param {number} learners
 * @param {Awaited<ReturnType<typeof activeWeeks>> | undefined} active
 * @param {readonly import('./loading.js').Day[]} days
 * @param {string} zone
 */
function tiles(learners, active, days, zone) {
  const [joined, departed, completed] = [total(days, 'joined'), total(days, 'departed'), total(days, 'completed')];
  return stats([
    { label: 'Learners', value: distinct(learners), note: 'distinct people ever enrolled' },
    {
      label: 'Current enrollments',
      value: number(joined - departed),
      note: `${number(joined)} joined, ${number(departed)} left`,
    },
    activeTile(active, zone),
    {
      label: 'Completions',
      value: number(completed),
      note: completed === 0 ? 'no course completed yet' : 'courses completed in total',
    },
  ]);
}

/**
 * @param {Awaited<ReturnType<typeof activeWeeks>> | undefined} active
 * @param {string} zone
 */
function activeTile(active, zone) {
  if (active === undefined) return { label: 'Active this week', value: '0', note: 'no visits yet' };
  const { week, learners, before } = active;
  const isNow = week === weekOf(today(zone));
  return {
    label: isNow ? 'Active this week' : 'Active in the latest week',
    value: distinct(learners),
    note: `${isNow ? '' : `week of ${date(week)}; `}${number(before)} in the week before`,
  };
}
