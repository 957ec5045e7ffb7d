/** Fields for when a report runs: now, or on a schedule, by simple choices that become a cron expression. */
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
  { value: 'cron', text: 'Cron expression' },
];

const CATCH_UP = [
  { value: 'latest', text: 'Run the latest' },
  { value: 'all', text: 'Run all, at most 100' },
  { value: 'none', text: 'Skip them' },
];

/** @param {Filled} filled */
export function whenFields(filled) {
  const { fields } = filled;
  const isRegular = fields['when'] === 'regularly';
  return html`<fieldset class="when">
      <legend>When</legend>
      ${radio({ name: 'when', value: 'now', text: 'Now', isChosen: !isRegular })}
      ${radio({ name: 'when', value: 'regularly', text: 'On a schedule', isChosen: isRegular })}
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
    ${textField(filled, { name: 'schedule.name', label: 'Schedule name', help: 'A schedule with the same name is replaced.' })}
    <div class="fields">
      ${select({ name: 'schedule.every', label: 'How often', value: every, options: EVERY })}
      ${every === 'month' ? textField(filled, { name: 'schedule.day', label: 'Day of the month', type: 'number', min: 1, max: 31 }) : nothing}
      ${every === 'cron' ? textField(filled, { name: 'schedule.cron', label: 'Cron expression' }) : nothing}
      ${every === 'cron' ? nothing : textField(filled, { name: 'schedule.at', label: 'At', type: 'time' })}
    </div>
    ${every === 'week' ? weekdays(fields['schedule.weekdays'] ?? '', problemOf(wrong, 'schedule.weekdays')) : nothing}
    <div class="fields">
      ${select({ name: 'schedule.zone', label: 'Time zone', value: zone, options: zoneGroups(zone) })}
      ${select({
        name: 'schedule.catchUp',
        label: 'Missed runs',
        value: fields['schedule.catchUp'] ?? '',
        options: CATCH_UP,
      })}
    </div>
    <p class="soft" aria-live="polite">
      ${
        hasNoDay(fields)
          ? 'No day is chosen yet.'
          : html`Runs ${cronInWords(cron)}, ${zone} time.<br />Cron expression: <code>${cron}</code>`
      }
    </p>
    ${every === 'month' && Number(fields['schedule.day']) > 28 ? html`<p class="soft">Months without this day are skipped.</p>` : nothing}
    ${fixed ? html`<p class="notice">Every file will cover the same days. For new days each time, choose days before the report runs.</p>` : nothing}
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
