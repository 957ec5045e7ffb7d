/** Any metric of any datasource over time: a plot, with its table, file and link. */
import { html, nothing } from 'lit-html';
import { currentZone, date, distinctQuantity, percent, quantity } from '../../app/format.js';
import { asCustom, isCustom } from '../../app/periods.js';
import { either, labelOf, nameOf } from '../../app/words.js';
import { plot } from '../../parts/plot.js';
import { empty, failed, loaded, tooLarge } from '../../parts/states.js';
import { table } from '../../parts/table.js';
import { addsUp, askedIn, filterOf } from './asked.js';
import { found, TooLarge } from './asking.js';
import { download } from './download.js';
import { filters } from './filters.js';
import { questions } from './questions.js';

/** @typedef {import('../../app/api-types.js').Datasource} Datasource */
/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./asked.js').Asked} Asked */
/** @typedef {import('./asking.js').Found} Found */

export const title = 'Explore';

/** @param {View} view */
export function show(view) {
  /** @type {import('../../app/view.js').Loaded<Datasource[]>} */
  const sources = view.load(
    'datasources',
    [],
    async (signal) => (await view.api.get('/v1/datasources', { signal })).datasources,
  );
  return html`<h1>Explore</h1>
    <p class="lead">Plot any metric over time. The address keeps your choices.</p>
    ${loaded(sources, (known) => asked(view, known), {
      space: 'page',
      empty: (known) => known.length === 0 && empty('No datasources', 'This platform counts nothing yet.'),
    })}`;
}

/**
 * @param {View} view
 * @param {readonly Datasource[]} sources
 */
function asked(view, sources) {
  const asked = askedIn(view.query, sources, currentZone());
  if (asked === undefined) return nothing;
  const { source, metric, by, every, zone, period, first, last } = asked;
  const inputs = [source.name, metric.name, by, every, zone, period, first, last, filterOf(asked)];
  const figures = view.load('figures', inputs, (signal) => found(view.api, asked, signal));
  const isTooLarge = figures.state === 'failed' && figures.error instanceof TooLarge;
  return html`${questions(view, sources, asked)} ${filters(view, asked)}
    <section class="card" aria-labelledby="figure">
      <div class="card-head">
        <h2 id="figure">${titleOf(asked)}</h2>
        <span class="soft">${source.title}</span>
      </div>
      <p class="soft">${metric.doc}</p>
      ${
        isTooLarge
          ? tooLarge(/** @type {Error} */ (figures.error).message)
          : figures.state === 'failed'
            ? failed(figures.error, figures.again)
            : loaded(figures, (answer) => (answer === undefined ? none(asked) : content(view, asked, answer)), {
                space: 'plot',
              })
      }
    </section>`;
}

/** @param {Asked} asked */
const titleOf = ({ metric, by }) => `${labelOf(metric.name)}${by === '' ? '' : ` by ${nameOf(by).toLowerCase()}`}`;

/** @param {Asked} asked */
const none = (asked) =>
  Object.keys(filterOf(asked)).length > 0 || isCustom(asked)
    ? empty('No data for this period and filter', 'Choose a longer period or remove a filter.')
    : empty('No data yet', 'Figures appear once the rollup has read events.');

/**
 * @param {View} view
 * @param {Asked} asked
 * @param {Found} answer
 */
function content(view, asked, answer) {
  const { metric, by } = asked;
  const { range, series, others } = answer;
  const shown = series.map(({ name, values }) => ({
    name: by === '' ? labelOf(metric.name) : name,
    values,
    kind: /** @type {'line' | 'area'} */ (by === '' ? 'area' : 'line'),
    distinct: metric.kind === 'distinct',
  }));
  return html`${plot({
    label: titleOf(asked),
    ...(metric.unit !== undefined && { unit: metric.unit }),
    every: range.every,
    days: range.days,
    series: shown,
  })}
    ${
      others > 0 && !addsUp(metric)
        ? html`<p class="soft">
          ${quantity(others, 'more values')} ${either(others, 'is', 'are')} not shown, since these figures cannot be added up.
        </p>`
        : nothing
    }
    <div class="actions explore-actions">
      <button type="button" @click=${() => download(asked, answer)}>Download CSV</button>
      <button type="button" @click=${() => void copyLink(view, asked, answer)}>Copy link</button>
      <span class="soft">${date(range.first)} to ${date(range.last)}, days in ${asked.zone.replaceAll('_', ' ')}</span>
    </div>
    ${totals(asked, answer)}`;
}

/**
 * @param {import('./asked.js').Metric} metric
 * @param {number | null} total
 */
const totalText = ({ kind, unit }, total) =>
  kind === 'distinct' ? distinctQuantity(total, unit) : quantity(total, unit);

/** @type {Readonly<Record<string, string>>} */
const NO_SUM = {
  distinct: 'anything counted under several values counts once.',
  quantile: 'quantiles cover all values.',
  min: 'it is the smallest value.',
  max: 'it is the largest value.',
};

/**
 * Figures of the whole period.
 * @param {Asked} asked
 * @param {Found} answer
 */
function totals({ metric, by }, { series, total }) {
  if (by === '')
    return html`<p class="explore-total">In the whole period: <strong>${totalText(metric, total)}</strong></p>`;
  const adds = addsUp(metric);
  /** @type {import('../../parts/table.js').Column<{ name: string, total: number | null }>[]} */
  const columns = [
    { key: 'name', title: nameOf(by), cell: ({ name }) => name },
    { key: 'total', title: labelOf(metric.name), align: 'end', cell: ({ total }) => totalText(metric, total) },
  ];
  if (adds && total !== null && total > 0 && series.every((each) => (each.total ?? 0) >= 0))
    columns.push({
      key: 'share',
      title: 'Share',
      align: 'end',
      cell: (row) => (row.total === null ? '–' : percent((100 * row.total) / total)),
    });
  return html`${table({ caption: 'In the whole period', columns, rows: [...series, { name: 'All', total }] })}
    ${adds ? nothing : html`<p class="soft">The row <em>All</em> is not a sum: ${NO_SUM[metric.kind] ?? ''}</p>`}`;
}

/**
 * The link has the exact days and the zone, so that newer figures do not change it.
 * @param {View} view
 * @param {Asked} asked
 * @param {Found} answer
 */
async function copyLink(view, { source, metric, by, zone }, { range }) {
  const { every } = range;
  view.change({ source: source.name, metric: metric.name, by, zone, every, ...asCustom(range) }, { replace: true });
  try {
    await navigator.clipboard.writeText(location.href);
    view.say('Link copied.');
  } catch {
    // Not every browser lets a page write to the clipboard.
    view.say('Copying failed: take the link from the address bar.');
  }
}
