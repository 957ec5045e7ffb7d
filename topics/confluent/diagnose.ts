/** The checks of `tributary doctor` on a schema registry. */
import { TributaryError } from '../../core/errors.ts';
import { type Finding, ok, warning } from '../../core/finding.ts';
import { Nodes } from './nodes.ts';
import type { ConfluentOptions } from './registry.ts';
import type { RegistryAnswer, RegistryRequest } from './request.ts';

const TIMEOUT_MS = 8000;
const get = (path: string, purpose: string): RegistryRequest => ({ purpose, method: 'GET', path, body: undefined });
const CONFIG = get('/config', 'asking for the compatibility');
const MODE = get('/mode', 'asking for the mode');

/** Throws if the registry does not answer, or refuses access. */
export async function diagnoseRegistry({ url, ca }: ConfluentOptions): Promise<Finding[]> {
  const nodes = new Nodes({ url, timeoutMs: TIMEOUT_MS, ...(ca === undefined ? {} : { ca }) });
  try {
    return registryFindings(await nodes.ask(CONFIG, () => true), await nodes.ask(MODE, () => true));
  } finally {
    nodes.close();
  }
}

/** Throws if the server refuses access, or is not a registry. */
export function registryFindings(config: RegistryAnswer, mode: RegistryAnswer): Finding[] {
  const level = fieldOf(config, 'compatibilityLevel');
  if (config.status === 401 || config.status === 403) {
    const message = `the registry refuses the login (${config.status})`;
    throw new TributaryError('ACCESS_REFUSED', `${message}; correct the user and password in its URL`);
  }
  if (level === undefined) {
    const message = `the server there is not a schema registry (${config.status})`;
    throw new TributaryError('CONFIG_INVALID', `${message}; correct the URL and its path`);
  }
  return [compatibility(level), ...writable(fieldOf(mode, 'mode'))];
}

function compatibility(level: string): Finding {
  const message = `a schema registry, compatibility ${level}`;
  if (level !== 'NONE') return ok('registry', message);
  const todo = 'set BACKWARD or FULL: with NONE, a producer may register a schema that readers cannot use';
  return warning('registry', message, todo);
}

/** No finding if the registry has no modes. */
function writable(mode: string | undefined): Finding[] {
  if (mode === undefined || mode === 'READWRITE') return [];
  const todo = 'set READWRITE during a deployment: otherwise new schemas cannot be registered';
  return [warning('registry: mode', `its mode is ${mode}`, todo)];
}

function fieldOf({ status, text }: RegistryAnswer, name: string): string | undefined {
  if (status !== 200) return undefined;
  try {
    const value: unknown = (JSON.parse(text) as Readonly<Record<string, unknown>> | null)?.[name];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
