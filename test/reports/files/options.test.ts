import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FILE_OPTIONS, parseFileOptions } from '../../../reports/files/options.ts';

test('options that are not given have their defaults', () => {
  assert.deepEqual(parseFileOptions({}), { value: FILE_OPTIONS });
});

test('options are read from words and from characters', () => {
  const value = {
    zone: 'Asia/Kolkata',
    separator: ';',
    bom: true,
    decimal: ',',
    dates: 'DD.MM.YYYY',
    escapeFormulas: false,
  };
  const rest = { zone: 'Asia/Kolkata', bom: 'true', dates: 'DD.MM.YYYY', escapeFormulas: 'false' };
  assert.deepEqual(parseFileOptions({ ...rest, separator: 'semicolon', decimal: 'comma' }), { value });
  assert.deepEqual(parseFileOptions({ ...rest, separator: ';', decimal: ',' }), { value });
});

test('all that is wrong is said at once', () => {
  assert.deepEqual(
    parseFileOptions({ zone: '+05:30', separator: '|', bom: 'yes', decimal: ',', dates: 'long', escapeFormula: 'no' }),
    {
      problems: [
        'separator is one of comma, semicolon, tab, not "|"',
        'bom is one of true, false, not "yes"',
        'dates is one of iso, YYYY-MM-DD, DD/MM/YYYY, MM/DD/YYYY, DD.MM.YYYY, not "long"',
        'unknown options: "escapeFormula"; there are zone, separator, bom, decimal, dates, escapeFormulas',
        'zone is the name of a time zone, such as Asia/Kolkata, not "+05:30"',
        'a decimal comma needs another separator: set separator to semicolon or tab',
      ],
    },
  );
});

test('names that every object has are no options', () => {
  assert.ok('problems' in parseFileOptions({ constructor: 'x', toString: 'y' }));
  assert.ok('problems' in parseFileOptions({ bom: 'toString' }));
});
