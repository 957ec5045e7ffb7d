/** `tributary config`: the effective values and their sources. */

import { loadConfig } from '../../app/config/config.ts';
import { KEYS } from '../../app/config/keys.ts';
import { masked } from '../../app/config/urls.ts';
import { print, printJson } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';

export const run: RunForCaller<{ readonly json: boolean }> = async ({ sources }, streams, { json }) => {
  const { config, sources: from, warnings } = loadConfig(sources);
  for (const each of warnings) streams.stderr.write(`warning: ${each}\n`);
  if (json) {
    const values = KEYS.map((key) => {
      const value = config[key];
      return [key, { value: typeof value === 'string' ? masked(key, value) : (value ?? null), source: from[key] }];
    });
    await printJson(streams, Object.fromEntries(values));
    return 0;
  }
  const width = Math.max(...KEYS.map((key) => key.length));
  const shown = KEYS.map((key) => masked(key, config[key]));
  const shownWidth = Math.max(...shown.map((each) => each.length));
  for (const [i, key] of KEYS.entries()) {
    await print(streams, `${key.padEnd(width)}  ${(shown[i] ?? '').padEnd(shownWidth)}  ${from[key]}`);
  }
  return 0;
};
