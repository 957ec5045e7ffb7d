import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fileOf } from '../../../reports/files/file.ts';
import type { Cell, ColumnType, FileRow, Progress } from '../../../reports/files/format.ts';
import { limited } from '../../../reports/files/pages.ts';
import { SHEET_LIMITS, type SheetLimits } from '../../../reports/files/xlsx/sheets.ts';
import { writeXlsx } from '../../../reports/files/xlsx/workbook.ts';
import { ADA, bytesOf, NOBODY, pagesOf, specOf, written } from './files.ts';
import { partsOf, type ReadCell, type ReadSheet, sheetsOf, stylesIn } from './sheets.ts';

type Wanted = Parameters<typeof written>[0];

async function sheets(wanted: Wanted, rows: readonly FileRow[]): Promise<ReadSheet[]> {
  return sheetsOf((await written({ format: 'xlsx', ...wanted }, rows)).bytes);
}
async function data(wanted: Wanted, rows: readonly FileRow[]): Promise<ReadSheet> {
  return (await sheets(wanted, rows))[0] ?? assert.fail('no sheet');
}

/** Days since 1899-12-30, as spreadsheets count them. */
const serial = (iso: string): string => String(Date.parse(iso) / 86_400_000 + 25_569);

async function cellOf(type: ColumnType, cell: Cell, zone = 'UTC'): Promise<ReadCell | undefined> {
  const columns = [{ name: 'a', title: 'a', type }];
  return (await data({ columns, options: { zone } }, [[cell]])).cells.get('A2');
}

const MOMENT = '1';
const DATE = '2';
const HEADER = '3';
const QUOTED = '4';

test('a sheet has the titles, the rows by their types, and nothing where there is null', async () => {
  const { name, cells } = await data({}, [ADA, NOBODY, ADA]);
  assert.equal(name, 'Data');
  assert.deepEqual(
    'ABCDEFG'.split('').map((column) => cells.get(`${column}1`)),
    ['Learner', 'Views', 'Progress', 'Score', 'Active', 'Last seen', 'Enrolled on'].map((value) => ({
      type: 'inlineStr',
      style: HEADER,
      value,
    })),
  );
  for (const row of [2, 4]) {
    assert.deepEqual(
      'ABCDEFG'.split('').map((column) => cells.get(`${column}${row}`)),
      [
        { type: 'inlineStr', style: '', value: 'Ada' },
        { type: '', style: '', value: '3' },
        { type: '', style: '', value: '62.5' },
        { type: '', style: '', value: '7.50' },
        { type: 'b', style: '', value: '1' },
        { type: '', style: MOMENT, value: serial('2026-10-05T08:30:15.250Z') },
        { type: '', style: DATE, value: serial('2026-09-01') },
      ],
    );
  }
  assert.equal(cells.size, 21);
});

test('the styles of dates are what the cells name', async () => {
  const styles = stylesIn(await partsOf((await written({ format: 'xlsx' }, [])).bytes));
  assert.equal(styles[Number(MOMENT)]?.format, 'yyyy\\-mm\\-dd\\ hh:mm:ss');
  assert.equal(styles[Number(DATE)]?.format, 'yyyy\\-mm\\-dd');
  assert.match(styles[Number(QUOTED)]?.xml ?? '', /quotePrefix="1"/);
  assert.equal(styles.length, 6);
});

test('the header stays in sight, and columns are as wide as what is in them', async () => {
  const { xml } = await data({}, [['A learner with a rather long name', ...ADA.slice(1)]]);
  assert.match(xml, /<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"\/>/);
  const widths = [...xml.matchAll(/<col min="\d+" max="\d+" width="(\d+)"/g)].map(([, width]) => Number(width));
  assert.deepEqual(widths, [35, 11, 11, 11, 11, 21, 13]);
});

test('numbers that a spreadsheet would change are texts with all digits', async () => {
  const text = (value: string) => ({ type: 'inlineStr', style: '', value });
  const plain = (value: string) => ({ type: '', style: '', value });
  for (const [type, cell, expected] of [
    ['long', 999_999_999_999_999n, plain('999999999999999')],
    ['long', -999_999_999_999_999n, plain('-999999999999999')],
    ['long', 1_000_000_000_000_000n, text('1000000000000000')],
    ['long', 2n ** 53n + 1n, text('9007199254740993')],
    ['long', -(2n ** 63n), text('-9223372036854775808')],
    ['decimal', '1234567890123.45', plain('1234567890123.45')],
    ['decimal', '-0.000000000000001', plain('-0.000000000000001')],
    ['decimal', '1234567890123.456', text('1234567890123.456')],
    ['double', 1e300, plain('1e+300')],
    ['double', 0.1, plain('0.1')],
    ['double', Number.NaN, text('NaN')],
    ['double', Number.POSITIVE_INFINITY, text('Infinity')],
  ] as const) {
    assert.deepEqual(await cellOf(type, cell), expected);
  }
});

test('times are those of the zone, and times that spreadsheets do not have are texts', async () => {
  const at = Date.parse('2026-10-05T20:00:00Z');
  assert.deepEqual(await cellOf('timestamp', at, 'Asia/Kolkata'), {
    type: '',
    style: MOMENT,
    value: serial('2026-10-06T01:30:00Z'),
  });
  assert.deepEqual(await cellOf('date', '1900-03-01'), { type: '', style: DATE, value: '61' });
  assert.deepEqual(await cellOf('date', '9999-12-31'), { type: '', style: DATE, value: '2958465' });
  for (const [type, cell, value] of [
    ['date', '1900-02-28', '1900-02-28'],
    ['date', '+010000-01-01', '+010000-01-01'],
    ['timestamp', 253402300800000, '+010000-01-01T00:00:00.000Z'],
  ] as const) {
    const found = await cellOf(type, cell);
    assert.deepEqual([found?.type, found?.value], ['inlineStr', value]);
  }
});

test('a text that looks like a formula is a text, also after its cell was edited', async () => {
  for (const text of ['=1+1', '@x', '=HYPERLINK("http://x.example")']) {
    assert.deepEqual(await cellOf('string', text), { type: 'inlineStr', style: QUOTED, value: text });
  }
  const { xml } = await data({}, [['=1+1', ...ADA.slice(1)]]);
  assert.ok(!xml.includes('<f>'));
});

test('every text comes back as it was', async () => {
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'_x0041\0\u0001\r\n\t <>&"\uFFFE\uFFFF') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 20 }), async (list) => {
      const columns = [{ name: 'a', title: 'a', type: 'string' } as const];
      const { cells } = await data(
        { columns },
        list.map((text) => [text]),
      );
      assert.deepEqual(
        list.map((_, at) => cells.get(`A${at + 2}`)?.value),
        list,
      );
    }),
    { numRuns: 15 },
  );
  assert.equal((await cellOf('string', '_x000D_'))?.value, '_x000D_');
});

test('a text that is too long for a cell ends with a note, and the file says how many there are', async () => {
  const fits = 'x'.repeat(32_767);
  const long = `${'x'.repeat(32_700)}${'😀'.repeat(1000)}`;
  const columns = [{ name: 'a', title: 'a', type: 'string' } as const];
  const { bytes, result } = await written({ format: 'xlsx', columns }, [[fits], [long]]);
  assert.deepEqual(result, { rows: 2, truncated: false, shortened: 1 });
  const [first, about] = await sheetsOf(bytes);
  assert.equal(first?.cells.get('A2')?.value, fits);
  const cut = first?.cells.get('A3')?.value ?? '';
  assert.ok(cut.length <= 32_767 && cut.isWellFormed());
  assert.ok(cut.startsWith('x'.repeat(32_700)));
  assert.match(cut.slice(32_700), / … \[34,700 characters: too long for a cell\]$/);
  assert.ok([...(about?.cells.values() ?? [])].some(({ value }) => value === 'Shortened'));
});

test('names of columns go on after Z', async () => {
  const columns = Array.from(
    { length: 703 },
    (_, at) => ({ name: `c${at}`, title: `Column ${at}`, type: 'long' }) as const,
  );
  const { cells } = await data({ columns }, []);
  const titles = ['Z1', 'AA1', 'AZ1', 'BA1', 'ZZ1', 'AAA1'].map((at) => cells.get(at)?.value);
  assert.deepEqual(
    titles,
    [25, 26, 51, 52, 701, 702].map((at) => `Column ${at}`),
  );
});

test('a sheet tells what the file reflects, without values that identify a person', async () => {
  const [, about, ...rest] = await sheets({}, [ADA]);
  assert.equal(about?.name, 'About');
  assert.equal(about.cells.get('B1')?.value, 'Activity of a course');
  assert.deepEqual(rest, []);
  assert.ok(!about.xml.includes('ada@example.org'));
});

/** A workbook with other sheet limits than Excel's. */
async function workbookOf(count: number, limits: SheetLimits, rowLimit = 1_000_000): Promise<ReadSheet[]> {
  const columns = [{ name: 'n', title: 'N', type: 'long' } as const];
  const spec = specOf({ format: 'xlsx', columns, rowLimit });
  const progress: Progress = { rows: 0, truncated: false, shortened: 0 };
  const rows = Array.from({ length: count }, (_, at): FileRow => [BigInt(at)]);
  const pages = limited(pagesOf(rows, 3), rowLimit, progress, () => undefined);
  return sheetsOf(await bytesOf(writeXlsx(spec, pages, progress, limits)));
}
const columnOf = ({ cells }: ReadSheet): string[] => [...cells.values()].slice(1).map(({ value }) => value);
const numbers = (from: number, to: number): string[] => Array.from({ length: to - from }, (_, at) => String(from + at));

test('rows beyond a sheet go on in the next one, and each sheet says so', async () => {
  const limits = { rows: 10, characters: 1e9 };
  const found = await workbookOf(20, limits);
  assert.deepEqual(
    found.map(({ name }) => name),
    ['Data', 'Data 2', 'Data 3', 'About'],
  );
  const [first, second, third] = found as [ReadSheet, ReadSheet, ReadSheet];
  assert.deepEqual(columnOf(first), [...numbers(0, 8), 'The rows go on in the sheet Data 2.']);
  assert.deepEqual(columnOf(second), [...numbers(8, 16), 'The rows go on in the sheet Data 3.']);
  assert.deepEqual(columnOf(third), numbers(16, 20));
  for (const sheet of [first, second, third]) assert.equal(sheet.cells.get('A1')?.value, 'N');
  assert.ok(first.cells.has('A10') && !first.cells.has('A11'));
});

test('no sheet is begun for no rows', async () => {
  const limits = { rows: 10, characters: 1e9 };
  for (const [count, names] of [
    [0, ['Data', 'About']],
    [8, ['Data', 'About']],
    [9, ['Data', 'Data 2', 'About']],
    [16, ['Data', 'Data 2', 'About']],
    [17, ['Data', 'Data 2', 'Data 3', 'About']],
  ] as const) {
    assert.deepEqual(
      (await workbookOf(count, limits)).map(({ name }) => name),
      names,
    );
  }
});

test('the notice of a truncated file has a row in the last sheet, also if this is full', async () => {
  const notice = 'There are more rows: this file ends at the limit of';
  for (const rowLimit of [1, 7, 8, 9, 16]) {
    const found = await workbookOf(20, { rows: 10, characters: 1e9 }, rowLimit);
    const last = found.at(-2) as ReadSheet;
    assert.equal(columnOf(last).at(-1), `${notice} ${rowLimit}.`);
    const rows = found.slice(0, -1).flatMap((sheet) => columnOf(sheet).filter((value) => /^\d+$/.test(value)));
    assert.deepEqual(rows, numbers(0, rowLimit));
  }
});

test('a sheet ends before its XML is too large', async () => {
  const found = await workbookOf(2000, { rows: 1_048_576, characters: 20_000 });
  assert.equal(found.length, 6);
  assert.deepEqual(
    found.slice(0, -1).flatMap((sheet) => columnOf(sheet).filter((value) => /^\d+$/.test(value))),
    numbers(0, 2000),
  );
  // A character takes at most three bytes of UTF-8. The last rows may exceed the limit.
  assert.ok(SHEET_LIMITS.characters * 3 < 0.9 * 2 ** 32);
  assert.equal(SHEET_LIMITS.rows, 2 ** 20);
});

test('a sheet has as many rows as Excel takes, and the next one has the rest', async () => {
  const excelRows = 1_048_576;
  const columns = [{ name: 'n', title: 'N', type: 'long' } as const];
  const nobody: FileRow = [null];
  async function* pages(): AsyncGenerator<readonly FileRow[]> {
    const page = Array.from({ length: 2048 }, () => nobody);
    for (let left = excelRows + 9; left > 0; left -= page.length) yield page.slice(0, left);
  }
  const { bytes, result } = fileOf(specOf({ format: 'xlsx', columns, rowLimit: 2_000_000 }), pages());
  const found = await sheetsOf(await bytesOf(bytes));
  assert.deepEqual(
    found.slice(0, -1).map(({ name, xml }) => [name, xml.split('<row ').length - 1]),
    // Besides the rows, the sheets have two headers, and one line that says that the rows continue.
    [
      ['Data', excelRows],
      ['Data 2', 9 + 2 + 1],
    ],
  );
  assert.ok(found[0]?.cells.has(`A${excelRows}`));
  assert.deepEqual(result(), { rows: excelRows + 9, truncated: false, shortened: 0 });
});
