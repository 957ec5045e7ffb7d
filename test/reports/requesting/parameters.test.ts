import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Parameter, Report } from '../../../reports/define-report.ts';
import { type GivenValues, type Parsed, parseParameters, resolved } from '../../../reports/requesting/parameters.ts';

const NOW = Date.UTC(2026, 2, 1, 4);
type Parameters = Readonly<Record<string, Parameter>>;

const parse = (parameters: Parameters, given: GivenValues, problems: Report['problems'] = () => []): Parsed =>
  parseParameters({ name: 'ones', parameters, problems }, given, NOW);
const one = (spec: Parameter, given: unknown): Parsed => parse({ of: spec }, { of: given });

const doc = 'It.';
const text: Parameter = { type: 'text', doc };
const days: Parameter = { type: 'long', unit: 'days', min: 1, max: 30, doc };
const date: Parameter = { type: 'date', doc };
const moment: Parameter = { type: 'moment', doc };
const zone: Parameter = { type: 'zone', doc };
const flag: Parameter = { type: 'boolean', doc };
const choice: Parameter = { type: 'choice', of: ['day', 'week'], doc };

for (const [spec, given, value] of [
  [text, 'spring', 'spring'],
  [text, " O'Neil -- ", " O'Neil -- "],
  [text, 'ü'.repeat(300), 'ü'.repeat(300)],
  [days, 7, 7],
  [days, '7', 7],
  [days, ' +7 ', 7],
  [{ ...days, min: -9 } as Parameter, '-9', -9],
  [date, '2026-02-28', '2026-02-28'],
  [date, '2024-02-29', '2024-02-29'],
  [date, 'today', '2026-03-01'],
  [date, 'today-1', '2026-02-28'],
  [date, 'today+31', '2026-04-01'],
  [moment, 'now', 'now'],
  [moment, '2026-03-01T04:00:00Z', NOW],
  [moment, '2026-03-01T09:30:00+05:30', NOW],
  [moment, '2026-03-01T04:00:00.001+0000', NOW + 1],
  [moment, NOW, NOW],
  [zone, 'Asia/Kolkata', 'Asia/Kolkata'],
  [zone, 'UTC', 'UTC'],
  [flag, true, true],
  [flag, 'false', false],
  [choice, 'week', 'week'],
] as const) {
  test(`${spec.type} ${JSON.stringify(given)?.slice(0, 40)} is ${JSON.stringify(value).slice(0, 40)}`, () => {
    assert.deepEqual(one(spec, given), { values: { of: value } });
  });
}

for (const [spec, given, problem] of [
  [text, 7, /must be text/],
  [text, ['spring'], /must be text/],
  [text, 'x'.repeat(301), /has 301 characters where 300 is the most/],
  [{ ...text, longest: 3 } as Parameter, 'abcd', /has 4 characters where 3 is the most/],
  [text, 'a\0b', /has a character that no store keeps/],
  [text, 'a\ud800b', /has a character that no store keeps/],
  [days, 0, /must be a whole number of days from 1 to 30, and is 0/],
  [days, 31, /from 1 to 30, and is 31/],
  [days, '1.5', /and is "1.5"/],
  [days, '1e1', /and is "1e1"/],
  [days, '7; drop table x', /and is "7; drop table x"/],
  [days, [7], /and is \[7\]/],
  [days, 7n, undefined],
  [days, {}, /and is \{\}/],
  [date, '2026-02-29', /must be a day such as 2026-01-31 or today-7, and is "2026-02-29"/],
  [date, '2026-2-1', /must be a day/],
  [date, '0000-01-01', /must be a day/],
  [date, 'today-', /must be a day/],
  [date, 'todays', /must be a day/],
  [date, 'today-99999', /must be a day/],
  [date, "2026-01-01' or '1'='1", /must be a day/],
  [moment, '2026-03-01T04:00:00', /must be now, or a time with its zone/],
  [moment, '2026-03-01', /must be now/],
  [moment, 1.5, /must be now/],
  [moment, 8.64e15, /must be now/],
  [moment, '-000001-01-01T00:00:00Z', /must be now/],
  [moment, true, /must be now/],
  [zone, 'Kolkata', /must be a time zone such as Asia\/Kolkata, and is "Kolkata"/],
  [zone, '+05:30', /must be a time zone/],
  [zone, "UTC' or '1'='1", /must be a time zone/],
  [flag, 'yes', /must be true or false, and is "yes"/],
  [flag, 1, /must be true or false, and is 1/],
  [choice, 'month', /must be one of day, week, and is "month"/],
  [choice, 'constructor', /must be one of day, week/],
] as const) {
  if (problem === undefined) continue;
  test(`${spec.type} ${JSON.stringify(given)?.slice(0, 40)} is refused, with what to give`, () => {
    const parsed = one(spec, given);
    assert.ok('problems' in parsed, JSON.stringify(parsed));
    assert.equal(parsed.problems.length, 1);
    assert.match(parsed.problems[0]?.message ?? '', /^the parameter of .+: It\.$/);
    assert.match(parsed.problems[0]?.message ?? '', problem);
  });
}

test('what is left out has its default, or is null where it is optional, or is missing', () => {
  const parameters: Parameters = {
    first: { ...date, optional: true } as Parameter,
    asOf: { ...moment, default: 'now' } as Parameter,
    flag: { ...flag, default: false } as Parameter,
  };
  const values = { first: null, asOf: 'now', flag: false };
  for (const given of [{}, { first: null, asOf: null }, { first: '', asOf: undefined, flag: '' }])
    assert.deepEqual(parse(parameters, given), { values });
  assert.deepEqual(parse({ batchId: text }, {}), {
    problems: [{ field: 'parameters.batchId', message: 'the parameter batchId is missing: It.' }],
  });
});

test('today is that of the zone that is given, or of the zone by default', () => {
  // At 18:45 UTC it is the next day in Kolkata.
  const late = Date.UTC(2026, 2, 1, 18, 45);
  const parameters: Parameters = { first: date, zone: { ...zone, default: 'UTC' } as Parameter };
  const first = (given: GivenValues) => parseParameters({ name: 'ones', parameters, problems: () => [] }, given, late);
  assert.deepEqual(first({ first: 'today' }), { values: { first: '2026-03-01', zone: 'UTC' } });
  const zoned = { first: 'today-1', zone: 'Asia/Kolkata' };
  assert.deepEqual(first(zoned), { values: { ...zoned, first: '2026-03-01' } });
});

test('now stays now until the report runs, and conditions between parameters see the moment', () => {
  const parameters: Parameters = { asOf: { ...moment, default: 'now' } as Parameter, text };
  const seen: unknown[] = [];
  const parsed = parse(parameters, { text: 'now' }, (values) => {
    seen.push(values);
    return [];
  });
  assert.deepEqual(parsed, { values: { asOf: 'now', text: 'now' } });
  assert.deepEqual(seen, [{ asOf: NOW, text: 'now' }]);
  assert.deepEqual(resolved({ parameters }, { asOf: 'now', text: 'now' }, 7), { asOf: 7, text: 'now' });
  assert.deepEqual(resolved({ parameters }, { asOf: 5, text: 'x' }, 7), { asOf: 5, text: 'x' });
});

test('values are in the order of the declaration, whatever order they were given in', () => {
  const parsed = parse({ a: text, b: text, c: text }, { c: '3', a: '1', b: '2' });
  assert.ok('values' in parsed);
  assert.equal(JSON.stringify(parsed.values), '{"a":"1","b":"2","c":"3"}');
});

test('all errors are told at once, and conditions between parameters only when each is right', () => {
  const parameters: Parameters = { batchId: text, days, zone };
  const between = () => ['the days are too many: give fewer'];
  const wrong = parse(parameters, { days: 99, zone: 'here', batch: 'spring', toString: 'x' }, between);
  assert.ok('problems' in wrong);
  assert.deepEqual(
    wrong.problems.map(({ message }) => message.split(':')[0]),
    [
      'ones has no parameter batch',
      'ones has no parameter toString',
      'the parameter batchId is missing',
      'the parameter days must be a whole number of days from 1 to 30, and is 99',
      'the parameter zone must be a time zone such as Asia/Kolkata, and is "here"',
    ],
  );
  assert.deepEqual(parse(parameters, { batchId: 'spring', days: 9, zone: 'UTC' }, between), {
    problems: between().map((message) => ({ field: 'parameters', message })),
  });
  assert.deepEqual(parse({}, { batchId: 'spring' }), {
    problems: [{ field: 'parameters.batchId', message: 'ones has no parameters, and so no batchId' }],
  });
});
