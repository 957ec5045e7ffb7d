/**
 * The values of the form of a report. They are in the query of the address, so that every filled form is a link: parameters by their names,
 * values for the file as `file.…`, values for a schedule as `schedule.…`. Secrets and personal values never are.
 */

import { choicesOf, cronOf } from '../../app/cron.js';
import { browserZone, currentZone } from '../../app/format.js';

/** @typedef {import('../../app/api-types.js').Report} Report */
/** @typedef {import('../../app/api-types.js').Request | import('../../app/api-types.js').Schedule} Asked */

/** The options of a CSV file, with their presets. */
export const CSV_OPTIONS = { separator: 'comma', decimal: 'point', dates: 'iso', bom: 'false', escapeFormulas: 'true' };

/** @param {string} name Of a field. */
export const isOption = (name) =>
  name.startsWith('file.') && (name === 'file.zone' || name.slice('file.'.length) in CSV_OPTIONS);

/**
 * The preset of every field that can be in the query.
 * @param {Report} report
 * @returns {Record<string, string>}
 */
export function presetsOf(report) {
  /** @type {Record<string, string>} */
  const presets = {
    when: 'now',
    'file.format': 'xlsx',
    'file.zone': currentZone(),
    'file.columns': '',
    'file.rowLimit': '',
    'file.protection': report.protection === 'required' ? 'zip' : 'none',
    'file.anew': 'false',
    'schedule.name': report.name,
    'schedule.every': 'day',
    'schedule.at': '07:00',
    'schedule.weekdays': '1',
    'schedule.day': '1',
    'schedule.cron': '0 7 * * *',
    'schedule.zone': currentZone(),
    'schedule.catchUp': 'latest',
  };
  for (const [name, preset] of Object.entries(CSV_OPTIONS)) presets[`file.${name}`] = preset;
  for (const [name, parameter] of Object.entries(report.parameters)) {
    // Days are in the time zone of the header, as on every screen.
    presets[name] = parameter.type === 'zone' ? currentZone() : String(parameter.default ?? '');
  }
  return presets;
}

/** Whether the address may contain it. @param {Report} report @param {string} name */
export const isLinkable = ({ parameters }, name) => !name.startsWith('secret.') && parameters[name]?.personal !== true;

/**
 * @param {Record<string, string>} presets
 * @param {URLSearchParams} query
 * @returns {Record<string, string>}
 */
export const filledIn = (presets, query) =>
  Object.fromEntries(Object.entries(presets).map(([name, preset]) => [name, query.get(name) ?? preset]));

/**
 * The body of the request. `secrets` and fields that the address must not contain come from the form.
 * @param {Report} report
 * @param {Record<string, string>} fields
 * @param {{ password: string, passphrase: string, recipients: string }} secrets
 */
export function askOf(report, fields, secrets) {
  const of = (/** @type {string} */ name) => fields[name] ?? '';
  const parameters = Object.entries(report.parameters).flatMap(([name, { type }]) => {
    const text = of(name);
    if (text === '') return [];
    return [[name, type === 'boolean' ? text === 'true' : text]];
  });
  const columns = of('file.columns');
  const limit = of('file.rowLimit');
  return {
    parameters: Object.fromEntries(parameters),
    format: of('file.format'),
    options: optionsOf(fields),
    columns: columns === '' ? null : columns.split(',').filter((each) => each !== NONE),
    protection: protectionOf(of('file.protection'), secrets),
    rowLimit: limit === '' ? null : Number(limit),
  };
}

/** Means an empty choice in the query, since an empty value means the preset. */
export const NONE = '-';

/** @param {Record<string, string>} fields */
function optionsOf(fields) {
  const format = fields['file.format'];
  /** @type {[string, string][]} */
  const options = [];
  const zone = fields['file.zone'] ?? browserZone();
  if ((format === 'csv' || format === 'xlsx') && zone !== 'UTC') options.push(['zone', zone]);
  if (format === 'csv')
    for (const [name, preset] of Object.entries(CSV_OPTIONS)) {
      const value = fields[`file.${name}`] ?? preset;
      if (value !== preset) options.push([name, value]);
    }
  return Object.fromEntries(options);
}

/**
 * @param {string} kind
 * @param {{ password: string, passphrase: string, recipients: string }} secrets
 */
function protectionOf(kind, { password, passphrase, recipients }) {
  if (kind === 'zip') return { kind, password };
  if (kind === 'passphrase') return { kind: 'age', passphrase };
  if (kind === 'recipients')
    return { kind: 'age', recipients: recipients.split(/[\s,]+/).filter((each) => each !== '') };
  return { kind: 'none' };
}

/**
 * The fields of a schedule in addition to those of a request.
 * @param {Record<string, string>} fields
 */
export const whenOf = (fields) => ({
  cron: cronIn(fields),
  zone: fields['schedule.zone'] ?? 'UTC',
  catchUp: fields['schedule.catchUp'] ?? 'latest',
});

/** @param {Record<string, string>} fields */
export const hasNoDay = (fields) => fields['schedule.every'] === 'week' && fields['schedule.weekdays'] === NONE;

/** @param {Record<string, string>} fields */
export function cronIn(fields) {
  const every = fields['schedule.every'];
  if (every !== 'day' && every !== 'week' && every !== 'month') return fields['schedule.cron'] ?? '';
  return cronOf({
    every,
    at: fields['schedule.at'] ?? '',
    weekdays: (fields['schedule.weekdays'] ?? '')
      .split(',')
      .filter((each) => each !== '' && each !== NONE)
      .map(Number),
    day: Number(fields['schedule.day'] ?? 1),
  });
}

/**
 * The link to a form filled in like a request or schedule. Passwords are left out, since nobody can read them again.
 * @param {Asked} asked
 * @param {Report | undefined} report
 */
export function formAddress({ report: name, parameters, format, options, columns, protection, ...more }, report) {
  const query = new URLSearchParams();
  for (const [each, value] of Object.entries(parameters)) {
    if (value === null || value === '' || report?.parameters[each]?.personal) continue;
    const isMoment = report?.parameters[each]?.type === 'moment' && typeof value === 'number';
    query.set(each, isMoment ? new Date(value).toISOString() : String(value));
  }
  query.set('file.format', format);
  query.set('file.zone', options['zone'] ?? 'UTC');
  for (const option of Object.keys(CSV_OPTIONS)) {
    const value = options[option];
    if (value !== undefined) query.set(`file.${option}`, value);
  }
  if (columns !== null && !isAll(columns, report)) query.set('file.columns', columns.join(','));
  if (protection !== 'none') query.set('file.protection', protection === 'age' ? 'recipients' : protection);
  if ('cron' in more) {
    const { id, cron, zone, catchUp } = more;
    const choices = choicesOf(cron);
    const when = { when: 'regularly', 'schedule.name': id, 'schedule.zone': zone, 'schedule.catchUp': catchUp };
    for (const [each, value] of Object.entries(when)) query.set(each, value);
    query.set('schedule.every', choices?.every ?? 'cron');
    if (choices === undefined) query.set('schedule.cron', cron);
    else {
      query.set('schedule.at', choices.at);
      if (choices.every === 'week') query.set('schedule.weekdays', choices.weekdays.join(','));
      if (choices.every === 'month') query.set('schedule.day', String(choices.day));
    }
  }
  return `/reports/${encodeURIComponent(name)}?${query}`;
}

/** @param {readonly string[]} columns @param {Report | undefined} report */
const isAll = (columns, report) =>
  report !== undefined && columns.join() === report.columns.map(({ name }) => name).join();
