/** Files for spreadsheet programs, as workers make them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defineReport } from '../../../reports/define-report.ts';
import { plan } from '../../../reports/requesting/asking.ts';
import { attempt } from '../../../reports/worker/attempt.ts';
import { WORKER_DEFAULTS } from '../../../reports/worker/settings.ts';
import { sheetsOf } from '../files/sheets.ts';
import { asking, KEYS, reportWorld } from './world.ts';

const NAMES = ['=HYPERLINK("https://example.org")', '+1+cmd', '@SUM(A1)', 'Élodie'];

const names = defineReport({
  name: 'names',
  title: 'Names',
  answers: 'Which names are there?',
  version: 1,
  role: 'analyst',
  freshMs: 60_000,
  parameters: {},
  columns: { name: { title: 'Name', type: 'string', doc: 'A name.' } },
  from: {
    reads: [],
    async *rows() {
      yield NAMES.map((name) => ({ name }));
    },
  },
});

async function fileOf(format: string, options: Readonly<Record<string, string>> = {}): Promise<Buffer> {
  const world = reportWorld();
  const { requests, clock, objects } = world;
  const reports = [names];
  const ask = asking({ report: 'names', parameters: {}, format, options });
  await requests.ask(plan(ask, { reports, keys: KEYS, now: clock.now() }).request, clock.now());
  const leased = await requests.lease('w', clock.now(), clock.now() + WORKER_DEFAULTS.leaseMs, 1);
  assert.ok(leased);
  const outcome = await attempt(leased, { ...world.parts('w'), reports }, new AbortController().signal);
  assert.ok(outcome.kind === 'done', JSON.stringify(outcome));
  return Buffer.concat(await Array.fromAsync(await objects.get(outcome.result.object)));
}

test('who asks for nothing else gets CSV in which no name is a formula', async () => {
  const [title, ...lines] = (await fileOf('csv')).toString().trimEnd().split('\r\n');
  assert.equal(title, 'Name');
  assert.deepEqual(lines, [`"'=HYPERLINK(""https://example.org"")"`, "'+1+cmd", "'@SUM(A1)", 'Élodie']);
});

test('in XLSX the same names are texts, unchanged', async () => {
  const [sheet] = await sheetsOf(await fileOf('xlsx'));
  const cells = [...(sheet?.cells.values() ?? [])].slice(1);
  assert.deepEqual(
    cells.map(({ value }) => value),
    NAMES,
  );
  assert.ok(!sheet?.xml.includes('<f>'));
});

test('who asks for a byte order mark gets one, once, and others get none', async () => {
  const mark = Buffer.from('\uFEFF');
  const marked = await fileOf('csv', { bom: 'true' });
  assert.deepEqual(marked.subarray(0, 3), mark);
  assert.equal(marked.indexOf(mark, 1), -1);
  assert.deepEqual(await fileOf('csv'), marked.subarray(3));
});
