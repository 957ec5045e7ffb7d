/**
 * Identifies a SQLite file as Tributary's, with the version of its layout. Both are in the header of the file: the application id, and
 * the user version for the layout of the tables. Files of early releases have neither and are recognised by their tables.
 */
import type { DatabaseSync } from 'node:sqlite';
import { TributaryError } from '../core/errors.ts';

/** "TRIB" in ASCII. */
export const APPLICATION_ID = 0x54524942;
/** Increases when a release changes the layout of the tables in a way that an older release would misread. */
export const FORM = 1;

/** The first table of each implementation that may be the only one in a file. */
const OURS = ['log_topics', 'registry_schemas', 'tables_claims', 'declared_indexes', 'cache_fields', 'report_request'];

/** Throws FOLDER_UNUSABLE for a file of another program or with another layout. Writes nothing. */
export function recognise(database: DatabaseSync, file: string): 'marked' | 'unmarked' {
  const [application, form] = [pragma(database, 'application_id'), pragma(database, 'user_version')];
  if (application === APPLICATION_ID && form === FORM) return 'marked';
  if (application === APPLICATION_ID) throw ofAnotherForm(file, form);
  const tables = tablesOf(database);
  const isOurs = tables.length === 0 || OURS.some((table) => tables.includes(table));
  if (application === 0 && form === 0 && isOurs) return 'unmarked';
  throw new TributaryError(
    'FOLDER_UNUSABLE',
    `${file} is a database of another program, and was not changed; choose another folder with --data, or move the file away`,
  );
}

/** Writes both in one transaction, because a file with only one of them would not be recognised. */
export function mark(database: DatabaseSync): void {
  database.exec(`
    BEGIN IMMEDIATE;
    PRAGMA application_id = ${APPLICATION_ID};
    PRAGMA user_version = ${FORM};
    COMMIT;
  `);
}

function ofAnotherForm(file: string, form: number): TributaryError {
  const [age, todo] =
    form > FORM
      ? ['a newer', 'use that release or a later one']
      : ['an older', 'stay with that release, or start another folder with --data and send its events again'];
  return new TributaryError(
    'FOLDER_UNUSABLE',
    `${file} was written by ${age} release of tributary: its format is ${form}, and this release reads format ${FORM}; ${todo}`,
  );
}

function pragma(database: DatabaseSync, name: string): number {
  return Number(Object.values(database.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
}

function tablesOf(database: DatabaseSync): unknown[] {
  const rows = database.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all();
  return rows.map(({ name }) => name);
}
