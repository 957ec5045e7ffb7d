/**
 * Links to objects that expire: `<base>/objects/<name>?expires=<ms since 1970 UTC>&file=<name>&signature=<hex>`. The
 * signature is the HMAC-SHA256 of expiry, name and file, so that nobody can derive another link from one.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { secretIn } from '../../../files/secrets.ts';

/** The file with the secret, in the folder of the objects, readable only by its owner. */
export const SECRET = '.link-secret';

/** The secret of the folder, created on first use. */
export const linkSecret = (folder: string): string => secretIn(folder, SECRET, 'the links given out so far end');

export interface Linked {
  readonly name: string;
  /** In ms since 1970 UTC. */
  readonly expires: number;
  /** The name under which browsers save the object; empty: the last segment of its name. */
  readonly file?: string;
}

export function signedLink(base: string, secret: string, linked: Linked): string {
  const { name, expires, file = '' } = linked;
  const saved = file === '' ? '' : `&file=${encodeURIComponent(file)}`;
  return `${base}/objects/${name}?expires=${expires}${saved}&signature=${sign(secret, linked).toString('hex')}`;
}

/** Whether the link was issued for this name, expiry and file, and is still valid at `now`. */
export function verifyLink(secret: string, linked: Linked & { signature: string }, now: number): boolean {
  const { expires, signature } = linked;
  if (!Number.isSafeInteger(expires) || !/^[0-9a-f]{64}$/.test(signature)) return false;
  return timingSafeEqual(Buffer.from(signature, 'hex'), sign(secret, linked)) && now < expires;
}

function sign(secret: string, { name, expires, file = '' }: Linked): Buffer {
  return createHmac('sha256', secret)
    .update(`${expires}\n${name}${file === '' ? '' : `\n${file}`}`)
    .digest();
}
