/** The hand-written pages: their links, and lists that must be complete. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const decisions = readdirSync(join(root, 'docs/decisions')).filter((name) => /^\d{4}-/.test(name));
const pages = [
  ...['README.md', 'CONTRIBUTING.md', 'docs/decisions/README.md', 'demo/story/README.md'],
  ...readdirSync(join(root, 'docs')).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
  ...decisions.map((name) => `docs/decisions/${name}`),
];

const withoutCode = (text: string): string =>
  text.replaceAll(/^ *```[\s\S]*?^ *```$/gm, '').replaceAll(/`[^`\n]*`/g, '');

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(file: string): Set<string> {
  const headings = read(file)
    .replaceAll(/^ *```[\s\S]*?^ *```$/gm, '')
    .matchAll(/^#+ (.+)$/gm);
  return new Set(
    [...headings].map(([, heading]) =>
      (heading as string)
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

test('every link of a page leads to an existing file and heading', () => {
  const broken: string[] = [];
  for (const page of pages) {
    for (const [, link = ''] of withoutCode(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      if (!existsSync(join(root, target))) broken.push(`${page}: ${link}`);
      else if (anchor !== undefined && !anchorsOf(target).has(anchor)) broken.push(`${page}: ${link}`);
    }
  }
  assert.deepEqual(broken, []);
});

test('every decision is in the list of decisions', () => {
  const list = read('docs/decisions/README.md');
  assert.deepEqual(
    decisions.filter((name) => !list.includes(`](${name})`)),
    [],
  );
});

test('the README has less than 150 lines, and a row for every folder', () => {
  const readme = read('README.md');
  assert.ok(readme.split('\n').length < 150);
  const folders = readdirSync(root, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() &&
    !entry.name.startsWith('.') &&
    !['node_modules', 'data', 'dist', 'coverage'].includes(entry.name)
      ? [entry.name]
      : [],
  );
  assert.deepEqual(
    folders.filter((name) => !readme.includes(`| \`${name}/\``)),
    [],
  );
});
