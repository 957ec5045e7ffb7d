/** `tributary key add`: shows the key once, and keeps only its hash. */
import { randomBytes } from 'node:crypto';
import { loadConfig } from '../../../app/config/config.ts';
import { keysFileOf, readKeys, writeKeys } from '../../../app/service/keys-file.ts';
import { systemClock } from '../../../jobs/runtime/clock.ts';
import { ROLES, SCOPES } from '../../../reports/rights.ts';
import { apiKeyText, hashOfKey } from '../../../reports/service/api-keys.ts';
import { print } from '../../context.ts';
import type { RunForCaller } from '../../descriptor.ts';
import { usage } from '../../errors.ts';

interface Args {
  readonly name: string;
  readonly tenant: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly days: number;
}

const DAY_MS = 86_400_000;
const MOST_DAYS = 366;

export const run: RunForCaller<Args> = async ({ sources }, streams, { name, tenant, roles, scopes, days }) => {
  const file = keysFileOf(loadConfig(sources).config);
  const keys = readKeys(file);
  if (keys.some((each) => each.name === name)) throw usage(`there is a key ${name} already: choose another name`);
  if (days > MOST_DAYS) throw usage(`a key is valid for ${MOST_DAYS} days at most: create another before it expires`);
  const id = randomBytes(6).toString('hex');
  const key = apiKeyText(id, randomBytes(32));
  const now = systemClock.now();
  const expiresAt = new Date(now + days * DAY_MS).toISOString();
  const made = {
    id,
    name,
    tenant,
    roles: ROLES.filter((role) => roles.includes(role)),
    scopes: scopes.length === 0 ? [...SCOPES] : SCOPES.filter((scope) => scopes.includes(scope)),
    hash: hashOfKey(key),
    createdAt: new Date(now).toISOString(),
    expiresAt,
  };
  writeKeys(file, [...keys, made]);
  streams.stderr.write(`the key ${name} is in ${file} and is valid until ${expiresAt}; it is not shown again:\n`);
  await print(streams, key);
  return 0;
};
