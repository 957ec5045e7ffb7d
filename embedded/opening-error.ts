/** Explains by SQLite's primary result codes why the file cannot be opened, and what to do about it. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type ErrorCode, messageOf, TributaryError } from '../core/errors.ts';

const [PERM, BUSY, READONLY, IO, CORRUPT, FULL, CANTOPEN, NOT_A_DATABASE] = [3, 5, 8, 10, 11, 13, 14, 26];

const RIGHTS =
  'give this user the right to read and write the folder and all files in it, or choose another with --data';
const RESTORE =
  'it is damaged or truncated: restore the whole folder from a backup, or move it away to start with an empty one';

const MEANINGS: Readonly<Record<number, readonly [ErrorCode, string]>> = {
  [PERM]: ['FOLDER_UNUSABLE', RIGHTS],
  [READONLY]: ['FOLDER_UNUSABLE', RIGHTS],
  [CANTOPEN]: ['FOLDER_UNUSABLE', RIGHTS],
  [FULL]: ['FOLDER_UNUSABLE', 'make room on its disk'],
  [IO]: ['STORE_BROKEN', `see whether its disk is full or failing; or ${RESTORE}`],
  [CORRUPT]: ['STORE_BROKEN', RESTORE],
  [NOT_A_DATABASE]: [
    'STORE_BROKEN',
    `it is not a file of tributary: move it away, or choose another folder with --data. Or ${RESTORE}`,
  ],
};

/**
 * Throws STORE_BROKEN for an empty file in a folder that has been used, because SQLite would treat it as a new one. A killed process does
 * not leave an empty file, because the file is created together with its first contents.
 */
export function checkNotEmptied(folder: string, file: string): void {
  const size = statSync(file, { throwIfNoEntry: false })?.size;
  if (size !== 0 || !existsSync(join(folder, 'objects'))) return;
  throw new TributaryError('STORE_BROKEN', `${file} is empty, but was not before: ${RESTORE}`);
}

/** `code` is undefined for an error that is not SQLite's. */
export function openingError(folder: string, file: string, code: number | undefined, error: unknown): TributaryError {
  if (code === BUSY) {
    return new TributaryError(
      'FOLDER_IN_USE',
      `the data folder ${folder} belongs to another running tributary; stop that one first, or choose another folder with --data`,
      { cause: error },
    );
  }
  const [meaning, todo] = MEANINGS[code ?? -1] ?? ['STORE_BROKEN', 'if it is not a file of tributary, move it away'];
  return new TributaryError(meaning, `${file} cannot be opened: ${messageOf(error)}; ${todo}`, { cause: error });
}
