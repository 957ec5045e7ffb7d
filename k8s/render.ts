/**
 * `npm run k8s`: writes the files of the chart that are derived from the declarations. `--check` writes nothing and ends with 1 if a file
 * is not up to date.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { learningPlatform } from '../modules/learning.ts';
import { filesOf } from './files.ts';

const CHART = join(import.meta.dirname, 'chart');
/** All files in this folder are generated here. */
const DASHBOARDS = 'files/dashboards';

const files = new Map(Object.entries(filesOf(learningPlatform)));
const check = process.argv.includes('--check');

for (const [name, text] of files) {
  const file = join(CHART, name);
  if (!check) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  } else if (!existsSync(file) || readFileSync(file, 'utf8') !== text) isWrong(name);
}

for (const name of existsSync(join(CHART, DASHBOARDS)) ? readdirSync(join(CHART, DASHBOARDS)) : []) {
  if (files.has(`${DASHBOARDS}/${name}`)) continue;
  if (check) isWrong(`${DASHBOARDS}/${name}`);
  else rmSync(join(CHART, DASHBOARDS, name));
}

function isWrong(name: string): void {
  console.error(`k8s/chart/${name} is not what the declarations say; run \`npm run k8s\` and commit it`);
  process.exitCode = 1;
}
