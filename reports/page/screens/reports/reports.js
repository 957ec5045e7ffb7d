/** The catalogue: every report, what it answers, and a search through all of them and their columns. */
import { html, nothing } from 'lit-html';
import { quantity } from '../../app/format.js';
import { nameOf } from '../../app/words.js';
import { input } from '../../parts/fields.js';
import { empty, loaded } from '../../parts/states.js';
import { loadReports, searched } from './catalogue.js';
import { tabs } from './tabs.js';

/** @typedef {import('../../app/view.js').View} View */

export const title = 'Reports';

/** The most matching columns that a card shows. */
const MOST_COLUMNS = 3;

/** @param {View} view */
export function show(view) {
  const words = view.query.get('words') ?? '';
  return html`<h1>Reports</h1>
    <p class="lead">Choose a report, fill in its parameters and download it as a file.</p>
    ${tabs('reports')}
    <div class="filters">
      ${input({
        name: 'words',
        label: 'Search reports and columns',
        wide: true,
        type: 'search',
        value: words,
        onInput: (typed) => view.change({ words: typed }, { replace: true }),
      })}
    </div>
    ${loaded(loadReports(view), (reports) => list(searched(reports, words)), {
      space: 'page',
      empty: (reports) =>
        searched(reports, words).length === 0 &&
        empty('No matching reports', 'Try fewer or other words, such as progress or batch.'),
    })}`;
}

/** @param {readonly import('./catalogue.js').Found[]} found */
const list = (found) => html`<p class="visually-hidden" role="status">${quantity(found.length, 'reports')}</p>
  <ul class="catalogue">
    ${found.map(
      ({ report, columns }) => html`<li class="card catalogue-card">
        <h2><a href="/reports/${report.name}">${report.title}</a></h2>
        <p>${report.answers}</p>
        ${columns.slice(0, MOST_COLUMNS).map(({ title, doc }) => html`<p class="soft"><strong>${title}</strong>: ${doc}</p>`)}
        ${columns.length > MOST_COLUMNS ? html`<p class="soft">And ${columns.length - MOST_COLUMNS} more.</p>` : nothing}
        <p class="catalogue-facts">
          <span>${quantity(report.columns.length, 'columns')}</span>
          ${needed(report)}
          ${report.columns.some(({ personal }) => personal) ? html`<span class="badge">Personal data</span>` : nothing}
          ${report.allowed ? nothing : html`<span class="badge badge-bad">Needs the role ${report.role}</span>`}
        </p>
      </li>`,
    )}
  </ul>`;

/** The required parameters. @param {import('../../app/api-types.js').Report} report */
function needed({ parameters }) {
  const names = Object.entries(parameters).filter(([, { optional }]) => !optional);
  if (names.length === 0) return nothing;
  return html`<span>for one ${names.map(([name]) => nameOf(name).toLowerCase()).join(' and ')}</span>`;
}
