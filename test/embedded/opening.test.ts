import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '../../embedded/database.ts';
import { openingError } from '../../embedded/opening-error.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A data folder that was used before, with some pages in its file. */
function used(t: TestContext): string {
  const folder = join(folderOf(t), 'data');
  mkdirSync(join(folder, 'objects'), { recursive: true });
  const database = openDatabase(folder);
  database.exec('CREATE TABLE one (a TEXT)');
  for (let n = 0; n < 100; n++) database.statement('INSERT INTO one VALUES (?)').run('x'.repeat(1000));
  database.close();
  return folder;
}

test('a truncated file is reported as damaged, with the remedy, wherever it was cut', (t) => {
  const whole = used(t);
  for (const size of [0, 100, 4096, 8192, 40_000, 80_000]) {
    const folder = join(folderOf(t), 'data');
    cpSync(whole, folder, { recursive: true });
    truncateSync(join(folder, 'tributary.sqlite'), size);
    assert.throws(() => openDatabase(folder), {
      code: 'STORE_BROKEN',
      message: /tributary\.sqlite .*restore the whole folder from a backup, or move it away/,
    });
  }
});

test('a new folder, one whose file was not written yet, and a complete one are opened', (t) => {
  openDatabase(used(t)).close();
  const folder = folderOf(t);
  writeFileSync(join(folder, 'tributary.sqlite'), '');
  openDatabase(folder).close();
});

test('every reason has its code and its advice', () => {
  const errorOf = (code: number | undefined) => openingError('/data', '/data/tributary.sqlite', code, new Error('no'));
  for (const code of [3, 8, 14]) {
    assert.equal(errorOf(code).code, 'FOLDER_UNUSABLE');
    assert.match(errorOf(code).message, /the right to read and write the folder/);
  }
  assert.equal(errorOf(5).code, 'FOLDER_IN_USE');
  assert.match(errorOf(13).message, /make room on its disk/);
  assert.match(errorOf(10).message, /disk is full or failing/);
  assert.match(errorOf(11).message, /it is damaged/);
  assert.match(errorOf(26).message, /not a file of tributary: move it away/);
});

test('a folder without rights for this user is reported as such', { skip: process.platform === 'win32' }, (t) => {
  const folder = folderOf(t);
  chmodSync(folder, 0o755);
  mkdirSync(join(folder, 'data'), { mode: 0o555 });
  const script = `
    const { openDatabase } = await import(${JSON.stringify(join(import.meta.dirname, '../../embedded/database.ts'))});
    for (const folder of ${JSON.stringify([join(folder, 'data'), join(folder, 'data', 'deeper')])}) {
      try { openDatabase(folder); } catch (error) { console.log(error.code + ' ' + error.message); }
    }`;
  // Root may write everywhere, so the script runs as another user.
  const as = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    ...as,
    encoding: 'utf8',
  });
  const lines = stdout.trim().split('\n');
  assert.equal(lines.length, 2, stderr);
  assert.match(lines[0] ?? '', /^FOLDER_UNUSABLE .*the right to read and write the folder/);
  assert.match(lines[1] ?? '', /^FOLDER_UNUSABLE .*cannot be made: .*let this user write there/);
});
