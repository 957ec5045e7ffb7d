/**
 * Writes the pages that are made from the declarations, here or into the folder that is named. `--check` writes nothing and
 * ends with 1 if one of them is not what it would be.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventsPage } from './events-page.ts';
import { projectionsPage } from './projections-page.ts';

const PAGES: Readonly<Record<string, () => string>> = {
  'events.md': eventsPage,
  'projections.md': projectionsPage,
};

const words = process.argv.slice(2);
const check = words.includes('--check');
const folder = words.find((word) => !word.startsWith('-')) ?? import.meta.dirname;

for (const [name, page] of Object.entries(PAGES)) {
  const file = join(folder, name);
  if (!check) writeFileSync(file, page());
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== page()) {
    console.error(`docs/${name} is not what the declarations say; run \`npm run docs\` and commit it`);
    process.exitCode = 1;
  }
}
