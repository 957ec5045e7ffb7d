/**
 * The configuration: one schema, and four sources. A flag goes before the environment, the environment before the file, the
 * file before the default.
 *
 * Every key is a key of the file (`metricsPort`), a variable (`TRIBUTARY_METRICS_PORT`) and a flag (`--metrics-port`). Nothing
 * unknown is taken, and whatever is wrong in any source is said at once, also where a better source makes up for it. A variable that is
 * unknown is warned of only, since an environment has variables that others put there.
 */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { messageOf, TributaryError } from '../../core/errors.ts';
import { hint } from '../../core/hint.ts';
import { DEFAULT_SETTINGS, NETWORKED, POSSESSION_RECORDS } from '../../jobs/runtime/stores.ts';
import { REMOTE_PUBLISH_MS, ROLLUP_DEFAULTS } from '../../reports/runtime/settings.ts';
import { WORKER_DEFAULTS } from '../../reports/worker/settings.ts';
import { count, ms } from './numbers.ts';
import { SERVICE_KEYS } from './service.ts';
import { isServiceLink } from './service-links.ts';

/** What may stand before the colon of each port's URL. `openers.ts` has an implementation for each. */
export const SCHEMES = {
  transport: ['embedded', 'kafka', 'kafkas'],
  registry: ['embedded', 'http', 'https'],
  tables: ['embedded', 'cassandra'],
  cache: ['embedded', 'redis', 'rediss', 'redis+sentinel', 'rediss+sentinel', 'redis+cluster', 'rediss+cluster'],
  search: ['embedded', 'elasticsearch', 'elasticsearch+https', 'http', 'https'],
  objects: ['embedded', 's3'],
  requests: ['embedded', 'postgres', 'postgresql'],
  query: ['duckdb', 'trino', 'trinos'],
  mail: ['outbox', 'none', 'smtp', 'smtps'],
  webhook: ['outbox', 'none', 'post'],
  push: ['outbox', 'none', 'http', 'https'],
  sms: ['outbox', 'none', 'http', 'https'],
} as const;

export type Port = keyof typeof SCHEMES;
export type Scheme<P extends Port> = (typeof SCHEMES)[P][number];

const HOUR = 3_600_000;

const url = (port: Port, doc: string) =>
  z
    .string()
    .refine((value) => (SCHEMES[port] as readonly string[]).includes(schemeOf(value)), {
      error: ({ input }) =>
        `${masked(port, input)} cannot be used; it must begin with ${SCHEMES[port].map((scheme) => `${scheme}:`).join(' or ')}`,
    })
    .default(`${SCHEMES[port][0]}:`)
    .describe(doc);

/** DuckDB takes up to twice as much while it sorts. */
const DUCK_MB = 256;
/** With it, a process sorts a million rows in less than 400 MB: on the disk. */
const REPORT_MB = 96;

const elsewhere = (key: keyof typeof NETWORKED): string => `${NETWORKED[key]} where tables are in Cassandra`;

const schema = z.object({
  data: z
    .string()
    .min(1)
    .default('data')
    .describe('The folder of everything embedded. In a file: seen from that file.'),
  transport: url('transport', 'Where the topics are.'),
  registry: url('registry', 'Where the schemas of events are.'),
  tables: url('tables', 'Where rows are.'),
  cache: url('cache', 'Where cache entries are.'),
  cachePrefix: z.string().min(1).default('tributary:').describe('What all keys in Redis begin with.'),
  search: url('search', 'Where documents to search in are.'),
  searchPrefix: z.string().min(1).default('tributary-').describe('What all indexes in Elasticsearch begin with.'),
  searchApiKey: z.string().min(1).optional().describe('A key for Elasticsearch, instead of a name and a password.'),
  objects: url('objects', 'Where segments and report files are.'),
  objectsLinkBase: z
    .union([z.literal(''), z.url({ protocol: /^https?$/ })], 'a URL of http or https')
    .default('')
    .describe('What links to objects begin with; 127.0.0.1 and servePort if empty.'),
  objectsLinkSecret: z
    .string()
    .min(16)
    .optional()
    .describe('What links to objects are signed with, if not by a secret of the folder.'),
  requests: url('requests', 'Where report requests are.'),
  query: url('query', 'What answers queries.'),
  queryCacheMb: count(64, 100_000_000, 4096, 'The disk for segments that queries have read, in MB.'),
  mail: url('mail', 'How mail leaves.'),
  mailFrom: z.string().min(3).default('Tributary <tributary@localhost>').describe('Who mail is from.'),
  mailDkimDomain: z.string().min(1).optional().describe('The domain that signs mail, with the next two.'),
  mailDkimSelector: z.string().min(1).optional().describe('Which of its keys signs mail.'),
  mailDkimKey: z.string().min(1).optional().describe('The file of that private key, in PEM.'),
  webhook: url('webhook', 'How webhooks are called.'),
  webhookSecret: z.string().min(1).optional().describe('What webhooks are signed with: whsec_ and base64.'),
  webhookNetworks: z
    .string()
    .default('')
    .describe('Networks that webhooks may lead to although they are not public, with commas.'),
  push: url('push', 'How push messages leave.'),
  sms: url('sms', 'How text messages leave.'),
  bridgeSecret: z.string().min(1).optional().describe('What calls of push and SMS bridges are signed with.'),
  bridgeFrom: z.string().min(1).default('Tributary').describe('Who push and text messages are from.'),
  tlsCa: z
    .string()
    .min(1)
    .optional()
    .describe("The file of the authority that signed the servers' certificates, in PEM."),
  tlsCert: z.string().min(1).optional().describe('The file of our own certificate, in PEM.'),
  tlsKey: z.string().min(1).optional().describe('The file of its key, in PEM.'),
  logLevel: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('The lowest level that is logged: error, warn, info or debug.'),
  metricsHost: z.string().min(1).default('127.0.0.1').describe('The address for metrics and probes.'),
  metricsPort: count(0, 65_535, 0, 'The port for metrics and probes; 0: none.'),
  maxRecords: count(
    1,
    POSSESSION_RECORDS,
    DEFAULT_SETTINGS.maxRecords,
    `The most records of one batch; ${elsewhere('maxRecords')}.`,
  ),
  maxKeys: count(
    1,
    100_000,
    DEFAULT_SETTINGS.maxKeys,
    `The most keys of one batch, which are the most rows for most jobs; ${elsewhere('maxKeys')}.`,
  ),
  batchesAtOnce: count(
    1,
    1000,
    DEFAULT_SETTINGS.batchesAtOnce,
    `How many full batches a process applies at once, and more if they are smaller; ${elsewhere('batchesAtOnce')}.`,
  ),
  waitMs: ms(0, 60_000, DEFAULT_SETTINGS.waitMs, 'How long a job waits for records before it looks for other work'),
  sessionMs: ms(500, HOUR, 10_000, 'How long a process may be silent before Kafka gives its partitions to others'),
  lookupMs: ms(0, HOUR, DEFAULT_SETTINGS.lookupMs, 'How long a lookup may be kept'),
  timerMs: ms(10, HOUR, DEFAULT_SETTINGS.timerMs, 'How often due timers are looked for'),
  rowCacheMb: count(
    0,
    1_000_000,
    DEFAULT_SETTINGS.rowCacheMb,
    `The memory for rows that this process keeps, in MB; ${elsewhere('rowCacheMb')}.`,
  ),
  viewWaitMs: ms(0, HOUR, DEFAULT_SETTINGS.viewWaitMs, 'How long a batch waits for a view that may be behind'),
  readyWaitMs: ms(0, HOUR, 30_000, 'How long a job may wait for a store before /readyz says so'),
  backOffFirstMs: ms(1, HOUR, DEFAULT_SETTINGS.backOffMs[0], 'The first pause when a store is away'),
  backOffLongestMs: ms(1, HOUR, DEFAULT_SETTINGS.backOffMs[1], 'The longest pause when a store is away'),
  undeclaredTypes: z
    .enum(['skip', 'dead-letter'])
    .default(DEFAULT_SETTINGS.undeclaredTypes)
    .describe('What becomes of records of a type that their topic does not declare: skip or dead-letter.'),
  publishMs: ms(
    0,
    HOUR,
    ROLLUP_DEFAULTS.publishMs,
    `How long what a rollup has counted may stay in memory; ${REMOTE_PUBLISH_MS} where objects are in S3`,
  ),
  publishMb: count(
    1,
    10_000,
    ROLLUP_DEFAULTS.publishBytes / 1_000_000,
    'The memory, in MB, for what a rollup has counted: when it is full, segments are written earlier.',
  ),
  pipelineEvents: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether jobs report each batch by events, for the datasource pipeline: on or off.'),
  archive: z
    .enum(['on', 'off'])
    .default('off')
    .describe('Whether the events of all topics are kept in tables, too, one row each: on or off.'),
  duckMemoryMb: count(64, 1_000_000, DUCK_MB, 'The memory for queries and segments in this process, in MB.'),
  reportSecret: z
    .string()
    .min(16)
    .optional()
    .describe('What passwords of report requests are sealed with; several, with spaces, to replace one.'),
  reportMemoryMb: count(64, 1_000_000, REPORT_MB, 'The memory for the queries of reports in this process, in MB.'),
  reportsAtOnce: count(0, 100, WORKER_DEFAULTS.atOnce, 'The reports that run at once in one process.'),
  reportsPerTenant: count(1, 10_000, WORKER_DEFAULTS.tenantLimit, 'The reports that run at once for one tenant.'),
  reportLeaseMs: ms(
    1000,
    HOUR,
    WORKER_DEFAULTS.leaseMs,
    'How long a report worker may be silent before another one begins its reports again',
  ),
  reportKeepMs: ms(60_000, 366 * 24 * HOUR, WORKER_DEFAULTS.keepMs, 'How long report files are kept'),
  reportLinkMs: ms(
    60_000,
    7 * 24 * HOUR,
    24 * HOUR,
    'How long the links to report files that are sent to people are valid',
  ),
  ...SERVICE_KEYS,
  expireEveryMs: ms(
    1000,
    24 * HOUR,
    HOUR,
    'How often records past their retention, and what was taken away long ago, are deleted',
  ),
});

export type Config = Readonly<z.output<typeof schema>>;
export type ConfigKey = keyof Config;
export const KEYS = Object.keys(schema.shape) as ConfigKey[];

export interface Loaded {
  readonly config: Config;
  /** Where each value is from: "default", "flag --data", "TRIBUTARY_DATA", or the path of the file. */
  readonly sources: Readonly<Record<ConfigKey, string>>;
  /** What was left out of account and may be a mistake, one sentence each. */
  readonly warnings: readonly string[];
}

export interface Sources {
  /** Flags that were given, by key. */
  readonly flags: Readonly<Partial<Record<ConfigKey, string>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The file named by --config; then it must exist. */
  readonly file?: string | undefined;
  readonly folder: string;
}

const PREFIX = 'TRIBUTARY_';
const FILE_VARIABLE = `${PREFIX}CONFIG`;
const DEFAULT_FILE = 'tributary.json';

export const variableOf = (key: string): string => PREFIX + key.replace(/[A-Z]/g, '_$&').toUpperCase();
export const flagOf = (key: string): string => `--${key.replace(/[A-Z]/g, '-$&').toLowerCase()}`;
export const docOf = (key: ConfigKey): string => schema.shape[key].description ?? '';
/** The value a key has when nobody gives one. */
export const defaultOf = (key: ConfigKey): unknown => schema.shape[key].safeParse(undefined).data;

/** One value as one source has it. */
interface Given {
  readonly key: ConfigKey;
  readonly value: unknown;
  readonly source: string;
}

/** Throws CONFIG_INVALID with every problem of every source, one a line. */
export function loadConfig(sources: Sources): Loaded {
  const problems: string[] = [];
  const warnings: string[] = [];
  // The later ones go before the earlier ones.
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
    const result = schema.shape[key].safeParse(value);
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
    problems.push(`${path}: it is no JSON: ${messageOf(error)}`);
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

/** A number where the schema wants one; a text that is none is left for the schema to refuse. */
function fromText(key: ConfigKey, text: string): unknown {
  const isNumber = typeof defaultOf(key) === 'number';
  return isNumber && /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

function isKey(key: string): key is ConfigKey {
  return Object.hasOwn(schema.shape, key);
}

/** What stands before the colon, in small letters; empty if there is none. */
export function schemeOf(value: string): string {
  return /^([a-z][a-z0-9+.-]*):/i.exec(value)?.[1]?.toLowerCase() ?? '';
}

const SECRET = /secret|password|token|apikey/i;
const MASK = '****';

/** The value as it may be shown: no secret, and no password in a URL. */
export function masked(key: string, value: unknown): string {
  if (SECRET.test(key)) return value === undefined || value === '' ? '' : MASK;
  return String(value ?? '')
    .replace(/((?:^|,)[a-z][a-z0-9+.-]*:\/\/[^/?#@]*?:)[^/?#]*@/gi, `$1${MASK}@`)
    .replace(/([?&;][^=&;]*(?:secret|password|token)[^=&;]*=)[^&;#]*/gi, `$1${MASK}`);
}
