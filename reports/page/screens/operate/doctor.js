/** The findings of `tributary doctor`, with what to do about them. */
import { html, nothing } from 'lit-html';
import { moment, quantity } from '../../app/format.js';
import { capital, sentence } from '../../app/words.js';
import { coded } from '../../parts/coded.js';
import { empty, loaded } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { tabs } from './tabs.js';

/** @typedef {import('../../app/api-types.js').Findings} Findings */
/** @typedef {Findings['findings'][number]} Finding */

export const title = 'Doctor';

/** @param {import('../../app/view.js').View} view */
export function show(view) {
  /** @type {import('../../app/view.js').Loaded<Findings>} */
  const findings = view.load('findings', [], async (signal) => {
    const found = await view.api.get('/v1/operate/findings', { signal });
    view.say(`Checked: ${summary(found.findings)}.`);
    return found;
  });
  const isLooking = findings.state === 'loading';
  return html`<h1>Doctor</h1>
    <p class="lead">Checks the installation for problems: stores, topics, tables, clocks and jobs. It changes nothing.</p>
    ${tabs('doctor')}
    <div class="actions doctor">
      <button type="button" aria-disabled=${isLooking} @click=${() => isLooking || findings.again()}>${isLooking ? 'Checking…' : 'Check again'}</button>
      <span class="soft">${isLooking ? 'This takes a few seconds.' : findings.value === undefined ? nothing : `Checked ${moment(findings.value.at)}.`}</span>
    </div>
    ${loaded(findings, ({ findings }) => content(findings), { space: 'table' })}`;
}

/** @param {readonly Finding[]} findings */
function content(findings) {
  const of = (/** @type {Finding['state']} */ state) => findings.filter((each) => each.state === state);
  const wrong = [...of('problem'), ...of('warning')];
  const well = of('ok');
  return html`${wrong.length === 0 ? empty('No problems found', `All ${quantity(well.length, 'checks')} passed.`) : html`<ul class="findings">${wrong.map(finding)}</ul>`}
    ${
      well.length === 0
        ? nothing
        : html`<details class="card" ?open=${wrong.length === 0}>
          <summary>${quantity(well.length, 'checks')} passed</summary>
          ${table({
            caption: 'Passed checks',
            captionHidden: true,
            columns: [
              { key: 'check', title: 'Check', cell: (/** @type {Finding} */ { check }) => capital(check) },
              { key: 'message', title: 'Result', cell: ({ message }) => message },
            ],
            rows: well,
          })}
        </details>`
    }`;
}

/** @param {Finding} finding */
const finding = ({ check, state, message, todo }) => html`<li class="card finding finding-${state}">
  <div class="card-head">
    <h2>${capital(check)}</h2>
    <span class="badge ${state === 'problem' ? 'badge-bad' : 'badge-warn'}">${state === 'problem' ? 'Problem' : 'Warning'}</span>
  </div>
  <p>${sentence(message)}</p>
  ${todo === null ? nothing : html`<p class="todo"><strong>What to do:</strong> ${coded(todo)}</p>`} ${placeOf(check)}
</li>`;

/** @param {readonly Finding[]} findings */
function summary(findings) {
  const count = (/** @type {Finding['state']} */ state) => findings.filter((each) => each.state === state).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  return problems + warnings === 0
    ? 'no problems found'
    : [quantity(problems, 'problems'), quantity(warnings, 'warnings')].join(', ');
}

/** Screens on which to act. @type {Readonly<Record<string, { href: string, text: string }>>} */
const PLACES = {
  'dead letters': { href: '/operate/dead-letters', text: 'View dead letters' },
  pauses: { href: '/operate', text: 'View jobs' },
  progress: { href: '/operate', text: 'View jobs' },
};

/** @param {string} check */
const placeOf = (check) => {
  const place = PLACES[check];
  return place === undefined ? nothing : html`<p><a href=${place.href}>${place.text}</a></p>`;
};
