/**
 * API keys, with which programs call the service. A key is `tributary_<id>_<secret>`. Only its SHA-256 is stored: the secret has 256 random
 * bits, so it cannot be found from the hash.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { ROLES, SCOPES } from '../rights.ts';
import type { Caller } from './route.ts';

const apiKey = z.strictObject({
  id: z.string().regex(/^[0-9a-f]{12}$/),
  /** For people and for audit lines. Unique in the file. */
  name: z.string().min(1).max(200),
  tenant: z.string().min(1).max(300),
  roles: z.array(z.enum(ROLES)),
  scopes: z.array(z.enum(SCOPES)),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
});

export type ApiKey = z.output<typeof apiKey>;

/** The contents of the file of keys. */
export const apiKeysFile = z.strictObject({ keys: z.array(apiKey) });

/** The prefix of a key's user name. No user who signs in has such a name. */
export const KEY_USER = 'key:';

const FORM = /^tributary_([0-9a-f]{12})_[A-Za-z0-9_-]{43}$/;

export const isApiKey = (token: string): boolean => FORM.test(token);

export const apiKeyText = (id: string, secret: Uint8Array): string =>
  `tributary_${id}_${Buffer.from(secret).toString('base64url')}`;

export const hashOfKey = (key: string): string => createHash('sha256').update(key).digest('hex');

/** Undefined if there is no such key, or if it has expired. */
export function callerByKey(token: string, keys: readonly ApiKey[], now: number): Caller | undefined {
  const [, id] = FORM.exec(token) ?? [];
  const key = keys.find((each) => each.id === id);
  if (key === undefined || !timingSafeEqual(Buffer.from(key.hash), Buffer.from(hashOfKey(token)))) return undefined;
  if (now >= DateTime.fromISO(key.expiresAt).toMillis()) return undefined;
  return { user: `${KEY_USER}${key.name}`, tenant: key.tenant, roles: key.roles, scopes: key.scopes };
}
