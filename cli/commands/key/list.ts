/** `tributary key list`. */
import { loadConfig } from '../../../app/config/config.ts';
import { keysFileOf, readKeys } from '../../../app/service/keys-file.ts';
import type { RunForCaller } from '../../descriptor.ts';
import { type Form, printListing } from '../../output/listing.ts';

export const run: RunForCaller<Form> = async ({ sources }, streams, form) => {
  const keys = readKeys(keysFileOf(loadConfig(sources).config));
  await printListing(streams, form, {
    head: ['key', 'tenant', 'roles', 'scopes', 'holds until'],
    rows: keys.map(({ name, tenant, roles, scopes, expiresAt }) => [
      name,
      tenant,
      roles.join(' '),
      scopes.join(' '),
      expiresAt,
    ]),
    json: keys.map(({ hash: _, ...shown }) => shown),
  });
  if (keys.length === 0 && !form.json) streams.stderr.write('nothing\n');
  return 0;
};
