/** What Explore plots, and the file with the same figures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldOf } from '../../../reports/files/csv-cells.ts';
import { FILE_OPTIONS } from '../../../reports/files/options.ts';
import { moduleOfPage } from './module-of-page.ts';

const { csv } = await moduleOfPage('screens/explore/csv.js');
const { chosenOf, lineOf, rest, totalsOf } = await moduleOfPage('screens/explore/series.js');
const { namesFor, textsOf } = await moduleOfPage('screens/explore/names.js');

test('a field of the file is what files of reports have, whatever the text', () => {
  const field = fieldOf(FILE_OPTIONS);
  const sign = fc.constantFrom('=', '+', '-', '@', '\t', '\r', ' =', '"', ',', '＝', '-1', '+2,5', "'");
  const text = fc.tuple(fc.option(sign), fc.string({ unit: 'binary' })).map(([first, more]) => (first ?? '') + more);
  fc.assert(
    fc.property(text, (each) => assert.equal(csv([each], []), `${field(each)}\r\n`)),
    { numRuns: 2000 },
  );
});

test('a file has CR LF, figures as they are, and nothing for what is not known', () => {
  const rows = [
    ['2026-01-01', 1234.5, null],
    ['2026-01-02', -3, 0],
  ];
  assert.equal(
    csv(['day', '=cmd', 'a, "b"'], rows),
    'day,\'=cmd,"a, ""b"""\r\n2026-01-01,1234.5,\r\n2026-01-02,-3,0\r\n',
  );
});

const figures = (names: readonly string[], rows: readonly (readonly unknown[])[]) => ({
  columns: names.map((name) => ({ name })),
  rows,
  more: false,
});
const many = Array.from({ length: 12 }, (_, at) => ({ value: `c${at}`, total: 100 - at }));

test('the largest have lines; the others are one line only where figures may be added up', () => {
  const found = figures(
    ['course_id', 'joined'],
    [
      ['a', 1],
      [null, 7],
      ['b', '9007199254740993'],
      ['c', null],
    ],
  );
  const totals = totalsOf(found, 'course_id', { name: 'joined', kind: 'sum' });
  assert.deepEqual(
    totals.map(({ value }: { value: string | null }) => value),
    ['b', null, 'a', 'c'],
  );
  assert.equal(
    totalsOf(found, 'course_id', { name: 'joined', kind: 'count' }).length,
    3,
    'who has no count is not there',
  );
  assert.equal(chosenOf(many, { kind: 'sum' }).length, 7);
  assert.equal(chosenOf(many, { kind: 'distinct' }).length, 8);
  assert.equal(chosenOf(many.slice(0, 8), { kind: 'count' }).length, 8);
  assert.deepEqual(rest([10, 5, null], [{ values: [4, 5, null] }, { values: [1, null, null] }]), [5, 0, 0]);
});

test('a period without rows has no count, but its quantile is not known', () => {
  const found = figures(
    ['date', 'channel', 'm'],
    [
      ['2026-01-01', 'mail', 3],
      ['2026-01-03', null, 4],
    ],
  );
  const days = ['2026-01-01', '2026-01-02', '2026-01-03'];
  const of = (kind: string, only?: object) => lineOf(found, { name: 'm', kind }, days, only);
  assert.deepEqual(of('count'), [3, 0, 4]);
  assert.deepEqual(of('quantile'), [3, null, 4]);
  assert.deepEqual(of('count', { by: 'channel', value: null }), [0, 0, 4]);
});

test('values with one name have their ids beside it, and no others have', () => {
  const names = new Map([
    ['r1', 'Rivers'],
    ['r2', 'Rivers'],
    ['h', 'Hills'],
  ]);
  assert.deepEqual(textsOf(['r1', 'h', 'r2', 'x', null, true], names), [
    'Rivers (r1)',
    'Hills',
    'Rivers (r2)',
    'x',
    'Unknown',
    'Yes',
  ]);
});

test('figures are shown without names where the names may not be read, or there are none', async () => {
  const refused = { get: () => Promise.reject(new Error('not allowed')) };
  const { signal } = new AbortController();
  assert.deepEqual([...(await namesFor(refused, 'course_id', ['a'], signal))], []);
  const unasked = { get: () => assert.fail('nothing is asked') };
  assert.deepEqual([...(await namesFor(unasked, 'content_type', ['a'], signal))], []);
  assert.deepEqual([...(await namesFor(unasked, 'course_id', [null], signal))], []);
});
