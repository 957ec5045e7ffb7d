import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aboutJson, aboutRows } from '../../../reports/files/about.ts';
import { specOf } from './files.ts';

const { about } = specOf();
const RESULT = { rows: 12_000, truncated: true, shortened: 2 };

test('what a file reflects is JSON with the meaning of each column', () => {
  const [first, , third] = about.columns;
  assert.deepEqual(
    JSON.parse(aboutJson({ ...about, columns: [first, third].filter((each) => each !== undefined) }, RESULT)),
    {
      report: 'course-activity',
      title: 'Activity of a course',
      definitionVersion: 3,
      columnsVersion: '2',
      asOf: '2026-10-05T08:30:15.250Z',
      rows: 12_000,
      truncated: true,
      shortened: 2,
      parameters: [
        { name: 'course', value: 'rivers' },
        { name: 'learner', personal: true },
      ],
      columns: [
        { name: 'learner', title: 'Learner', type: 'string', meaning: 'What Learner means.' },
        { name: 'progress', title: 'Progress', type: 'double', unit: '%', meaning: 'What Progress means.' },
      ],
      sources: [{ table: 'rollups/activity/g1', version: 17, positions: { 'content.events/0': 4711 } }],
    },
  );
});

test('before the rows are written there is nothing about them', () => {
  assert.equal('rows' in JSON.parse(aboutJson(about)), false);
});

test('a value that identifies a person is nowhere', () => {
  for (const text of [aboutJson(about, RESULT), JSON.stringify(aboutRows(about, RESULT, 12_000))]) {
    assert.ok(text.includes('rivers'));
    assert.ok(!text.includes('ada@example.org'));
  }
});

test('the sheet has the same in words', () => {
  const rows = aboutRows(
    { ...about, sources: [...about.sources, { table: 'dead letters', positions: {} }] },
    RESULT,
    12_000,
  );
  const cellsOf = (name: string) => rows.find(([first]) => first === name)?.slice(1);
  assert.deepEqual(cellsOf('Report'), ['Activity of a course']);
  assert.deepEqual(cellsOf('As of'), ['2026-10-05T08:30:15.250Z']);
  assert.deepEqual(cellsOf('Rows'), ['12000']);
  assert.deepEqual(cellsOf('Complete'), ['There are more rows: this file ends at the limit of 12,000.']);
  assert.match(cellsOf('Shortened')?.[0] ?? '', /^2 texts are longer/);
  assert.deepEqual(cellsOf('learner'), ['left out, since it identifies a person']);
  assert.deepEqual(cellsOf('Progress'), ['progress', 'double', '%', 'What Progress means.', '']);
  assert.deepEqual(cellsOf('rollups/activity/g1'), ['17', 'content.events/0', '4711']);
  assert.deepEqual(cellsOf('dead letters'), ['']);
  const whole = aboutRows(about, { rows: 1, truncated: false, shortened: 0 }, 5);
  assert.deepEqual(whole.find(([name]) => name === 'Complete')?.[1], 'yes');
  assert.ok(!whole.some(([name]) => name === 'Shortened'));
});
