/** Assigns problems found by the service to fields of the form. */
import { Problem } from '../../app/problem.js';
import { sentence } from '../../app/words.js';

/** @typedef {{ name: string | undefined, message: string }} Wrong `name` is that of a field of the form. */

/** @typedef {import('../../app/api-types.js').Report} Report */

/**
 * @param {unknown} error
 * @param {Report} report
 * @returns {Wrong[] | undefined} Undefined if the error is not about fields.
 */
export function wrongFields(error, report) {
  if (!(error instanceof Problem) || error.problems.length === 0) return undefined;
  return error.problems.map(({ field, message }) => ({
    name: fieldOf(field, report),
    message: told(field, message, report),
  }));
}

/**
 * @param {string} field As the service names it.
 * @param {Report} report
 */
function fieldOf(field, { parameters }) {
  const name = field.replace(/^body\./, '');
  const [, parameter] = /^parameters\.(\w+)$/.exec(name) ?? [];
  if (parameter !== undefined) return parameter in parameters ? parameter : undefined;
  if (name === 'options') return 'file.options';
  if (name.startsWith('protection')) return 'file.protection';
  if (['format', 'columns', 'rowLimit'].includes(name)) return `file.${name}`;
  return name === 'cron' || name === 'zone' || name === 'weekdays' ? `schedule.${name}` : undefined;
}

/**
 * Leaves out the name and the meaning of the parameter, which its field shows anyway.
 * @param {string} field
 * @param {string} message
 * @param {Report} report
 */
function told(field, message, { parameters }) {
  const doc = parameters[field.replace(/^parameters\./, '')]?.doc;
  const whole = doc !== undefined && message.endsWith(`: ${doc}`) ? message.slice(0, -doc.length - 2) : message;
  const short = whole.replace(/^the parameter \w+ /, 'it ');
  return sentence(short);
}

/** All messages of a field. @param {readonly Wrong[]} wrong @param {string} name */
export function problemOf(wrong, name) {
  const messages = wrong.filter((each) => each.name === name).map(({ message }) => message);
  return messages.length === 0 ? undefined : messages.join(' ');
}
