/** One report: the form to request it, and what its columns mean. */
import { html, nothing } from 'lit-html';
import { quantity } from '../../app/format.js';
import { loaded } from '../../parts/states.js';
import { loadReport } from './catalogue.js';
import { columnsList } from './columns.js';
import { askForm } from './form.js';
import { tabs } from './tabs.js';
import { freshness, whyNot } from './wording.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view */
export const title = (view) => loadReport(view, view.params['report'] ?? '').value?.title ?? 'Report';

/** @param {View} view */
export function show(view) {
  const report = loadReport(view, view.params['report'] ?? '');
  return html`<h1>${report.value?.title ?? (report.state === 'failed' ? 'Report' : html`<span class="soft">…</span>`)}</h1>
    <p class="lead">${report.value?.answers ?? ' '}</p>
    ${tabs('reports')}
    ${loaded(report, (value) => content(view, value), { space: 'page' })}`;
}

/** @param {View} view @param {Report} report */
const content = (view, report) => html`<div class="grid report">
  <section class="card" aria-labelledby="ask">
    <h2 id="ask">Request this report</h2>
    ${report.allowed ? askForm(view, report) : refusal(view, report)}
  </section>
  <section class="card" aria-labelledby="columns">
    <h2 id="columns">Columns</h2>
    <p class="soft">${about(report)}</p>
    ${columnsList(report.columns)}
  </section>
</div>`;

/** @param {Report} report */
function about(report) {
  const isPersonal = report.columns.some(({ personal }) => personal);
  return html`Needs the role ${report.role}. ${freshness(report)} A file has at most
  ${quantity(report.rowLimit, 'rows')}.${isPersonal ? html` Columns with personal data also need the role personal-data, and the file is protected.` : nothing}`;
}

/** @param {View} view @param {Report} report */
const refusal = (view, report) => html`<div class="notice" role="note">
  <p class="notice-title">You cannot request this report</p>
  <p>${whyNot(report, view.session)}</p>
</div>`;
