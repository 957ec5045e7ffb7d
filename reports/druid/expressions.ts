/**
 * Druid's native expressions for what our decoder reads in a record: the attributes of the event and fields of its data. A transform sees
 * only columns of the record, and no other transform: so every expression is written out.
 */
import { type Field, isNullable, present } from '../../core/avro.ts';
import { DEFAULT_TENANT, type EventDef } from '../../core/event.ts';
import { FIRST_TIME, LAST_TIME } from '../../core/moment.ts';
import { CLOCK_TOLERANCE, LOGGED_AT } from '../../topics/codec/own-headers.ts';
import type { Datasource } from '../define-datasource.ts';
import { fieldNamed } from '../fields.ts';

/** How the values of a topic are written. `json`: the data alone, or whole events in the structured form of CloudEvents. */
export type Encoding = 'avro' | 'json';

/** A column of the record, as the input format of the specification names it. */
export interface InputColumn {
  readonly name: string;
  /** Where it is in the value, as a JSON path. */
  readonly path: string;
}

export const HEADER = 'kafka.header.';
export const RECORD_TIME = 'kafka.timestamp';
const STRUCTURED = 'structured.';
const DATA = 'data.';

const column = (name: string): string => `"${name}"`;
/** Names of events and texts of declarations: quotes and backslashes are escaped as Java does it. */
const text = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
export const all = (conditions: readonly string[]): string => conditions.map((each) => `(${each})`).join(' && ');
const any = (conditions: readonly string[]): string => conditions.map((each) => `(${each})`).join(' || ');

/** An event in the structured form is a whole one in the value; without the header, or of another type, it is in the headers. */
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

/** The field of an event as it was written: null where it is missing. */
function written(encoding: Encoding, field: string): string {
  const data = column(`${DATA}${field}`);
  return encoding === 'avro' ? data : `if(${IS_STRUCTURED}, ${column(`${STRUCTURED}${DATA}${field}`)}, ${data})`;
}

/** The field of an event with the default of its schema. */
function readField(encoding: Encoding, field: Field): string {
  const value = written(encoding, field.name);
  const preset = field.default;
  if (preset === undefined || preset === null) return value;
  return `nvl(${value}, ${typeof preset === 'string' ? text(preset) : Number(preset)})`;
}

const isOneOf = (type: string, events: readonly EventDef[]): string =>
  any(events.map((def) => `${type} == ${text(def.type)}`));

/** What each of the events has, null for others: one expression where all have the same. */
function byType(type: string, events: readonly EventDef[], of: (def: EventDef) => string): string {
  const groups = Map.groupBy(events, of);
  const cases = [...groups].map(([expression, defs]) => `${isOneOf(type, defs)}, ${expression}`);
  return `case_searched(${cases.join(', ')})`;
}

export interface Reading {
  readonly encoding: Encoding;
  /** The events that the datasource counts. */
  readonly counted: readonly EventDef[];
  /** Those of them that are read. */
  readonly events: readonly EventDef[];
}

/** The value of each of the events; of others null. Where all that are counted have the same, without looking at their type. */
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
 * What has to hold of the data of an event: as our decoder does, one is not taken that lacks a field, or has a number out of its bounds
 * or an unknown symbol. Of lists, maps and records nothing is asked.
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
    // Null is the answer for other events alone: a check has no null.
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
/** Kafka has a time of the record, unless its producer took seconds or microseconds for milliseconds. */
const IS_KNOWN = `${RECORD} >= ${FIRST_TIME} && ${RECORD} <= ${LAST_TIME}`;

/** The time of the event: its attribute, or the time of the record; at most a minute later than that. */
export function eventTime(encoding: Encoding): string {
  const before = `cast(${column(`${HEADER}${LOGGED_AT}`)}, 'LONG')`;
  const logged = `if(${before} >= ${FIRST_TIME}, least(${before}, ${RECORD}), ${RECORD})`;
  const said = saidTime(encoding);
  return `if(${IS_KNOWN}, least(nvl(${said}, ${logged}), ${logged} + ${CLOCK_TOLERANCE}), ${said})`;
}

const saidTime = (encoding: Encoding): string => `timestamp_parse(upper(${attribute(encoding, 'time')}))`;

/** As our decoder does, a record is not taken whose attributes are missing or wrong. */
export function hasAttributes(encoding: Encoding): string {
  return all([
    `${attribute(encoding, 'specversion')} == '1.0'`,
    `${attribute(encoding, 'id')} != ''`,
    `${attribute(encoding, 'source')} != ''`,
    `${tenant(encoding)} != ''`,
    `(isnull(${attribute(encoding, 'time')}) && ${IS_KNOWN}) || ${saidTime(encoding)} >= ${FIRST_TIME}`,
  ]);
}
