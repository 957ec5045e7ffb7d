/** The fields of a query. The address keeps every choice. */
import { html, nothing } from 'lit-html';
import { STEPS } from '../../app/periods.js';
import { labelOf, nameOf } from '../../app/words.js';
import { optionsIn, select } from '../../parts/fields.js';
import { filterForm, periodFields } from '../../parts/filters.js';
import { zoneGroups } from '../../parts/zones.js';
import { filterName } from './asked.js';

/** @typedef {import('../../app/api-types.js').Datasource} Datasource */
/** @typedef {import('../../app/view.js').View} View */
/** @typedef {import('./asked.js').Asked} Asked */

/**
 * The dimensions that the reader may use.
 * @param {View} view
 * @param {Datasource} source
 */
const openDimensions = ({ session }, { dimensions }) =>
  dimensions.filter(({ personal }) => !personal || session.has('personal-data'));

/**
 * @param {View} view
 * @param {readonly Datasource[]} sources
 * @param {Asked} asked
 */
export function questions(view, sources, asked) {
  const { source, metric, by, every, zone, filter } = asked;
  const dimensions = openDimensions(view, source);
  const unfiltered = dimensions.filter(({ name }) => !Object.hasOwn(filter, name));
  const hidden = source.dimensions.length - dimensions.length;
  /** Another datasource has other dimensions. @type {Record<string, undefined>} */
  const others = Object.fromEntries(source.dimensions.map(({ name }) => [filterName(name), undefined]));
  const fields = html`${select({
    name: 'source',
    label: 'Datasource',
    value: source.name,
    options: sources.map(({ name }) => ({ value: name, text: labelOf(name) })),
    onChange: (chosen) => view.change({ ...others, source: chosen, metric: undefined, by: undefined }),
  })}
      ${select({
        name: 'metric',
        label: 'Metric',
        value: metric.name,
        options: source.metrics.map(({ name }) => ({ value: name, text: labelOf(name) })),
        onChange: (chosen) => view.change({ metric: chosen }),
      })}
      ${select({
        name: 'by',
        label: 'Breakdown',
        value: by,
        options: [{ value: '', text: 'None' }, ...dimensions.map(({ name }) => ({ value: name, text: nameOf(name) }))],
        onChange: (chosen) => view.change({ by: chosen }),
      })}
      ${periodFields(view, asked)}
      ${select({ name: 'every', label: 'Interval', value: every, options: [{ value: '', text: 'Automatic' }, ...optionsIn(STEPS)], onChange: (chosen) => view.change({ every: chosen }) })}
      ${select({ name: 'zone', label: 'Days in', value: zone, options: zoneGroups(zone), onChange: (chosen) => view.change({ zone: chosen }) })}
      ${
        unfiltered.length === 0
          ? nothing
          : select({
              name: 'filter',
              label: 'Filter',
              value: '',
              options: [
                { value: '', text: 'Add a filter' },
                ...unfiltered.map(({ name }) => ({ value: name, text: nameOf(name) })),
              ],
              onChange: (chosen) => chosen !== '' && view.change({ [filterName(chosen)]: '[]' }),
            })
      }`;
  return html`${filterForm(fields, 'explore-fields')}
    ${hidden === 0 ? nothing : html`<p class="help">Personal dimensions need the role personal-data.</p>`}`;
}
