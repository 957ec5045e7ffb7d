/** Files that an analyst downloads from the page, compared with a direct count of the data set. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import type { Page } from 'playwright-core';
import { service, withWorker } from '../app/service/harness.ts';
import { temporaryFolder, tributary } from '../cli/harness.ts';
import { browserTest, openPage } from '../harness/browser.ts';
import { sheetsOf } from '../reports/files/sheets.ts';

const PRESENTATION = 'AAA-2013J';
type Line = Readonly<Record<string, string>>;

const registrations = (): Line[] => {
  const file = new URL('../../demo/oulad/studentRegistration.csv.gz', import.meta.url);
  const lines: Line[] = parse(gunzipSync(readFileSync(file)), { columns: true });
  return lines.filter((line) => `${line['code_module']}-${line['code_presentation']}` === PRESENTATION);
};

/** The bytes of the file that a click downloads. */
async function downloaded(page: Page): Promise<Buffer> {
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name: 'Download', exact: true }).click(),
  ]);
  return readFile(await download.path());
}

browserTest('three clicks from the catalogue lead to a file, and its figures are those of the data set', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await tributary(folder, ['demo', '--presentations', PRESENTATION, '--json']);
  assert.equal(code, 0, stderr);
  const { address, wired } = await service(t, { data: join(folder, 'data') });
  const lines = registrations();
  const left = lines.filter((line) => line['date_unregistration'] !== '');
  assert.ok(lines.length > 300 && left.length > 10);

  await withWorker(wired, async () => {
    const page = await openPage(t, `${address}/reports`);
    await page.getByRole('link', { name: 'Enrollment by day', exact: true }).click();
    await page.getByRole('button', { name: 'Create file' }).click();
    const [sheet] = await sheetsOf(await downloaded(page));
    const column = (letter: string) =>
      [...(sheet?.cells ?? [])]
        .filter(([at]) => new RegExp(`^${letter}(?!1$)\\d+$`).test(at))
        .map(([, cell]) => Number(cell.value));
    const sum = (values: readonly number[]) => values.reduce((one, other) => one + other, 0);
    assert.deepEqual([sum(column('B')), sum(column('C'))], [lines.length, left.length]);
    assert.equal(column('E').at(-1), lines.length - left.length);

    await page.getByRole('heading', { name: 'First rows' }).waitFor();
    await page.getByText('These are the first 100 rows. The file has more.').waitFor();
    assert.equal(await page.locator('.preview tbody tr').count(), 100);

    await page.goto(`${address}/reports/learner-progress`);
    await page.getByRole('combobox', { name: 'Batch' }).fill(PRESENTATION);
    await page.getByRole('option', { name: PRESENTATION }).click();
    await page.getByRole('radio', { name: 'CSV' }).check();
    await page.getByRole('button', { name: 'Create file' }).click();
    const rows: Line[] = parse(await downloaded(page), { columns: true });
    assert.deepEqual(rows.map((row) => row['Learner id']).sort(), lines.map((line) => line['id_student']).sort());
    assert.equal(rows.filter((row) => row['Active'] === 'false').length, left.length);
  });
});
