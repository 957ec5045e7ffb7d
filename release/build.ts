/** `npm run build`: compiles the published sources into `dist/`, in the same layout, and copies the files that they read. */
import { spawnSync } from 'node:child_process';
import { cpSync, globSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const DATA = ['demo/oulad', 'demo/story', 'examples/forum'];
/** Queries, which are read as files. */
const QUERIES = 'reports/definitions/*.sql';
/** The page, which needs no build. */
const PAGE = 'reports/page/**/*.{html,css,js,svg}';
/** What an example leaves in its folder when it runs. */
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
