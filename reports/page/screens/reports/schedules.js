/** The schedules of reports. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { cronInWords } from '../../app/cron.js';
import { moment } from '../../app/format.js';
import { capital } from '../../app/words.js';
import { confirmed } from '../../parts/dialog.js';
import { empty, failed, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { formAddress } from './asking.js';
import { loadReports } from './catalogue.js';
import { tabs } from './tabs.js';
import { FORMAT_NAMES } from './wording.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/api-types.js').Schedule} Schedule */
/** @typedef {import('../../app/view.js').View} View */

export const title = 'Schedules';

/** @param {View} view */
export function show(view) {
  const reports = loadReports(view).value ?? [];
  /** @type {import('../../app/view.js').Loaded<Schedule[]>} */
  const all = view.load('schedules', [], async (signal) => (await view.api.get('/v1/schedules', { signal })).schedules);
  const failure = view.remember('failure', /** @type {unknown} */ (undefined));
  return html`<h1>Schedules</h1>
    <p class="lead">Reports that run on a schedule. Find their files under <a href="/requests">Requests</a>.</p>
    ${tabs('schedules')} ${failure.value === undefined ? nothing : failed(failure.value)}
    ${loaded(all, (schedules) => list(view, schedules, { reports, reload: all.again, failed: failure.set }), {
      space: 'table',
      empty: (schedules) =>
        schedules.length === 0 &&
        empty(
          'No schedules yet',
          html`Choose a report in the <a href="/reports">catalogue</a>, then <em>On a schedule</em>.`,
        ),
    })}`;
}

/**
 * @param {View} view
 * @param {readonly Schedule[]} schedules
 * @param {{ reports: readonly Report[], reload: () => void, failed: (error: unknown) => void }} about
 */
function list(view, schedules, { reports, reload, failed }) {
  const reportOf = (/** @type {Schedule} */ { report }) => reports.find(({ name }) => name === report);
  const remove = async (/** @type {Schedule} */ { id }) => {
    const isWanted = await confirmed({
      title: `Delete schedule ${id}?`,
      text: 'It will not run again. Its files are kept until they expire.',
      act: 'Delete schedule',
      isDangerous: true,
    });
    if (!isWanted) return;
    try {
      await view.api.remove(addressOf(['v1', 'schedules', id]), { signal: view.signal });
      view.say(`Schedule ${id} deleted.`);
    } catch (error) {
      failed(error);
    }
    reload();
  };
  return html`<div class="card">${table({
    caption: 'Schedules',
    captionHidden: true,
    columns: [
      { key: 'name', title: 'Schedule', cell: (/** @type {Schedule} */ { id }) => id },
      {
        key: 'report',
        title: 'Report',
        cell: (
          schedule,
        ) => html`<a href="/reports/${schedule.report}">${reportOf(schedule)?.title ?? schedule.report}</a>
          <span class="soft asked-with">${FORMAT_NAMES[schedule.format] ?? schedule.format}</span>`,
      },
      {
        key: 'when',
        title: 'When',
        cell: ({
          cron,
          zone,
        }) => html`<span class="schedule-when">${capital(cronInWords(cron))}, ${zone.replaceAll('_', ' ')}</span>
          <code class="asked-with">${cron}</code>`,
      },
      { key: 'next', title: 'Next', cell: (schedule) => nextOf(schedule) },
      {
        key: 'last',
        title: 'Last',
        cell: ({ lastAt }) => (lastAt === null ? html`<span class="soft">never</span>` : moment(lastAt)),
      },
      {
        key: 'do',
        title: 'Actions',
        cell: (schedule) => html`<span class="row-actions">
          <a href=${formAddress(schedule, reportOf(schedule))} aria-label="Edit ${schedule.id}">Edit</a>
          <button type="button" class="plain" aria-label="Delete ${schedule.id}" @click=${() => void remove(schedule)}>Delete</button>
        </span>`,
      },
    ],
    rows: schedules,
  })}</div>`;
}

/** @param {Schedule} schedule */
function nextOf({ enabled, nextAt, error }) {
  if (enabled && nextAt !== null) return moment(nextAt);
  return html`<span class="badge badge-bad">Disabled</span>${error === null ? nothing : html`<span class="soft asked-with">${error.message}</span>`}`;
}
