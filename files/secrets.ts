/** Secrets that an installation generates: each in a file that only its owner can read. */
import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../core/errors.ts';
import { partialName } from './partials.ts';

/**
 * The secret in a file of the folder, created on first use. Concurrent processes all get the same one. `lost` describes, for the message,
 * what stops working with a new secret. Throws STORE_BROKEN if the file does not hold a secret.
 */
export function secretIn(folder: string, name: string, lost: string): string {
  const file = join(folder, name);
  const secret = read(file) ?? make(folder, file);
  if (/^[0-9a-f]{64}$/.test(secret)) return secret;
  throw new TributaryError('STORE_BROKEN', `${file} does not hold a secret; remove it: a new one is made, and ${lost}`);
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

function make(folder: string, file: string): string {
  const secret = randomBytes(32).toString('hex');
  const partials = join(folder, '.partial');
  const temporary = join(partials, partialName());
  mkdirSync(partials, { recursive: true });
  writeFileSync(temporary, `${secret}\n`, { mode: 0o600, flag: 'wx', flush: true });
  try {
    linkSync(temporary, file);
    return secret;
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
    return read(file) ?? '';
  } finally {
    rmSync(temporary, { force: true });
  }
}

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;
