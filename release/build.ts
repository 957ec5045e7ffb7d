/** `npm run build`: compiles what is published into `dist/`, in the layout of the sources, and puts beside it what it reads. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DATA = ['demo/oulad', 'demo/story', 'examples/forum'];
/** Queries, which are read as they are. */
const QUERIES = 'reports/definitions/*.sql';
/** The page, which has no build. */
const PAGE = 'reports/page/**/*.{html,css,js,svg}';
/** What running an example in its folder leaves there. */
const LEFT = /\/(?:node_modules|data|package-lock\.json)$/;

rmSync(join(ROOT, 'dist'), { recursive: true, force: true });
const compiler = createRequire(import.meta.url)
  .resolve('typescript/package.json')
  .replace('package.json', 'bin/tsc');
const { status } = spawnSync(process.execPath, [compiler, '--project', join(ROOT, 'tsconfig.build.json')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);
for (const folder of DATA) {
  const filter = (path: string): boolean => !LEFT.test(path.replaceAll('\\', '/'));
  cpSync(join(ROOT, folder), join(ROOT, 'dist', folder), { recursive: true, filter });
}
for (const file of globSync([QUERIES, PAGE], { cwd: ROOT })) cpSync(join(ROOT, file), join(ROOT, 'dist', file));
