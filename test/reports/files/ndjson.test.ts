import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ADA, COLUMNS, NOBODY, textOf, written } from './files.ts';

const linesOf = async (...[wanted, rows]: Parameters<typeof written>): Promise<string[]> => {
  const text = textOf((await written({ format: 'ndjson', ...wanted }, rows)).bytes);
  assert.ok(text === '' || text.endsWith('\n'));
  return text.split('\n').slice(0, -1);
};

test('a line is an object by the names of the columns', async () => {
  const [ada, nobody, ...rest] = await linesOf({}, [ADA, NOBODY]);
  assert.equal(
    ada,
    '{"learner":"Ada","views":3,"progress":62.5,"score":7.50,"active":true,"seen":"2026-10-05T08:30:15.250Z","enrolled":"2026-09-01"}',
  );
  assert.deepEqual(JSON.parse(nobody ?? ''), Object.fromEntries(COLUMNS.map(({ name }) => [name, null])));
  assert.deepEqual(rest, []);
});

test('a file without rows is empty', async () => {
  assert.deepEqual(await linesOf({}, []), []);
});

test('numbers have all digits, and what is no number is a text', async () => {
  const columns = [
    { name: 'long', title: '', type: 'long' },
    { name: 'decimal', title: '', type: 'decimal' },
    { name: 'double', title: '', type: 'double' },
  ] as const;
  const lines = await linesOf({ columns }, [
    [9223372036854775807n, '-0.10', 1e21],
    [-1n, '12345678901234567890.5', Number.NaN],
    [0n, '0', Number.NEGATIVE_INFINITY],
    [0n, '0', -0],
  ]);
  assert.deepEqual(lines, [
    '{"long":9223372036854775807,"decimal":-0.10,"double":1e+21}',
    '{"long":-1,"decimal":12345678901234567890.5,"double":"NaN"}',
    '{"long":0,"decimal":0,"double":"-Infinity"}',
    '{"long":0,"decimal":0,"double":0}',
  ]);
});

test('texts keep every character, and no option of CSV changes them', async () => {
  const columns = [{ name: 'a "b"', title: '', type: 'string' } as const];
  for (const text of ['=1+1', 'two\nlines\u2028', '"\\', '\0\u001F', 'ä 😀', '']) {
    const [line] = await linesOf({ columns, options: { zone: 'Asia/Kolkata', bom: true } }, [[text]]);
    assert.deepEqual(JSON.parse(line ?? ''), { 'a "b"': text });
  }
});

test('a file of the first rows says so in a last object with a key of its own', async () => {
  const notice = 'There are more rows: this file ends at the limit of 1.';
  assert.deepEqual(JSON.parse((await linesOf({ rowLimit: 1 }, [ADA, ADA]))[1] ?? ''), { _notice: notice });
  const columns = ['_notice', '__notice'].map((name) => ({ name, title: '', type: 'long' }) as const);
  const lines = await linesOf({ rowLimit: 1, columns }, [
    [1n, 1n],
    [2n, 2n],
  ]);
  assert.deepEqual(JSON.parse(lines[1] ?? ''), { ___notice: notice });
});
