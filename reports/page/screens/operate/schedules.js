/** Report schedules for operators: what is due, and what does not run. */
import { html, nothing } from 'lit-html';
import { cronInWords } from '../../app/cron.js';
import { ago, moment, number } from '../../app/format.js';
import { stats } from '../../parts/stat.js';
import { empty, loaded } from '../../parts/states.js';
import { sorted, table } from '../../parts/table.js';
import { tabs } from './tabs.js';

/** @typedef {import('../../app/api-types.js').Schedule} Schedule */
/** @typedef {import('../../app/view.js').View} View */

export const title = 'Schedules';

/** @param {View} view */
export function show(view) {
  /** @type {import('../../app/view.js').Loaded<Schedule[]>} */
  const all = view.load('schedules', [], async (signal) => (await view.api.get('/v1/schedules', { signal })).schedules);
  return html`<h1>Schedules</h1>
    <p class="lead">
      Report schedules of the tenant ${view.session.tenant}. Analysts can <a href="/schedules">edit them</a>.
    </p>
    ${tabs('schedules')}
    ${loaded(all, (schedules) => list(view, schedules), {
      space: 'table',
      empty: (schedules) =>
        schedules.length === 0 &&
        empty(
          'No schedules yet',
          html`Choose a report in the <a href="/reports">catalogue</a>, then <em>On a schedule</em>.`,
        ),
    })}`;
}

/** A schedule may be this late while a worker is busy. */
const LATE_MS = 5 * 60_000;

/** @param {Schedule} schedule */
const isLate = ({ enabled, nextAt }) => enabled && nextAt !== null && Date.parse(nextAt) < Date.now() - LATE_MS;

/** @type {Readonly<Record<string, (schedule: Schedule) => unknown>>} */
const VALUES = {
  id: ({ id }) => id,
  report: ({ report }) => report,
  next: ({ nextAt }) => nextAt,
  last: ({ lastAt }) => lastAt,
};

/**
 * @param {View} view
 * @param {readonly Schedule[]} schedules
 */
function list(view, schedules) {
  const disabled = schedules.filter(({ enabled }) => !enabled).length;
  const late = schedules.filter(isLate).length;
  const sort = view.query.get('sort') ?? 'next';
  return html`${stats([
    { label: 'Schedules', value: number(schedules.length) },
    { label: 'Disabled', value: number(disabled), ...(disabled > 0 && { judged: /** @type {const} */ ('bad') }) },
    {
      label: 'Overdue',
      value: number(late),
      note: late === 0 ? 'all started on time' : 'is a report worker running?',
      ...(late > 0 && { judged: /** @type {const} */ ('bad') }),
    },
  ])}
    <div class="card">
      ${table({
        caption: 'Schedules',
        captionHidden: true,
        sort,
        onSort: (next) => view.change({ sort: next }, { replace: true }),
        columns: [
          { key: 'id', title: 'Schedule', cell: (/** @type {Schedule} */ { id }) => id },
          { key: 'report', title: 'Report', cell: ({ report }) => report },
          {
            key: 'when',
            title: 'When',
            sorts: false,
            cell: ({ cron, zone }) =>
              html`${cronInWords(cron)}<span class="cell-more">${zone.replaceAll('_', ' ')}</span>`,
          },
          { key: 'next', title: 'Next', cell: (schedule) => nextOf(schedule) },
          { key: 'last', title: 'Last', cell: ({ lastAt }) => (lastAt === null ? 'never' : moment(lastAt)) },
        ],
        rows: sorted(schedules, sort, (schedule, key) => VALUES[key]?.(schedule)),
      })}
    </div>`;
}

/** @param {Schedule} schedule */
function nextOf(schedule) {
  const { enabled, nextAt, error } = schedule;
  if (!enabled || nextAt === null)
    return html`<span class="badge badge-bad">Disabled</span>${error === null ? nothing : html`<span class="cell-more">${error.message}</span>`}`;
  return html`${moment(nextAt)}<span class="cell-more">${ago(nextAt)}${isLate(schedule) ? ': overdue' : ''}</span>`;
}
