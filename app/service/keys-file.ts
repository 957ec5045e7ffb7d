/** The file of API keys. It is read again when it changes, so that an added or removed key takes effect at once in every process. */
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { partialName } from '../../files/partials.ts';
import { type ApiKey, apiKeysFile } from '../../reports/service/api-keys.ts';
import type { Config } from '../config/keys.ts';

export const keysFileOf = ({ serveKeysFile, data }: Config): string => serveKeysFile ?? join(data, 'service-keys.json');

/** Empty if there is no file. Throws CONFIG_INVALID if the file is not one of keys. */
export function readKeys(file: string): readonly ApiKey[] {
  if (!existsSync(file)) return [];
  try {
    return apiKeysFile.parse(JSON.parse(readFileSync(file, 'utf8'))).keys;
  } catch (error) {
    const why = messageOf(error).split('\n').slice(0, 3).join(' ');
    throw new TributaryError('CONFIG_INVALID', `${file} is not a file of API keys: ${why}; restore it, or remove it`, {
      cause: error,
    });
  }
}

export function writeKeys(file: string, keys: readonly ApiKey[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const partial = join(dirname(file), `.${partialName()}`);
  try {
    writeFileSync(partial, `${JSON.stringify({ keys }, null, 2)}\n`, { mode: 0o600, flag: 'wx', flush: true });
    renameSync(partial, file);
  } finally {
    rmSync(partial, { force: true });
  }
}

/** Returns the keys that the file has now. */
export function watchedKeys(file: string): () => readonly ApiKey[] {
  let seen = '';
  let keys: readonly ApiKey[] = [];
  return () => {
    const stat = statSync(file, { throwIfNoEntry: false, bigint: true });
    const now = stat === undefined ? 'none' : `${stat.ino} ${stat.size} ${stat.mtimeNs}`;
    if (now !== seen) {
      keys = readKeys(file);
      seen = now;
    }
    return keys;
  };
}
