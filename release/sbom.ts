/**
 * `npm run sbom`: prints a software bill of materials (CycloneDX) of what users get, by `npm sbom`. Its own `--omit=dev` also leaves out
 * what both users and development need, such as zod. So it runs on a manifest and a lock file without development dependencies.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

interface Manifest {
  readonly devDependencies?: unknown;
  readonly workspaces?: unknown;
}
interface Lock {
  readonly packages: Readonly<Record<string, Manifest & { readonly dev?: true; readonly link?: true }>>;
}

const ROOT = join(import.meta.dirname, '..');
const read = (name: string): unknown => JSON.parse(readFileSync(join(ROOT, name), 'utf8'));

const published = ({ devDependencies, workspaces, ...rest }: Manifest): Manifest => rest;

const temporary = mkdtempSync(join(tmpdir(), 'tributary-sbom-'));
try {
  // npm takes the name of the bill from the folder.
  const folder = join(temporary, 'tributary');
  mkdirSync(folder);
  const lock = read('package-lock.json') as Lock;
  const kept = Object.entries(lock.packages).filter(
    ([path, { dev, link }]) => path === '' || (path.startsWith('node_modules/') && !dev && !link),
  );
  const packages = Object.fromEntries(kept.map(([path, entry]) => [path, path === '' ? published(entry) : entry]));
  writeFileSync(join(folder, 'package.json'), JSON.stringify(published(read('package.json') as Manifest)));
  writeFileSync(join(folder, 'package-lock.json'), JSON.stringify({ ...lock, packages }));
  const words = ['sbom', '--sbom-format=cyclonedx', '--sbom-type=application', '--package-lock-only'];
  execFileSync('npm', words, { cwd: folder, stdio: ['ignore', 'inherit', 'inherit'] });
} finally {
  rmSync(temporary, { recursive: true });
}
