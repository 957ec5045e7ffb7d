import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { jobs } from '../../jobs/index.ts';
import { reports } from '../../reports/definitions/index.ts';

const root = join(import.meta.dirname, '../..');
const render = (...words: string[]) =>
  spawnSync(process.execPath, [join(root, 'docs/render.ts'), ...words], { encoding: 'utf8' });

test('the generated pages match the declarations', () => {
  const { status, stderr } = render('--check');
  assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
});

test('a page that is missing, or was changed by hand, is reported', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const none = render('--check', folder);
  assert.equal(none.status, 1);
  assert.match(none.stderr, /docs\/events\.md is not what .+\n.*docs\/projections\.md is not what/);
  assert.equal(render(folder).status, 0);
  assert.equal(render('--check', folder).status, 0);
  appendFileSync(join(folder, 'projections.md'), 'More.\n');
  const changed = render('--check', folder);
  assert.equal(changed.status, 1);
  assert.match(changed.stderr, /^docs\/projections\.md is not what the declarations say; run `npm run docs`/);
});

test('a schema of an event that no longer exists fails the check, and is removed', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'pages-'));
  t.after(() => rmSync(folder, { recursive: true }));
  render(folder);
  const left = join(folder, 'schemas/enrollment.dreamt.json');
  writeFileSync(left, '{}\n');
  const { status, stderr } = render('--check', folder);
  assert.equal(status, 1);
  assert.match(stderr, /^docs\/schemas\/enrollment\.dreamt\.json is not what the declarations say/);
  assert.equal(render(folder).status, 0);
  assert.equal(existsSync(left), false);
});

test('every table, index and cache of every job is on the page of projections', () => {
  const page = readFileSync(join(root, 'docs/projections.md'), 'utf8');
  for (const { row, views } of jobs) {
    for (const target of [row, ...views.map(({ into }) => into)]) {
      assert.ok(page.includes(`\n### ${target.name} (${target.kind})\n`), target.name);
    }
  }
});

test('every report is in the catalogue, with its parameters and columns', () => {
  const page = readFileSync(join(root, 'docs/report-catalogue.md'), 'utf8');
  const sections = new Map(page.split('\n## ').map((text) => [text.slice(0, text.indexOf('\n')), text]));
  for (const { name, parameters, columns } of reports) {
    const section = sections.get(name) ?? '';
    for (const each of [...Object.keys(parameters), ...columns.map((column) => column.name)])
      assert.ok(section.includes(`\n| \`${each}\` |`), `${name}: ${each}`);
  }
});

test('a link within a page leads to one of its headings', () => {
  for (const name of ['events.md', 'projections.md', 'report-catalogue.md']) {
    const page = readFileSync(join(root, 'docs', name), 'utf8');
    const headings = [...page.matchAll(/^#+ (.+)$/gm)].map(([, heading]) =>
      (heading as string)
        .toLowerCase()
        .replaceAll(' ', '-')
        .replaceAll(/[^\w-]/g, ''),
    );
    assert.equal(new Set(headings).size, headings.length, 'no two headings have the same link');
    for (const [, link] of page.matchAll(/\]\(#(.+?)\)/g)) assert.ok(headings.includes(link as string), link);
  }
});
