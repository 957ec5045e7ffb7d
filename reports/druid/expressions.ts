/**
 * Native Druid expressions for what our decoder reads from a record: the attributes of the event and fields of its data. A transform sees
 * only columns of the record, and no other transform, so every expression is written out in full.
 */
import { type Field, isNullable, present } from '../../core/avro.ts';
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import { FIRST_TIME, LAST_TIME } from '../../core/moment.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { Datasource } from '../define-datasource.ts';
import { fieldNamed } from '../fields.ts';

/** How the values of a topic are encoded. `json`: the data alone, or whole events in the structured form of CloudEvents. */
export type Encoding = 'avro' | 'json';

/** A column of the record, as named in the input format of the specification. */
export interface InputColumn {
  readonly name: string;
  /** Its JSON path in the value. */
  readonly path: string;
}

export const HEADER = 'kafka.header.';
export const RECORD_TIME = 'kafka.timestamp';
const STRUCTURED = 'structured.';
const DATA = 'data.';

const column = (name: string): string => `"${name}"`;
/** A string literal of Druid. Quotes and backslashes are escaped as in Java. */
const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
export const all = (conditions: readonly string[]): string => conditions.map((each) => `(${each})`).join(' && ');
const any = (conditions: readonly string[]): string => conditions.map((each) => `(${each})`).join(' || ');

/** In the structured form, the value is the whole event. Without this content type, the attributes are in the headers. */
const IS_STRUCTURED = `regexp_like(lower(nvl(${column(`${HEADER}content-type`)}, '')), '^application/cloudevents[+]json *(;|$)')`;

/** The columns of the value: attributes, and these fields of the data. */
export function inputColumns(encoding: Encoding, fields: readonly string[]): InputColumn[] {
  const data = fields.map((field) => ({ name: `${DATA}${field}`, path: `$.${field}` }));
  if (encoding === 'avro') return data;
  const attributes = ['specversion', 'id', 'source', 'type', 'time', 'tenant'];
  return [
    ...data,
    ...fields.map((field) => ({ name: `${STRUCTURED}${DATA}${field}`, path: `$.data.${field}` })),
    ...attributes.map((name) => ({ name: `${STRUCTURED}${name}`, path: `$.${name}` })),
  ];
}

export function attribute(encoding: Encoding, name: string): string {
  const header = column(`${HEADER}ce_${name}`);
  return encoding === 'avro' ? header : `if(${IS_STRUCTURED}, ${column(`${STRUCTURED}${name}`)}, ${header})`;
}

export const tenant = (encoding: Encoding): string => `nvl(${attribute(encoding, 'tenant')}, ${text(DEFAULT_TENANT)})`;

/** The field of an event as written; null if it is missing. */
function written(encoding: Encoding, field: string): string {
  const data = column(`${DATA}${field}`);
  return encoding === 'avro' ? data : `if(${IS_STRUCTURED}, ${column(`${STRUCTURED}${DATA}${field}`)}, ${data})`;
}

/** The field of an event; the default of its schema if it is missing. */
function readField(encoding: Encoding, field: Field): string {
  const value = written(encoding, field.name);
  const preset = field.default;
  if (preset === undefined || preset === null) return value;
  return `nvl(${value}, ${typeof preset === 'string' ? text(preset) : Number(preset)})`;
}

const isOneOf = (type: string, events: readonly EventDef[]): string =>
  any(events.map((def) => `${type} == ${text(def.type)}`));

/** The expression of each event by its type, null for other events. Events with the same expression share a case. */
function byType(type: string, events: readonly EventDef[], of: (def: EventDef) => string): string {
  const groups = Map.groupBy(events, of);
  const cases = [...groups].map(([expression, defs]) => `${isOneOf(type, defs)}, ${expression}`);
  return `case_searched(${cases.join(', ')})`;
}

export interface Reading {
  readonly encoding: Encoding;
  /** The events that the datasource counts. */
  readonly counted: readonly EventDef[];
  /** Those of them that have the value. */
  readonly events: readonly EventDef[];
}

/** The value for each of the events, null for others. If all counted events have the same expression, the type is not checked. */
export function ofEvents({ encoding, counted, events }: Reading, of: (def: EventDef) => string): string {
  const expressions = new Set(events.map(of));
  const [only] = expressions;
  if (only !== undefined && expressions.size === 1 && counted.every((def) => events.includes(def))) return only;
  return byType(attribute(encoding, 'type'), events, of);
}

/** The value of a field, by its name in the data. */
export const fieldOf = (reading: Reading, name: string): string =>
  ofEvents(reading, (def) => readField(reading.encoding, fieldNamed(def, name) as Field));

/**
 * The conditions on the data of an event. Like our decoder, they refuse an event with a missing field, a number out of bounds or an unknown
 * symbol. Lists, maps and records are not checked.
 */
export function fitness(
  encoding: Encoding,
  { on: counted, from }: Datasource,
): { fields: string[]; conditions: string[] } {
  const names = new Set(counted.flatMap(({ schema }) => schema.fields.map(({ name }) => name)));
  const asked = [...names].flatMap((name) => {
    const check = (def: EventDef): string => {
      const field = fieldNamed(def, name);
      return field === undefined ? '' : fitnessOf(readField(encoding, field), field, from.key);
    };
    const events = counted.filter((def) => check(def) !== '');
    if (events.length === 0) return [];
    const expression = ofEvents({ encoding, counted, events }, check);
    // Null means that the event has another type: a check itself is never null.
    return [{ name, condition: events.length === counted.length ? expression : `nvl(${expression}, 1)` }];
  });
  return { fields: asked.map(({ name }) => name), conditions: asked.map(({ condition }) => condition) };
}

function fitnessOf(value: string, { name, type, minimum, maximum }: Field, key: string): string {
  const schema = present(type);
  const symbols = typeof schema === 'object' && schema.type === 'enum' ? schema.symbols : undefined;
  if (typeof schema === 'object' && symbols === undefined) return '';
  const asked = [
    ...(minimum === undefined ? [] : [`${value} >= ${minimum}`]),
    ...(maximum === undefined ? [] : [`${value} <= ${maximum}`]),
    ...(symbols === undefined ? [] : [any(symbols.map((symbol) => `${value} == ${text(symbol)}`))]),
    ...(schema === 'string' && (name === key || name.endsWith('Id')) ? [`${value} != ''`] : []),
  ];
  if (!isNullable(type)) return all([`notnull(${value})`, ...asked]);
  return asked.length === 0 ? '' : `isnull(${value}) || (${all(asked)})`;
}

const RECORD = column(RECORD_TIME);
/** Whether the record's time is plausible. It is not if the producer took seconds or microseconds for milliseconds. */
const IS_KNOWN = `${RECORD} >= ${FIRST_TIME} && ${RECORD} <= ${LAST_TIME}`;

/** The time of the event: its attribute, or else the time of the record. At most a minute later than the latter. */
export function eventTime(encoding: Encoding): string {
  const before = `cast(${column(`${HEADER}${LOGGED_AT}`)}, 'LONG')`;
  const logged = `if(${before} >= ${FIRST_TIME}, least(${before}, ${RECORD}), ${RECORD})`;
  const said = saidTime(encoding);
  return `if(${IS_KNOWN}, least(nvl(${said}, ${logged}), ${logged} + ${CLOCK_TOLERANCE}), ${said})`;
}

const saidTime = (encoding: Encoding): string => `timestamp_parse(upper(${attribute(encoding, 'time')}))`;

/** Like our decoder, refuses a record whose attributes are missing or wrong. */
export function hasAttributes(encoding: Encoding): string {
  return all([
    `${attribute(encoding, 'specversion')} == '1.0'`,
    `${attribute(encoding, 'id')} != ''`,
    `${attribute(encoding, 'source')} != ''`,
    `${tenant(encoding)} != ''`,
    `(isnull(${attribute(encoding, 'time')}) && ${IS_KNOWN}) || ${saidTime(encoding)} >= ${FIRST_TIME}`,
  ]);
}
