/** Fields for when a report is made: now, or regularly, by plain choices that become a cron text. */
import { html, nothing } from 'lit-html';
import { cronInWords, WEEKDAYS, weekdayName } from '../../app/cron.js';
import { check, radio } from '../../parts/choices.js';
import { input, problemText, select } from '../../parts/fields.js';
import { zoneGroups } from '../../parts/zones.js';
import { cronIn, hasNoDay } from './asking.js';
import { problemOf } from './problems.js';

/** @typedef {import('./form.js').Filled} Filled */

const EVERY = [
  { value: 'day', text: 'Every day' },
  { value: 'week', text: 'Every week' },
  { value: 'month', text: 'Every month' },
  { value: 'cron', text: 'By a cron text' },
];

const CATCH_UP = [
  { value: 'latest', text: 'Make up for the latest' },
  { value: 'all', text: 'Make up for all, 100 at most' },
  { value: 'none', text: 'Leave them out' },
];

/** @param {Filled} filled */
export function whenFields(filled) {
  const { fields } = filled;
  const isRegular = fields['when'] === 'regularly';
  return html`<fieldset class="when">
      <legend>When</legend>
      ${radio({ name: 'when', value: 'now', text: 'Now', isChosen: !isRegular })}
      ${radio({ name: 'when', value: 'regularly', text: 'Regularly, by a schedule', isChosen: isRegular })}
    </fieldset>
    ${isRegular ? scheduleFields(filled) : nothing}`;
}

/** @param {Filled} filled */
function scheduleFields(filled) {
  const { fields, report, wrong } = filled;
  const zone = fields['schedule.zone'] ?? 'UTC';
  const every = fields['schedule.every'] ?? 'day';
  const cron = cronIn(fields);
  const fixed = Object.entries(report.parameters).some(
    ([name, { type }]) => (type === 'date' || type === 'moment') && /^\d{4}-/.test(fields[name] ?? ''),
  );
  return html`<div class="fold-body schedule">
    ${textField(filled, { name: 'schedule.name', label: 'Name of the schedule', help: 'A schedule of the same name is replaced.' })}
    <div class="fields">
      ${select({ name: 'schedule.every', label: 'How often', value: every, options: EVERY })}
      ${every === 'month' ? textField(filled, { name: 'schedule.day', label: 'Day of the month', type: 'number', min: 1, max: 31 }) : nothing}
      ${every === 'cron' ? textField(filled, { name: 'schedule.cron', label: 'Cron text' }) : nothing}
      ${every === 'cron' ? nothing : textField(filled, { name: 'schedule.at', label: 'At', type: 'time' })}
    </div>
    ${every === 'week' ? weekdays(fields['schedule.weekdays'] ?? '', problemOf(wrong, 'schedule.weekdays')) : nothing}
    <div class="fields">
      ${select({ name: 'schedule.zone', label: 'Time zone', value: zone, options: zoneGroups(zone) })}
      ${select({
        name: 'schedule.catchUp',
        label: 'Times at which no worker ran',
        value: fields['schedule.catchUp'] ?? '',
        options: CATCH_UP,
      })}
    </div>
    <p class="soft" aria-live="polite">
      ${
        hasNoDay(fields)
          ? 'No day is chosen yet.'
          : html`It is made ${cronInWords(cron)}, by the clocks of ${zone}. As a cron text: <code>${cron}</code>`
      }
    </p>
    ${every === 'month' && Number(fields['schedule.day']) > 28 ? html`<p class="soft">Months without this day are left out.</p>` : nothing}
    ${fixed ? html`<p class="notice">Every file will be about the same days. Choose days before it is made instead, if each shall be about others.</p>` : nothing}
    ${problemText(problemOf(wrong, 'schedule.cron'))}
  </div>`;
}

/**
 * @param {Filled} filled
 * @param {{ name: string, label: string, help?: string, type?: string, min?: number, max?: number }} parts
 */
const textField = ({ fields }, parts) => input({ ...parts, value: fields[parts.name] ?? '' });

/** @param {string} chosen @param {string | undefined} problem */
const weekdays = (chosen, problem) => html`<fieldset>
  <legend id="field-schedule.weekdays" tabindex="-1">On</legend>
  <div class="checks">
    ${WEEKDAYS.map((day) =>
      check({
        name: 'schedule.weekdays',
        value: String(day),
        text: weekdayName(day),
        isChosen: chosen.split(',').includes(String(day)),
      }),
    )}
  </div>
  ${problemText(problem)}
</fieldset>`;
