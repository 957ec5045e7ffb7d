/**
 * Writes the pages that are made from the declarations of the built-in module, here or into the folder that is named. `--check` writes nothing and
 * ends with 1 if one of them is not what it would be.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { learningPlatform } from '../modules/learning.ts';
import { pagesOf } from './pages.ts';

const words = process.argv.slice(2);
const check = words.includes('--check');
const folder = words.find((word) => !word.startsWith('-')) ?? import.meta.dirname;

for (const [name, page] of Object.entries(pagesOf(learningPlatform, 'npm run docs', 'npm run --silent cql --'))) {
  const file = join(folder, name);
  if (!check) writeFileSync(file, page);
  else if (!existsSync(file) || readFileSync(file, 'utf8') !== page) {
    console.error(`docs/${name} is not what the declarations say; run \`npm run docs\` and commit it`);
    process.exitCode = 1;
  }
}
