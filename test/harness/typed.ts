/** Runs shell blocks of docs/operate.md as written: `npx tributary` is this checkout, and `/backup` is a folder of the test. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const page = readFileSync(join(ROOT, 'docs/operate.md'), 'utf8');

/** The blocks between the line that begins with `begin` and the next heading or bold line. */
export function blocksBelow(begin: string): string[] {
  const lines = page.split('\n');
  const first = lines.findIndex((line) => line.startsWith(begin));
  assert.ok(first >= 0, `docs/operate.md has a line that begins with ${begin}`);
  const length = lines.slice(first + 1).findIndex((line) => /^(#|\*\*[A-Z])/.test(line));
  const part = lines.slice(first, length < 0 ? undefined : first + 1 + length).join('\n');
  return [...part.matchAll(/^ *```sh\n([\s\S]*?)^ *```$/gm)].map(([, block = '']) => block);
}

/** Runs the block in the folder; every line must succeed. Returns its output. */
export async function typed(block: string, folder: string, backup = folder): Promise<string> {
  const shown = block.replaceAll('/backup/', `${backup}/`);
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:TRIBUTARY|NODE)_/.test(name));
  const env = { ...Object.fromEntries(inherited), NODE: process.execPath, MAIN: join(ROOT, 'cli/main.ts') };
  const npx = 'npx() { [ "$1" = tributary ] || return 9; shift; "$NODE" "$MAIN" "$@"; }';
  const child = spawn('bash', ['-e', '-u', '-o', 'pipefail', '-c', `${npx}\n${shown}`], { cwd: folder, env });
  let text = '';
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => (text += chunk));
  const code = await new Promise<number | null>((resolve, reject) =>
    child.once('error', reject).once('close', resolve),
  );
  assert.equal(code, 0, `${block}\n${text}`);
  return text;
}
