/** The plotted figures as a file. */
import { labelOf } from '../../app/words.js';
import { csv } from './csv.js';

/**
 * A row for each period, and a column for each line. Figures are not formatted and have no unit.
 * @param {import('./asked.js').Asked} asked
 * @param {import('./asking.js').Found} found
 */
function csvOf({ metric, by }, { range, series }) {
  const titles = series.map(({ name }) => (by === '' ? labelOf(metric.name) : name));
  return csv(
    [range.every, ...titles],
    range.days.map((day, at) => [day, ...series.map(({ values }) => values[at] ?? null)]),
  );
}

/**
 * @param {import('./asked.js').Asked} asked
 * @param {import('./asking.js').Found} found
 */
export function download(asked, found) {
  const { source, metric, by } = asked;
  const { first, last } = found.range;
  const url = URL.createObjectURL(new Blob([csvOf(asked, found)], { type: 'text/csv;charset=utf-8' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = `${[source.name, metric.name, ...(by === '' ? [] : ['by', by]), first, last].join('-')}.csv`;
  link.click();
  // The browser has begun to read it by then.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
