/** What users type after `npm start`: the report that its last lines name, and a spreadsheet with the figures of the data set's files. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startOf } from '../../demo/events.ts';
import { readRows } from '../../demo/read.ts';
import { selectRows } from '../../demo/rows.ts';
import { temporaryFolder, tributary } from '../cli/harness.ts';
import { partsOf, sheetsOf, stylesIn } from '../reports/files/sheets.ts';

const PRESENTATION = 'AAA-2013J';
const DAY = 86_400_000;
/** Day 0 of spreadsheets. */
const DAY_0 = Date.UTC(1899, 11, 30);

/** The first sheet: its columns without titles, and the number formats of its cells. */
async function sheetIn(file: string) {
  const bytes = readFileSync(file);
  const [sheet] = await sheetsOf(bytes);
  const styles = stylesIn(await partsOf(bytes));
  return {
    column: (letter: string): string[] => {
      const cells = [...(sheet?.cells ?? [])].filter(([at]) => new RegExp(`^${letter}\\d+$`).test(at));
      return cells.slice(1).map(([, { value }]) => value);
    },
    format: (at: string) => styles[Number(sheet?.cells.get(at)?.style)]?.format,
  };
}

test('the report that the demo names is made, and a workbook of the trend has dates and the figures of the files', async (t) => {
  const folder = temporaryFolder(t);
  const run = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await tributary(folder, args);
    assert.equal(code, 0, stderr);
    return stdout;
  };
  const { registrations } = selectRows(readRows(), [PRESENTATION]);
  const summary = await run('demo', '--presentations', PRESENTATION);

  const [, sample = ''] = /npx tributary (report run learner-progress .*?) +#/.exec(summary) ?? [];
  await run(...sample.split(' '));
  const learners = (await sheetIn(join(folder, `${PRESENTATION}.xlsx`))).column('E');
  assert.deepEqual(learners, registrations.map(({ student }) => student).sort());

  await run('report', 'run', 'enrollment-trend', '--format', 'xlsx', '--out', 't.xlsx');
  const trend = await sheetIn(join(folder, 't.xlsx'));
  assert.equal(trend.format('A2'), 'yyyy\\-mm\\-dd');
  const start = startOf({ presentation: '2013J' });
  const on = (days: readonly (number | undefined)[], day: number): number =>
    days.filter((each) => each !== undefined && start + each * DAY === day).length;
  // Without a day, somebody registered when the presentation was announced.
  const joined = registrations.map(({ registered = -365 }) => registered);
  const left = registrations.map(({ unregistered }) => unregistered);
  let there = 0;
  const expected = trend.column('A').map((serial) => {
    const day = DAY_0 + Number(serial) * DAY;
    there += on(joined, day) - on(left, day);
    return [on(joined, day), on(left, day), there];
  });
  const [b, c, e] = ['B', 'C', 'E'].map((letter) => trend.column(letter).map(Number)) as [number[], number[], number[]];
  assert.deepEqual(
    b.map((value, n) => [value, c[n], e[n]]),
    expected,
  );
  assert.equal(
    b.reduce((sum, value) => sum + value, 0),
    registrations.length,
  );
  assert.equal(there, left.filter((each) => each === undefined).length);
});
