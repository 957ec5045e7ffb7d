/** Turns the values that a caller gives into values of a report's parameters, and reports all errors at once. */
import { DateTime } from 'luxon';
import type { FieldProblem } from '../../core/errors.ts';
import {
  isDay,
  LONGEST_TEXT,
  type Parameter,
  type ParameterValue,
  type ParameterValues,
  type Report,
} from '../define-report.ts';
import { isZone } from '../granularity.ts';

/** As people type them, or as JSON. Null is the same as no value. */
export type GivenValues = Readonly<Record<string, unknown>>;

export type Parsed = { readonly values: ParameterValues } | { readonly problems: readonly FieldProblem[] };

/**
 * The values are in the order of the declaration, whatever the order in which they were given.
 *
 * - A day may be given as `today`, `today-7` or `today+1`, in the zone of the report if it has a parameter for that.
 * - A moment may be given as `now`. It stays `now` until the report runs (`resolved`), so that equal requests share a file.
 */
export function parseParameters(
  report: Pick<Report, 'name' | 'parameters' | 'problems'>,
  given: GivenValues,
  now: number,
): Parsed {
  const problems: FieldProblem[] = [];
  const names = Object.keys(report.parameters);
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      problems.push({ field: `parameters.${name}`, message: unknown(report.name, name, names) });
  }
  const values: Record<string, ParameterValue> = {};
  const at: At = { now, zone: zoneOf(report, given) };
  for (const [name, spec] of Object.entries(report.parameters)) {
    const read = readValue(spec, Object.hasOwn(given, name) ? given[name] : undefined, at);
    if ('value' in read) values[name] = read.value;
    else {
      const message = `the parameter ${name} ${read.problem}: ${spec.doc}`;
      problems.push({ field: `parameters.${name}`, message });
    }
  }
  if (problems.length === 0) {
    const between = report.problems(resolved(report, values, now));
    problems.push(...between.map((message) => ({ field: 'parameters', message })));
  }
  return problems.length > 0 ? { problems } : { values };
}

/** The values with which a report runs at `now`, in ms since 1970 UTC. */
export function resolved(
  { parameters }: Pick<Report, 'parameters'>,
  values: ParameterValues,
  now: number,
): ParameterValues {
  const isNow = ([name, value]: [string, ParameterValue]) => parameters[name]?.type === 'moment' && value === 'now';
  return Object.fromEntries(Object.entries(values).map((each) => (isNow(each) ? [each[0], now] : each)));
}

const unknown = (report: string, name: string, names: readonly string[]): string =>
  names.length === 0
    ? `${report} has no parameters, and so no ${name}`
    : `${report} has no parameter ${name}: it has ${names.join(', ')}`;

interface At {
  readonly now: number;
  readonly zone: string;
}

/** The zone of `today`. */
function zoneOf({ parameters }: Pick<Report, 'parameters'>, given: GivenValues): string {
  const [name, spec] = Object.entries(parameters).find(([, { type }]) => type === 'zone') ?? [];
  const zone = (name === undefined ? undefined : given[name]) ?? (spec?.type === 'zone' ? spec.default : undefined);
  return typeof zone === 'string' && isZone(zone) ? zone : 'UTC';
}

type Read = { readonly value: ParameterValue } | { readonly problem: string };

function readValue(spec: Parameter, given: unknown, at: At): Read {
  if (given !== undefined && given !== null && given !== '') return parsed(spec, given, at);
  if ('default' in spec && spec.default !== undefined) return parsed(spec, spec.default, at);
  return spec.optional ? { value: null } : { problem: 'is missing' };
}

function parsed(spec: Parameter, given: unknown, at: At): Read {
  // A list is not text: as a string, a list of one number would look like that number.
  const text = typeof given === 'string' ? given.trim() : typeof given === 'object' ? '' : String(given);
  switch (spec.type) {
    case 'text': {
      const longest = spec.longest ?? LONGEST_TEXT;
      if (typeof given !== 'string') return { problem: 'must be text' };
      if (given.length > longest) return { problem: `has ${given.length} characters where ${longest} is the most` };
      if (given.includes('\0') || !given.isWellFormed()) return { problem: 'has a character that no store keeps' };
      return { value: given };
    }
    case 'long': {
      const { min, max, unit } = spec;
      const number = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
      if (Number.isSafeInteger(number) && number >= min && number <= max) return { value: number };
      return { problem: `must be a whole number of ${unit} from ${min} to ${max}, and is ${shown(given)}` };
    }
    case 'date': {
      const day = dayOf(text, at);
      if (day !== undefined) return { value: day };
      return { problem: `must be a day such as 2026-01-31 or today-7, and is ${shown(given)}` };
    }
    case 'moment': {
      if (text === 'now') return { value: 'now' };
      const moment = typeof given === 'number' ? given : momentOf(text);
      if (moment !== undefined && isMoment(moment)) return { value: moment };
      return { problem: `must be now, or a time with its zone such as 2026-03-01T04:00:00Z, and is ${shown(given)}` };
    }
    case 'zone':
      if (isZone(text)) return { value: text };
      return { problem: `must be a time zone such as Asia/Kolkata, and is ${shown(given)}` };
    case 'boolean':
      if (text === 'true' || text === 'false') return { value: text === 'true' };
      return { problem: `must be true or false, and is ${shown(given)}` };
    case 'choice':
      if (spec.of.includes(text)) return { value: text };
      return { problem: `must be one of ${spec.of.join(', ')}, and is ${shown(given)}` };
  }
}

const shown = (given: unknown): string =>
  (typeof given === 'bigint' ? String(given) : (JSON.stringify(given) ?? 'nothing')).slice(0, 60);

function dayOf(text: string, { now, zone }: At): string | undefined {
  const [, days] = /^today([+-]\d{1,4})?$/.exec(text) ?? [];
  if (text.startsWith('today')) {
    if (days === undefined && text !== 'today') return undefined;
    const today = DateTime.fromMillis(now, { zone });
    return today.plus({ days: Number(days ?? 0) }).toISODate() ?? undefined;
  }
  return isDay(text) ? text : undefined;
}

/** Whole ms from the year 1 to the year 9999, the range that every engine supports. */
function isMoment(at: number): boolean {
  const { isValid, year } = DateTime.fromMillis(Number.isSafeInteger(at) ? at : Number.NaN, { zone: 'utc' });
  return isValid && year >= 1 && year <= 9999;
}

/** A local time is a different moment in each zone, so the offset is required. */
function momentOf(text: string): number | undefined {
  if (!/(Z|[+-]\d\d:?\d\d)$/i.test(text)) return undefined;
  const time = DateTime.fromISO(text);
  return time.isValid ? time.toMillis() : undefined;
}
