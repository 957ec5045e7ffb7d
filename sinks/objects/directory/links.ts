/**
 * Links to objects that expire: `<base>/objects/<name>?expires=<ms since 1970 UTC>&signature=<hex>`. The signature is
 * the HMAC-SHA256 of expiry and name, so that nobody can make another link from a link.
 */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { TributaryError } from '../../../core/errors.ts';
import { partialName } from '../../../files/partials.ts';
import { codeOf } from './files.ts';

/** The file with the secret, in the folder of the objects, readable only by its owner. */
export const SECRET = '.link-secret';

/** The secret of the folder, created on first use: concurrent processes all get the same. */
export function linkSecret(folder: string): string {
  const file = join(folder, SECRET);
  const secret = read(file) ?? make(folder, file);
  if (/^[0-9a-f]{64}$/.test(secret)) return secret;
  throw new TributaryError(
    'STORE_BROKEN',
    `${file} does not hold a secret; remove it: another is made, and the links given out so far end`,
  );
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

export function signedLink(base: string, secret: string, name: string, expiresAt: number): string {
  return `${base}/objects/${name}?expires=${expiresAt}&signature=${sign(secret, name, expiresAt).toString('hex')}`;
}

/** Whether the link was issued for this name and expiry, and is still valid at `now`. */
export function verifyLink(
  secret: string,
  { name, expires, signature }: { name: string; expires: number; signature: string },
  now: number,
): boolean {
  if (!Number.isSafeInteger(expires) || !/^[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), sign(secret, name, expires)) && now < expires;
}

function sign(secret: string, name: string, expires: number): Buffer {
  return createHmac('sha256', secret).update(`${expires}\n${name}`).digest();
}
