/**
 * Writes the pages and files derived from the declarations of the built-in module, here or into the named folder. `--check` writes nothing
 * and ends with 1 if one of them is not up to date.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { learningPlatform } from '../modules/learning.ts';
import { openApiOf } from '../reports/service/openapi.ts';
import { routesOf } from '../reports/service/routes/index.ts';
import { exportedFiles } from '../topics/export/files.ts';
import { pagesOf } from './pages.ts';

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../package.json'), 'utf8'));

const PAGES: ReadonlyMap<string, string> = new Map([
  ...Object.entries(pagesOf(learningPlatform, 'npm run docs', 'npm run --silent cql --')),
  ...exportedFiles({ ...learningPlatform, version }),
  ['openapi.json', `${JSON.stringify(openApiOf({ routes: routesOf(learningPlatform), version }), null, 2)}\n`],
]);
/** All files in this folder are generated here. */
const SCHEMAS = 'schemas';

const words = process.argv.slice(2);
const check = words.includes('--check');
const folder = words.find((word) => !word.startsWith('-')) ?? import.meta.dirname;

for (const [name, page] of PAGES) {
  const file = join(folder, name);
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, page);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== page) isWrong(name);
}

const schemas = join(folder, SCHEMAS);
for (const name of existsSync(schemas) ? readdirSync(schemas) : []) {
  if (PAGES.has(`${SCHEMAS}/${name}`)) continue;
  if (check) isWrong(`${SCHEMAS}/${name}`);
  else rmSync(join(schemas, name));
}

function isWrong(name: string): void {
  console.error(`docs/${name} is not what the declarations say; run \`npm run docs\` and commit it`);
  process.exitCode = 1;
}
