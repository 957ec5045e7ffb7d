/** The form to request a report, now or on a schedule. All problems are shown at once, at their fields. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { moment } from '../../app/format.js';
import { Problem } from '../../app/problem.js';
import { nameOf } from '../../app/words.js';
import { confirmed } from '../../parts/dialog.js';
import { failed } from '../../parts/states.js';
import { askOf, filledIn, hasNoDay, isLinkable, isOption, NONE, presetsOf, whenOf } from './asking.js';
import { columnsIn, detailFields, formatFields } from './file-fields.js';
import { parameterField } from './parameter-fields.js';
import { problemOf, wrongFields } from './problems.js';
import { protectionFields } from './protection-fields.js';
import { whenFields } from './schedule-fields.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/view.js').View} View */

/**
 * What all fields need.
 * @typedef {object} Filled
 * @property {View} view
 * @property {Report} report
 * @property {Record<string, string>} fields
 * @property {readonly import('./problems.js').Wrong[]} wrong
 * @property {(name: string, value: string) => void} set
 * @property {(name: string) => void} mended Removes the problem of the field.
 */

/** @param {View} view @param {Report} report */
export function askForm(view, report) {
  const presets = presetsOf(report);
  const wrong = view.remember('wrong', /** @type {import('./problems.js').Wrong[]} */ ([]));
  const failure = view.remember('failure', /** @type {unknown} */ (undefined));
  const isSending = view.remember('sending', false);
  /** Values that the address must not contain. */
  const unlinked = view.remember('unlinked', /** @type {Record<string, string>} */ ({}));
  /** @type {Filled} */
  const filled = {
    view,
    report,
    fields: { ...filledIn(presets, view.query), ...unlinked.value },
    wrong: wrong.value,
    mended: (name) => wrong.set(wrong.value.filter((each) => each.name !== name)),
    set(name, value) {
      filled.mended(isOption(name) ? 'file.options' : name);
      if (isLinkable(report, name))
        view.change({ [name]: value === presets[name] ? undefined : value }, { replace: true });
      else unlinked.set({ ...unlinked.value, [name]: value });
    },
  };
  const isRegular = filled.fields['when'] === 'regularly';

  /** @param {SubmitEvent} event */
  async function submit(event) {
    event.preventDefault();
    if (isSending.value) return;
    const form = /** @type {HTMLFormElement} */ (event.target);
    isSending.set(true);
    failure.set(undefined);
    wrong.set([]);
    try {
      if (isRegular && hasNoDay(filled.fields)) throw noDay();
      const body = askOf(report, filled.fields, secretsIn(form));
      await (isRegular ? schedule(filled, body) : ask(filled, body));
    } catch (error) {
      const found = wrongFields(error, report);
      if (found === undefined) failure.set(error);
      else wrong.set(found);
      requestAnimationFrame(() => document.getElementById('form-problems')?.focus());
    } finally {
      isSending.set(false);
    }
  }

  return html`<form class="ask" novalidate autocomplete="off" @submit=${submit} @change=${(/** @type {Event} */ event) => changed(event, filled)}>
    ${told(filled, failure.value)}
    ${Object.entries(report.parameters).map(([name, parameter]) =>
      parameterField({
        view,
        name,
        parameter,
        value: filled.fields[name] ?? '',
        problem: problemOf(wrong.value, name),
        set: (value) => filled.set(name, value),
      }),
    )}
    ${formatFields(filled)} ${detailFields(filled)} ${protectionFields(filled)} ${whenFields(filled)}
    <div class="actions ask-actions">
      <button class="primary" aria-disabled=${isSending.value ? 'true' : nothing}>
        ${isRegular ? 'Save schedule' : 'Create file'}
      </button>
      <button type="button" class="plain" @click=${() => void copyAddress(view)}>Copy link to this form</button>
    </div>
  </form>`;
}

/**
 * @param {Event} event
 * @param {Filled} filled
 */
function changed({ target }, { set, mended }) {
  const input = /** @type {HTMLInputElement} */ (target);
  const { name, form, type, value, checked } = input;
  if (name === '' || form === null) return;
  if (name.startsWith('secret.')) {
    mended('file.protection');
    return;
  }
  if (name === 'file.columns') set(name, columnsIn(form));
  else if (name === 'schedule.weekdays') set(name, weekdaysIn(form));
  else set(name, type === 'checkbox' ? String(checked) : value);
}

/** Only the page can tell: every cron expression has at least one day. */
const noDay = () => new Problem(0, 'USAGE', NO_DAY, [{ field: 'weekdays', message: NO_DAY }]);
const NO_DAY = 'choose at least one day';

/** @param {HTMLFormElement} form */
const weekdaysIn = (form) => new FormData(form).getAll('schedule.weekdays').join(',') || NONE;

/** @param {HTMLFormElement} form */
function secretsIn(form) {
  const data = new FormData(form);
  const of = (/** @type {string} */ name) => String(data.get(`secret.${name}`) ?? '');
  return { password: of('password'), passphrase: of('passphrase'), recipients: of('recipients') };
}

/** @param {Filled} filled @param {ReturnType<typeof askOf>} body */
async function ask({ view, report, fields }, body) {
  const anew = fields['file.anew'] === 'true' ? { maxAgeMs: 0 } : {};
  const address = addressOf(['v1', 'reports', report.name, 'requests']);
  const { id } = await view.api.post(address, { ...body, ...anew }, { signal: view.signal });
  view.go(`/requests/${encodeURIComponent(id)}`);
}

/** @param {Filled} filled @param {ReturnType<typeof askOf>} body */
async function schedule({ view, report, fields }, body) {
  const name = (fields['schedule.name'] ?? '').trim();
  const { schedules } = await view.api.get('/v1/schedules', { signal: view.signal });
  const isThere = schedules.some((/** @type {{ id: string }} */ { id }) => id === name);
  if (
    isThere &&
    !(await confirmed({
      title: `Replace schedule ${name}?`,
      text: 'A schedule with this name exists. Its files are kept.',
      act: 'Replace schedule',
    }))
  )
    return;
  const kept = await view.api.put(
    addressOf(['v1', 'schedules', name || report.name]),
    { ...body, ...whenOf(fields), report: report.name },
    { signal: view.signal },
  );
  view.say(`Schedule ${kept.id} saved. Its first file is due on ${moment(kept.nextAt)}.`);
  view.go('/schedules');
}

/** @param {Filled} filled @param {unknown} failure */
function told({ wrong, report }, failure) {
  if (failure !== undefined) return html`<div id="form-problems" tabindex="-1">${failed(failure)}</div>`;
  if (wrong.length === 0) return nothing;
  return html`<div class="notice notice-failed" id="form-problems" role="alert" tabindex="-1">
    <p class="notice-title">${wrong.length === 1 ? 'One problem to fix' : `${wrong.length} problems to fix`}</p>
    <ul class="wrong">
      ${wrong.map(
        ({ name, message }) => html`<li>
          ${
            name === undefined
              ? message
              : html`<button type="button" class="plain" @click=${() => document.getElementById(`field-${name}`)?.focus()}>
                    ${fieldLabel(name, report)}</button
                  >: ${message}`
          }
        </li>`,
      )}
    </ul>
  </div>`;
}

/** @param {string} name @param {Report} report */
function fieldLabel(name, { parameters }) {
  if (name in parameters) return nameOf(name);
  const [, own = name] = name.split('.');
  return nameOf(own);
}

/** @param {View} view */
async function copyAddress(view) {
  try {
    await navigator.clipboard.writeText(location.href);
    view.say('Link copied, without secrets.');
  } catch {
    view.say('Copying failed: take the link from the address bar.');
  }
}
