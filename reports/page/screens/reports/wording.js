/** Texts from the declarations of reports. */
import { date, duration, moment } from '../../app/format.js';
import { nameOf } from '../../app/words.js';

/** @typedef {import('../../app/api-types.js').Report} Report */

/** @param {Pick<Report, 'freshMs'>} report */
export const freshness = ({ freshMs }) =>
  freshMs === 0
    ? 'Every request creates a new file.'
    : `Repeated requests within ${duration(freshMs)} get the same file.`;

/** @param {Pick<Report, 'role'>} report @param {import('../../app/session.js').Session} session */
export const whyNot = ({ role }, { roles }) =>
  `It needs the role ${role}, and you have ${roles.length === 0 ? 'no role' : roles.join(', ')}. Ask an administrator for it.`;

/** @type {Readonly<Record<string, string>>} */
const TYPES = {
  string: 'text',
  long: 'whole number',
  double: 'number',
  decimal: 'decimal number',
  boolean: 'yes or no',
  timestamp: 'date and time',
  date: 'date',
};

/** @param {string} type */
export const typeName = (type) => TYPES[type] ?? type;

/** @type {Readonly<Record<string, string>>} */
export const FORMAT_NAMES = { xlsx: 'Excel (XLSX)', csv: 'CSV', ndjson: 'NDJSON', parquet: 'Parquet' };

/** @type {Readonly<Record<string, string>>} */
export const PROTECTION_NAMES = { none: 'none', zip: 'zip archive with a password', age: 'age' };

/**
 * @param {unknown} value
 * @param {string | undefined} type
 */
function valueText(value, type) {
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (type === 'moment' && typeof value === 'number') return moment(value);
  if (type === 'date' && /^\d{4}-\d\d-\d\d$/.test(String(value))) return date(String(value));
  return String(value);
}

/**
 * The parameters of a request, without those left out.
 * @param {Readonly<Record<string, unknown>>} parameters
 * @param {Report['parameters']} declared
 * @returns {{ label: string, text: string }[]}
 */
export const parametersTold = (parameters, declared) =>
  Object.entries(parameters)
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => ({ label: nameOf(name), text: valueText(value, declared[name]?.type) }));
