/**
 * The configuration: the keys of `keys.ts`, from four sources. A flag overrides the environment, the environment the file, the file the
 * default.
 *
 * Every key is a key of the file (`metricsPort`), a variable (`TRIBUTARY_METRICS_PORT`) and a flag (`--metrics-port`). Unknown keys and
 * flags are errors. Every mistake in every source is reported at once, even where a better source overrides it. An unknown variable is only
 * a warning, since other programs may have put it into the environment.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { hint } from '../../core/hint.ts';
import { NETWORKED } from '../../jobs/runtime/stores.ts';
import { REMOTE_PUBLISH_MS } from '../../reports/runtime/settings.ts';
import { type Config, type ConfigKey, defaultOf, isKey, KEYS, parseValue } from './keys.ts';
import { isServiceLink } from './service-links.ts';
import { schemeOf } from './urls.ts';

export interface Loaded {
  readonly config: Config;
  /** The source of each value: "default", "flag --data", "TRIBUTARY_DATA", or the path of the file. */
  readonly sources: Readonly<Record<ConfigKey, string>>;
  /** Settings that were ignored and may be mistakes, one sentence each. */
  readonly warnings: readonly string[];
}

export interface Sources {
  /** Flags that were given, by key. */
  readonly flags: Readonly<Partial<Record<ConfigKey, string>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file named by --config, which must then exist. */
  readonly file?: string | undefined;
  readonly folder: string;
}

const PREFIX = 'TRIBUTARY_';
const FILE_VARIABLE = `${PREFIX}CONFIG`;
const DEFAULT_FILE = 'tributary.json';

export const variableOf = (key: string): string => PREFIX + key.replace(/[A-Z]/g, '_$&').toUpperCase();
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, '-$&').toLowerCase()}`;

/** One value, as given by one source. */
interface Given {
  readonly key: ConfigKey;
  readonly value: unknown;
  readonly source: string;
}

/** Throws CONFIG_INVALID with every problem of every source, one per line. */
export function loadConfig(sources: Sources): Loaded {
  const problems: string[] = [];
  const warnings: string[] = [];
  // Later sources override earlier ones.
  const given = [
    ...fromFile(sources, problems),
    ...fromEnvironment(sources.env, warnings),
    ...fromFlags(sources.flags),
  ];
  const values: Record<string, unknown> = {};
  const from: Record<string, string> = {};
  for (const key of KEYS) {
    values[key] = defaultOf(key);
    from[key] = 'default';
  }
  for (const { key, value, source } of given) {
    const result = parseValue(key, value);
    if (!result.success) {
      problems.push(...result.error.issues.map((issue) => `${key} (${source}): ${issue.message}`));
      continue;
    }
    values[key] = result.data;
    from[key] = source;
  }
  if (schemeOf(values['tables'] as string) === 'cassandra') {
    for (const [key, value] of Object.entries(NETWORKED)) if (from[key] === 'default') values[key] = value;
  }
  if (schemeOf(values['objects'] as string) === 's3' && from['publishMs'] === 'default') {
    values['publishMs'] = REMOTE_PUBLISH_MS;
  }
  values['data'] = resolve(sources.folder, values['data'] as string);
  const config = values as Config;
  if (config.backOffFirstMs > config.backOffLongestMs) {
    problems.push(
      `backOffFirstMs (${config.backOffFirstMs}, ${from['backOffFirstMs']}) is longer than backOffLongestMs (${config.backOffLongestMs}, ${from['backOffLongestMs']})`,
    );
  }
  if (problems.length > 0) {
    const many = problems.length === 1 ? 'one problem' : `${problems.length} problems`;
    throw new TributaryError(
      'CONFIG_INVALID',
      `the configuration has ${many}:\n${problems.map((each) => `  ${each}`).join('\n')}`,
    );
  }
  return { config: Object.freeze(config), sources: Object.freeze(from) as Loaded['sources'], warnings };
}

function fromFile({ file, env, folder }: Sources, problems: string[]): Given[] {
  const named = file ?? env[FILE_VARIABLE];
  const path = resolve(folder, named ?? DEFAULT_FILE);
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (named !== undefined || !absent) problems.push(`${path}: it cannot be read: ${messageOf(error)}`);
    return [];
  }
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    problems.push(`${path}: it is not JSON: ${messageOf(error)}`);
    return [];
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    problems.push(`${path}: it must be a JSON object of keys and values`);
    return [];
  }
  return Object.entries(parsed).flatMap(([key, value]) => {
    if (!isKey(key)) {
      problems.push(`${key} (${path}): there is no such key${hint(key, KEYS)}`);
      return [];
    }
    const isFolder = key === 'data' && typeof value === 'string' && value !== '';
    return [{ key, value: isFolder ? resolve(dirname(path), value) : value, source: path }];
  });
}

function fromEnvironment(env: Sources['env'], warnings: string[]): Given[] {
  const byVariable = new Map(KEYS.map((key) => [variableOf(key), key]));
  return Object.entries(env).flatMap(([name, text]) => {
    if (!name.startsWith(PREFIX) || name === FILE_VARIABLE || text === undefined) return [];
    if (isServiceLink(name, text)) return [];
    const key = byVariable.get(name);
    if (key !== undefined) return [{ key, value: fromText(key, text), source: name }];
    warnings.push(`${name} is ignored: there is no such variable${hint(name, [...byVariable.keys()])}`);
    return [];
  });
}

function fromFlags(flags: Sources['flags']): Given[] {
  const given = Object.entries(flags) as [ConfigKey, string][];
  return given.map(([key, text]) => ({ key, value: fromText(key, text), source: `flag ${flagOf(key)}` }));
}

/** A number where the schema expects one. A text that is not a number is left for the schema to refuse. */
function fromText(key: ConfigKey, text: string): unknown {
  const isNumber = typeof defaultOf(key) === 'number';
  return isNumber && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}
