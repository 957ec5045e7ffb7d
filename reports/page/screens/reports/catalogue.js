/** The list of reports: loaded once per screen, and searched here. */
import { addressOf } from '../../app/api.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view @returns {import('../../app/view.js').Loaded<Report[]>} */
export const loadReports = (view) =>
  view.load('reports', [], async (signal) => (await view.api.get('/v1/reports', { signal })).reports);

/** @param {View} view @param {string} name @returns {import('../../app/view.js').Loaded<Report>} */
export const loadReport = (view, name) =>
  view.load('report', [name], (signal) => view.api.get(addressOf(['v1', 'reports', name]), { signal }));

/**
 * @typedef {object} Found
 * @property {Report} report
 * @property {Report['columns']} columns The columns in which a word was found.
 */

/**
 * The reports that contain every word, in their description or in that of one of their columns.
 * @param {readonly Report[]} reports
 * @param {string} text
 * @returns {Found[]}
 */
export function searched(reports, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return reports.flatMap((report) => {
    const about = `${report.name} ${report.title} ${report.answers}`.toLowerCase();
    const missing = words.filter((word) => !about.includes(word));
    if (missing.length === 0) return [{ report, columns: [] }];
    const columns = report.columns.filter(({ name, title, doc }) => {
      const told = `${name} ${title} ${doc}`.toLowerCase();
      return missing.every((word) => told.includes(word));
    });
    return columns.length === 0 ? [] : [{ report, columns }];
  });
}
