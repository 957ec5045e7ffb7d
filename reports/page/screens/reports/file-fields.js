/** Fields for the file: its format, its columns, and how values are written. */
import { html, nothing } from 'lit-html';
import { number } from '../../app/format.js';
import { cards, check } from '../../parts/choices.js';
import { input, optionsIn, problemText, select } from '../../parts/fields.js';
import { zoneGroups } from '../../parts/zones.js';
import { CSV_OPTIONS, NONE } from './asking.js';
import { problemOf } from './problems.js';

/** @typedef {import('./form.js').Filled} Filled */

const FORMATS = [
  { value: 'xlsx', text: 'Excel', doc: 'A workbook with real numbers and dates, and a sheet about the report.' },
  { value: 'csv', text: 'CSV', doc: 'Plain text that nearly every program reads.' },
  { value: 'ndjson', text: 'NDJSON', doc: 'One JSON object per line, for programs.' },
  { value: 'parquet', text: 'Parquet', doc: 'Typed and compressed, for data tools.' },
];

/** @param {Filled} filled */
export const formatFields = ({ fields, wrong }) =>
  cards({
    name: 'file.format',
    legend: 'Format',
    value: fields['file.format'],
    options: FORMATS,
    id: 'field-file.format',
    problem: problemOf(wrong, 'file.format'),
  });

/** @param {Filled} filled */
export function detailFields(filled) {
  const { fields, wrong } = filled;
  const format = fields['file.format'];
  const isOpen =
    ['file.columns', 'file.rowLimit', 'file.options'].some((name) => problemOf(wrong, name) !== undefined) ||
    (fields['file.columns'] ?? '') !== '' ||
    fields['file.rowLimit'] !== '';
  return html`<details class="fold" ?open=${isOpen}>
    <summary>Columns, rows and formatting</summary>
    <div class="fold-body">
      ${columnFields(filled)} ${rowLimitField(filled)}
      <div id="field-file.options" tabindex="-1">
        ${format === 'csv' || format === 'xlsx' ? zoneField(filled) : nothing} ${format === 'csv' ? csvFields(filled) : nothing}
        ${problemText(problemOf(wrong, 'file.options'))}
      </div>
      ${check({
        name: 'file.anew',
        value: 'true',
        text: 'Create a new file even if a recent one exists',
        isChosen: fields['file.anew'] === 'true',
      })}
    </div>
  </details>`;
}

/** @param {Filled} filled */
function columnFields({ report, view, fields, wrong }) {
  const chosen = fields['file.columns'] === '' ? undefined : (fields['file.columns'] ?? '').split(',');
  return html`<fieldset>
    <legend id="field-file.columns" tabindex="-1">Columns</legend>
    <div class="checks">
      ${report.columns.map(({ name, title, personal }) => {
        const isRefused = personal && !view.session.has('personal-data');
        return check({
          name: 'file.columns',
          value: name,
          text: html`${title}${isRefused ? html` <span class="soft">needs the role personal-data</span>` : nothing}`,
          isChosen: !isRefused && (chosen?.includes(name) ?? true),
          isDisabled: isRefused,
        });
      })}
    </div>
    ${problemText(problemOf(wrong, 'file.columns'))}
  </fieldset>`;
}

/** @param {Filled} filled */
const rowLimitField = ({ report, fields, wrong }) =>
  input({
    name: 'file.rowLimit',
    label: 'Row limit',
    help: `A file has at most ${number(report.rowLimit)} rows, and says so if there are more.`,
    problem: problemOf(wrong, 'file.rowLimit'),
    optional: true,
    type: 'number',
    min: 1,
    max: report.rowLimit,
    value: fields['file.rowLimit'] ?? '',
  });

/** @param {Filled} filled */
function zoneField({ fields }) {
  const value = fields['file.zone'] ?? 'UTC';
  return select({ name: 'file.zone', label: 'Time zone of dates and times', value, options: zoneGroups(value) });
}

/** @type {Readonly<Record<keyof typeof CSV_OPTIONS, { label: string, help?: string, texts: Record<string, string> }>>} */
const CSV_FIELDS = {
  separator: { label: 'Separator', texts: { comma: 'Comma', semicolon: 'Semicolon', tab: 'Tab' } },
  decimal: {
    label: 'Decimal mark',
    help: 'A comma needs another separator.',
    texts: { point: 'Point: 1.5', comma: 'Comma: 1,5' },
  },
  dates: {
    label: 'Dates',
    texts: {
      iso: 'With milliseconds and offset (ISO 8601)',
      ...Object.fromEntries(['YYYY-MM-DD', 'DD/MM/YYYY', 'MM/DD/YYYY', 'DD.MM.YYYY'].map((each) => [each, each])),
    },
  },
  bom: {
    label: 'Byte order mark',
    help: 'Without it, Excel misreads letters such as é.',
    texts: { false: 'No', true: 'Yes, for Excel' },
  },
  escapeFormulas: {
    label: 'Texts that look like formulas',
    texts: { true: 'Add an apostrophe (safe)', false: 'Keep unchanged, for programs' },
  },
};

/** @param {Filled} filled */
const csvFields = ({ fields }) =>
  Object.entries(CSV_FIELDS).map(([option, { label, help, texts }]) =>
    select({
      name: `file.${option}`,
      label,
      help,
      value: fields[`file.${option}`] ?? '',
      options: optionsIn(texts),
    }),
  );

/**
 * The checked columns, as in the query: empty for all.
 * @param {HTMLFormElement} form
 */
export function columnsIn(form) {
  const boxes = /** @type {HTMLInputElement[]} */ ([...form.querySelectorAll('input[name="file.columns"]')]);
  const checked = boxes.filter((box) => box.checked && !box.disabled);
  if (checked.length === boxes.filter((box) => !box.disabled).length) return '';
  return checked.length === 0 ? NONE : checked.map(({ value }) => value).join(',');
}
