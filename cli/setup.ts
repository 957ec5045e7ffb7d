/** The configuration and the platform with which a command opens stores. */
import type { Writable } from 'node:stream';
import { loadConfig } from '../app/config/config.ts';
import type { Setup } from '../app/stores/wiring.ts';
import type { Caller } from './descriptor.ts';

export async function setupOf({ sources, platform }: Caller, stderr: Writable): Promise<Setup> {
  const { config, warnings } = loadConfig(sources);
  for (const each of warnings) stderr.write(`warning: ${each}\n`);
  return { config, platform: (await platform()).platform };
}
