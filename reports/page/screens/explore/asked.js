/** The query in the address: a datasource, a metric, a breakdown, filters, and a time. */
import { isZone } from '../../app/format.js';
import { isEvery, periodIn } from '../../app/periods.js';

/** @typedef {import('../../app/api-types.js').Datasource} Datasource */
/** @typedef {Datasource['metrics'][number]} Metric */
/** @typedef {string | number | boolean | null} Value Null is unknown. */
/** @typedef {import('../../app/periods.js').Every} Every */

/**
 * @typedef {object} Asked
 * @property {Datasource} source
 * @property {Metric} metric
 * @property {string} by A dimension; empty for none.
 * @property {Every | ''} every Empty: depends on the period.
 * @property {string} zone
 * @property {string} period
 * @property {string} first
 * @property {string} last
 * @property {Readonly<Record<string, readonly Value[]>>} filter By dimension; without values while the reader has chosen none yet.
 */

const FILTER = 'is.';
/** The name that the filter of a dimension has in the address. @param {string} dimension */
export const filterName = (dimension) => `${FILTER}${dimension}`;

/**
 * Missing or unknown values get their presets.
 * @param {URLSearchParams} query
 * @param {readonly Datasource[]} sources
 * @param {string} zone Of the reader.
 * @returns {Asked | undefined} Undefined if there is no datasource.
 */
export function askedIn(query, sources, zone) {
  const text = (/** @type {string} */ name) => query.get(name) ?? '';
  const source = sources.find(({ name }) => name === text('source')) ?? sources[0];
  const metric = source?.metrics.find(({ name }) => name === text('metric')) ?? source?.metrics[0];
  if (source === undefined || metric === undefined) return undefined;
  const names = source.dimensions.map(({ name }) => name);
  const every = text('every');
  return {
    source,
    metric,
    by: names.includes(text('by')) ? text('by') : '',
    every: isEvery(every) ? every : '',
    zone: isZone(text('zone')) ? text('zone') : zone,
    ...periodIn(query),
    filter: Object.fromEntries(
      names.filter((name) => query.has(filterName(name))).map((name) => [name, valuesIn(text(filterName(name)))]),
    ),
  };
}

/** @param {string} text @returns {Value[]} */
function valuesIn(text) {
  try {
    const values = JSON.parse(text);
    return Array.isArray(values) ? values.filter((each) => each === null || typeof each !== 'object') : [];
  } catch {
    return [];
  }
}

/** The filter as the service takes it. @param {Asked} asked */
export const filterOf = ({ filter }) =>
  Object.fromEntries(Object.entries(filter).filter(([, values]) => values.length > 0));

/** Whether values of several rows may be added up. @param {Pick<Metric, 'kind'>} metric */
export const addsUp = ({ kind }) => kind === 'count' || kind === 'sum';

/**
 * The value of a period without rows: 0 for counts, unknown for other metrics.
 * @param {Pick<Metric, 'kind'>} metric
 */
export const absent = (metric) => (addsUp(metric) || metric.kind === 'distinct' ? 0 : null);
