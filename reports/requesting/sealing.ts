/**
 * Secrets of requests (passwords, passphrases, and the recipients of an encrypted file) are stored sealed: AES-256-GCM with a key that the
 * store of requests does not have. A key is derived from each secret of the installation. The first one seals, and any of them opens, so
 * that a secret can be rotated.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { TributaryError } from '../../core/errors.ts';

export interface SealingKeys {
  /** A sealed text can only be opened for the same use, such as `requestUse`. */
  seal(text: string, use: string): string;
  /** Throws STORE_BROKEN if it was sealed with another secret or for another use, or was changed. */
  open(sealed: string, use: string): string;
  /** Equal for equal texts. It reveals nothing else about them. */
  fingerprint(text: string): string;
}

export const requestUse = ({ tenant, report }: { readonly tenant: string; readonly report: string }): string =>
  JSON.stringify(['request', tenant, report]);
export const scheduleUse = ({ tenant, id }: { readonly tenant: string; readonly id: string }): string =>
  JSON.stringify(['schedule', tenant, id]);

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;

export function sealingKeys(secrets: readonly [string, ...string[]]): SealingKeys {
  const keys = secrets.map((secret) => derived(secret, 'seal'));
  const [key] = keys as [Buffer];
  const marks = derived(secrets[0], 'fingerprint');
  return {
    seal(text, use) {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv(CIPHER, key, iv).setAAD(Buffer.from(use));
      const bytes = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), bytes]).toString('base64url');
    },
    open(sealed, use) {
      const bytes = Buffer.from(sealed, 'base64url');
      for (const each of keys) {
        const text = opened(bytes, each, use);
        if (text !== undefined) return text;
      }
      throw new TributaryError(
        'STORE_BROKEN',
        'the secret of a request cannot be opened: it was sealed with another reportSecret; give that one after the new one, or ask again',
      );
    },
    fingerprint: (text) => createHmac('sha256', marks).update(text).digest('base64url').slice(0, 22),
  };
}

const derived = (secret: string, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', secret, 'tributary', `report ${purpose}`, 32));

function opened(bytes: Buffer, key: Buffer, use: string): string | undefined {
  try {
    const decipher = createDecipheriv(CIPHER, key, bytes.subarray(0, IV_BYTES)).setAAD(Buffer.from(use));
    decipher.setAuthTag(bytes.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    return decipher.update(bytes.subarray(IV_BYTES + TAG_BYTES), undefined, 'utf8') + decipher.final('utf8');
  } catch {
    return undefined;
  }
}
