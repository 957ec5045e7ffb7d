/** `tributary key remove`: processes that share the file refuse the key from their next call on. */
import { loadConfig } from '../../../app/config/config.ts';
import { keysFileOf, readKeys, writeKeys } from '../../../app/service/keys-file.ts';
import { print } from '../../context.ts';
import type { RunForCaller } from '../../descriptor.ts';
import { usage } from '../../errors.ts';

export const run: RunForCaller<{ readonly name: string }> = async ({ sources }, streams, { name }) => {
  const file = keysFileOf(loadConfig(sources).config);
  const keys = readKeys(file);
  const left = keys.filter((each) => each.name !== name);
  if (left.length === keys.length)
    throw usage(`there is no key ${name}: there are ${keys.map((each) => each.name).join(', ') || 'none'}`);
  writeKeys(file, left);
  await print(streams, `${name} is removed`);
  return 0;
};
