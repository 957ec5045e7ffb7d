/** A field for each parameter of a report. Batches and courses are searched by words; days and times may depend on when the report runs. */
import { html, nothing } from 'lit-html';
import { today } from '../../app/days.js';
import { currentZone } from '../../app/format.js';
import { find, kindOf, namesOf } from '../../app/names.js';
import { nameOf } from '../../app/words.js';
import { clockAt, momentAt } from '../../app/zoned.js';
import { changed, describedBy, field, inputOf, invalid, optionsIn, optionsOf, selectOf } from '../../parts/fields.js';
import { searchField } from '../../parts/search-field.js';
import { zoneGroups } from '../../parts/zones.js';

/** @typedef {import('../../app/api-types.js').Parameter} Parameter */
/** @typedef {import('../../app/view.js').View} View */

/**
 * @typedef {object} Field
 * @property {View} view
 * @property {string} name
 * @property {Parameter} parameter
 * @property {string} value
 * @property {string | undefined} problem
 * @property {(value: string) => void} set
 */

/** What is known of a field besides its value. @typedef {{ name: string, help: string, problem: string | undefined }} About */

const MOST_FOUND = 12;

/** @param {Field} parts */
export function parameterField(parts) {
  const { name, parameter, problem } = parts;
  const kind = kindOf(name);
  if (kind !== undefined && parameter.type === 'text') return foundField(parts, kind);
  const { doc, unit, optional, default: preset } = parameter;
  const about = { name, help: helpOf(doc, unit, parameter), problem };
  return field({
    ...about,
    label: nameOf(name),
    optional: optional && preset === undefined,
    control: control(parts, about),
  });
}

/**
 * @param {string} doc
 * @param {string | undefined} unit
 * @param {Parameter} parameter
 */
function helpOf(doc, unit, { min, max }) {
  if (unit === undefined) return doc;
  return min === undefined || max === undefined ? `${doc} In ${unit}.` : `${doc} ${min} to ${max} ${unit}.`;
}

/**
 * @param {Field} parts
 * @param {import('../../app/names.js').Kind} kind
 */
function foundField({ view, name, parameter, value, problem, set }, kind) {
  const search = (/** @type {string} */ words, /** @type {AbortSignal} */ signal) =>
    find(view.api, kind, { words, limit: MOST_FOUND }, signal);
  const named = view.load(`name of ${name}`, [value], async (signal) => {
    return (await namesOf(view.api, kind, [value], signal)).get(value) ?? '';
  });
  const isNamed = named.state === 'done' && named.value !== '' && named.value !== value;
  return html`<input type="hidden" name=${name} .value=${value} />${searchField({
    name,
    label: nameOf(name),
    value,
    text: isNamed ? `${named.value} (${value})` : value,
    placeholder: parameter.optional ? 'All, or search by name or id' : 'Search by name or id',
    help: parameter.doc,
    problem,
    find: search,
    onChoose: (option) => set(option?.value ?? ''),
  })}`;
}

/**
 * @param {Field} parts
 * @param {About} about
 */
function control(parts, about) {
  const { parameter, value } = parts;
  const { type, of = [], optional, default: preset, min, max, longest } = parameter;
  const isFree = optional && preset === undefined;
  if (type === 'boolean' || type === 'choice') {
    const options = type === 'boolean' ? ['true', 'false'] : of;
    return selectOf({
      ...about,
      value,
      options: [
        ...(preset === undefined ? [{ value: '', text: isFree ? 'Any' : 'Choose' }] : []),
        ...options.map((each) => ({ value: each, text: type === 'boolean' ? (each === 'true' ? 'Yes' : 'No') : each })),
      ],
    });
  }
  if (type === 'date') return dateControl(parts, about, isFree);
  if (type === 'moment') return momentControl(parts, about, isFree);
  if (type === 'zone') return selectOf({ ...about, value, options: zoneGroups(value) });
  return inputOf({ ...about, type: type === 'long' ? 'number' : 'text', value, min, max, longest });
}

const BACK = /^today(?:-(\d+))?$/;

/**
 * A calendar day, or one counted back from the day on which the report runs.
 * @param {Field} parts
 * @param {About} about
 * @param {boolean} isFree
 */
function dateControl({ name, value, set, parameter }, about, isFree) {
  const [isBack, days = '0'] = BACK.exec(value) ?? [];
  const kind = value === '' ? 'none' : isBack === undefined ? 'day' : 'back';
  const kinds = { none: isFree ? 'No limit' : 'Choose', day: 'A day', back: 'Days before the report runs' };
  const first = { none: '', day: today(currentZone()), back: 'today-7' };
  const label = nameOf(name);
  return kindControl({ name, value, about, kind, kinds, onKind: (chosen) => set(first[chosen]) }, [
    kind === 'day'
      ? html`<input type="date" aria-label="${label}: the day" .value=${value} @change=${changed((text) => set(text || String(parameter.default ?? '')))} />`
      : nothing,
    kind === 'back'
      ? html`<input type="number" min="0" max="9999" aria-label="${label}: how many days before" .value=${days} @change=${changed((text) => set(Number(text) > 0 ? `today-${Number(text)}` : 'today'))} />`
      : nothing,
  ]);
}

/**
 * A time in the zone of the header, or the time at which the report runs.
 * @param {Field} parts
 * @param {About} about
 * @param {boolean} isFree
 */
function momentControl({ name, value, set }, about, isFree) {
  const kind = value === '' ? 'none' : value === 'now' ? 'now' : 'at';
  const kinds = { ...(isFree && { none: 'No limit' }), now: 'When the report runs', at: 'A time' };
  const first = { none: '', now: 'now', at: new Date(Math.floor(Date.now() / 60_000) * 60_000).toISOString() };
  const at = Date.parse(value);
  const zone = currentZone();
  return kindControl({ name, value, about, kind, kinds, onKind: (chosen) => set(first[chosen]) }, [
    kind === 'at'
      ? html`<input
          type="datetime-local"
          aria-label="${nameOf(name)}: the time in ${zone}"
          .value=${Number.isNaN(at) ? '' : clockAt(at, zone)}
          @change=${changed((text) => {
            const moment = momentAt(text, zone);
            if (moment !== undefined) set(new Date(moment).toISOString());
          })}
        />`
      : nothing,
  ]);
}

/**
 * @template {string} Kind
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.value
 * @param {About} parts.about
 * @param {Kind} parts.kind
 * @param {Readonly<Record<string, string>>} parts.kinds
 * @param {(kind: Kind) => void} parts.onKind
 * @param {unknown} more
 */
const kindControl = ({ name, value, about, kind, kinds, onKind }, more) => html`<div class="choice-and-more">
  <input type="hidden" name=${name} .value=${value} />
  <select
    id="field-${name}"
    aria-describedby=${describedBy(about)}
    aria-invalid=${invalid(about)}
    @change=${changed((chosen) => onKind(/** @type {Kind} */ (chosen)))}
  >
    ${optionsOf({ options: optionsIn(kinds), value: kind })}
  </select>
  ${more}
</div>`;
