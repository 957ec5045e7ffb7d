/** Whose file it is: ours in this format, ours in another format, or another program's. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type TestContext, test } from 'node:test';
import { openDatabase } from '../../embedded/database.ts';
import { hasDatabase } from '../../embedded/file.ts';
import { APPLICATION_ID, FORM } from '../../embedded/identity.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'tributary-database-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Changes the file as another program would. */
function otherwise(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, 'tributary.sqlite'));
  database.exec(sql);
  database.close();
}

function headerOf(folder: string): { application: unknown; form: unknown } {
  const database = new DatabaseSync(join(folder, 'tributary.sqlite'));
  const value = (name: string) => database.prepare(`PRAGMA ${name}`).get()?.[name];
  const header = { application: value('application_id'), form: value('user_version') };
  database.close();
  return header;
}

test('a new file has the marks of the program and of its format', (t) => {
  const folder = folderOf(t);
  assert.equal(hasDatabase(folder), false);
  openDatabase(folder).close();
  assert.equal(hasDatabase(folder), true);
  assert.deepEqual(headerOf(folder), { application: APPLICATION_ID, form: FORM });
  openDatabase(folder).close();
});

test('a file from before there were marks is recognised by its tables, and is marked', async (t) => {
  const folder = folderOf(t);
  const database = openDatabase(folder);
  const transport = embeddedTransport(database);
  await transport.createTopics([{ name: 'kept', partitions: 2, retentionMs: 1000 }]);
  await transport.close();
  database.close();
  otherwise(folder, 'PRAGMA application_id = 0; PRAGMA user_version = 0');
  const again = openDatabase(folder);
  const topics = await embeddedTransport(again).describe();
  again.close();
  assert.deepEqual(
    topics.map(({ name }) => name),
    ['kept'],
  );
  assert.deepEqual(headerOf(folder), { application: APPLICATION_ID, form: FORM });
});

for (const [what, sql] of [
  ['without marks', 'CREATE TABLE invoices (id INTEGER)'],
  ['with marks of its own', 'PRAGMA application_id = 252006674; CREATE TABLE invoices (id INTEGER)'],
  [
    'with a version of its own and a table named as one of ours',
    'PRAGMA user_version = 7; CREATE TABLE log_topics (id)',
  ],
] as const) {
  test(`a file of another program ${what} is refused, and stays unchanged`, (t) => {
    const folder = folderOf(t);
    otherwise(folder, sql);
    const before = readFileSync(join(folder, 'tributary.sqlite'));
    assert.throws(() => openDatabase(folder), {
      code: 'FOLDER_UNUSABLE',
      message: /tributary\.sqlite is a database of another program, and was not changed; choose another folder/,
    });
    assert.deepEqual(readFileSync(join(folder, 'tributary.sqlite')), before);
    assert.equal(existsSync(join(folder, 'tributary.sqlite-wal')), false);
  });
}

for (const [age, form, todo] of [
  ['a newer', FORM + 1, /use that release or a later one/],
  ['an older', FORM - 1, /stay with that release, or start another folder/],
] as const) {
  test(`a file of ${age} format is named as such, with the remedy`, (t) => {
    const folder = folderOf(t);
    openDatabase(folder).close();
    otherwise(folder, `PRAGMA user_version = ${form}`);
    const refused = {
      code: 'FOLDER_UNUSABLE',
      message: new RegExp(`by ${age} release of tributary: its format is ${form}`),
    };
    assert.throws(() => openDatabase(folder), refused);
    assert.throws(() => openDatabase(folder), { message: todo });
    assert.deepEqual(headerOf(folder).form, form);
  });
}

test('a refused file is released', (t) => {
  const folder = folderOf(t);
  otherwise(folder, 'CREATE TABLE invoices (id INTEGER)');
  assert.throws(() => openDatabase(folder), { code: 'FOLDER_UNUSABLE' });
  otherwise(folder, 'INSERT INTO invoices VALUES (1)');
});
