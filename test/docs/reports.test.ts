/** What docs/reports.md states about files is true. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { truncatedWords } from '../../reports/files/about.ts';
import { FILE_FORMATS } from '../../reports/files/format.ts';
import { DATE_FORMATS, FILE_OPTIONS, parseFileOptions } from '../../reports/files/options.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/reports.md'), 'utf8');
/** The rows of the table whose first heading is this, as texts of cells without code marks. */
function tableOf(heading: string): string[][] {
  const lines = page.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^\\| ${heading} +\\|`).test(line));
  const rows = lines.slice(start + 2);
  return rows
    .slice(
      0,
      rows.findIndex((line) => !line.startsWith('|')),
    )
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}
const wordsOf = (cell = ''): string[] => [...cell.matchAll(/`([^`]*)`/g)].map(([, word]) => word as string);

test('the page lists every format', () => {
  assert.deepEqual(
    tableOf('format').map(([name]) => wordsOf(name)[0]),
    [...FILE_FORMATS],
  );
});

test('the page lists every option with its default, and each of the values is one', () => {
  const rows = tableOf('option');
  assert.deepEqual(rows.map(([name]) => wordsOf(name)[0]).sort(), Object.keys(FILE_OPTIONS).sort());
  for (const [name, values, standard] of rows) {
    const [option = ''] = wordsOf(name);
    for (const value of wordsOf(values)) {
      const parsed = parseFileOptions({ ...(option === 'decimal' && { separator: 'tab' }), [option]: value });
      assert.ok('value' in parsed, `${option}=${value}`);
    }
    assert.deepEqual(parseFileOptions({ [option]: wordsOf(standard)[0] ?? '' }), { value: FILE_OPTIONS });
  }
  assert.deepEqual(wordsOf(rows.find(([name]) => name === '`dates`')?.[1]), [...DATE_FORMATS]);
});

test('the page has the words of a file that is not whole', () => {
  assert.ok(page.includes(`\`${truncatedWords(1_000_000)}\``));
});
