/** The keys of the configuration: the values that each accepts, its default, and its purpose. */
import { z } from 'zod';
import { DEFAULT_SETTINGS, NETWORKED, POSSESSION_RECORDS } from '../../jobs/runtime/stores.ts';
import { REMOTE_PUBLISH_MS, ROLLUP_DEFAULTS } from '../../reports/runtime/settings.ts';
import { WORKER_DEFAULTS } from '../../reports/worker/settings.ts';
import { count, ms } from './numbers.ts';
import { SERVICE_KEYS } from './service.ts';
import { masked, schemeOf } from './urls.ts';

/** The schemes of each port's URL. `stores/openers.ts` has an implementation for each. */
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
/** With this much, a process sorts a million rows in less than 400 MB, using the disk. */
const REPORT_MB = 96;

const elsewhere = (key: keyof typeof NETWORKED): string => `${NETWORKED[key]} by default with tables in Cassandra`;

const schema = z.object({
  data: z
    .string()
    .min(1)
    .default('data')
    .describe('The data folder, for all embedded stores. A path in a file is relative to that file.'),
  transport: url('transport', 'Where topics are stored.'),
  registry: url('registry', 'Where event schemas are stored.'),
  tables: url('tables', 'Where rows are stored.'),
  cache: url('cache', 'Where cache entries are stored.'),
  cachePrefix: z.string().min(1).default('tributary:').describe('The prefix of all keys in Redis.'),
  search: url('search', 'Where search documents are stored.'),
  searchPrefix: z.string().min(1).default('tributary-').describe('The prefix of all indexes in Elasticsearch.'),
  searchApiKey: z
    .string()
    .min(1)
    .optional()
    .describe('An API key for Elasticsearch, instead of a user name and a password.'),
  objects: url('objects', 'Where segments and report files are stored.'),
  objectsLinkBase: z
    .union([z.literal(''), z.url({ protocol: /^https?$/ })], 'a URL of http or https')
    .default('')
    .describe('The base URL of links to objects. If empty, it is 127.0.0.1 with servePort.'),
  objectsLinkSecret: z
    .string()
    .min(16)
    .optional()
    .describe('The secret that signs links to objects; by default, one in the data folder.'),
  requests: url('requests', 'Where report requests are stored.'),
  query: url('query', 'The engine that runs queries.'),
  queryCacheMb: count(64, 100_000_000, 4096, 'The disk space for cached segments that queries have read, in MB.'),
  mail: url('mail', 'How mail is sent.'),
  mailFrom: z.string().min(3).default('Tributary <tributary@localhost>').describe('The sender of mail.'),
  mailDkimDomain: z
    .string()
    .min(1)
    .optional()
    .describe('The domain that signs mail with DKIM. Requires mailDkimSelector and mailDkimKey.'),
  mailDkimSelector: z.string().min(1).optional().describe('The DKIM selector of the key that signs mail.'),
  mailDkimKey: z.string().min(1).optional().describe('The file with the private DKIM key, in PEM.'),
  webhook: url('webhook', 'How webhooks are called.'),
  webhookSecret: z.string().min(1).optional().describe('The secret that signs webhooks: whsec_ followed by base64.'),
  webhookNetworks: z
    .string()
    .default('')
    .describe('Networks that webhooks may call although they are not public, separated by commas.'),
  push: url('push', 'How push messages are sent.'),
  sms: url('sms', 'How text messages are sent.'),
  bridgeSecret: z.string().min(1).optional().describe('The secret that signs calls to push and SMS bridges.'),
  bridgeFrom: z.string().min(1).default('Tributary').describe('The sender of push and text messages.'),
  tlsCa: z
    .string()
    .min(1)
    .optional()
    .describe("The file with the certificate authority that signed the servers' certificates, in PEM."),
  tlsCert: z.string().min(1).optional().describe('The file with our own certificate, in PEM.'),
  tlsKey: z.string().min(1).optional().describe('The file with the private key of that certificate, in PEM.'),
  logLevel: z
    .enum(['error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('The lowest level to log: error, warn, info or debug.'),
  metricsHost: z.string().min(1).default('127.0.0.1').describe('The address for metrics and probes.'),
  metricsPort: count(0, 65_535, 0, 'The port for metrics and probes; 0 turns them off.'),
  maxRecords: count(
    1,
    POSSESSION_RECORDS,
    DEFAULT_SETTINGS.maxRecords,
    `The maximum number of records in a batch; ${elsewhere('maxRecords')}.`,
  ),
  maxKeys: count(
    1,
    100_000,
    DEFAULT_SETTINGS.maxKeys,
    `The maximum number of keys in a batch, and for most jobs also of rows; ${elsewhere('maxKeys')}.`,
  ),
  batchesAtOnce: count(
    1,
    1000,
    DEFAULT_SETTINGS.batchesAtOnce,
    `How many full batches a process applies at once, or more smaller ones; ${elsewhere('batchesAtOnce')}.`,
  ),
  waitMs: ms(0, 60_000, DEFAULT_SETTINGS.waitMs, 'How long a job waits for records before it looks for other work'),
  sessionMs: ms(500, HOUR, 10_000, 'How long a process may be silent before Kafka reassigns its partitions'),
  lookupMs: ms(0, HOUR, DEFAULT_SETTINGS.lookupMs, 'How long a lookup result may be kept in memory'),
  timerMs: ms(10, HOUR, DEFAULT_SETTINGS.timerMs, 'How often a job looks for due timers'),
  rowCacheMb: count(
    0,
    1_000_000,
    DEFAULT_SETTINGS.rowCacheMb,
    `The memory for rows that a process caches, in MB; ${elsewhere('rowCacheMb')}.`,
  ),
  viewWaitMs: ms(0, HOUR, DEFAULT_SETTINGS.viewWaitMs, 'How long a batch waits for a view that may be behind'),
  readyWaitMs: ms(0, HOUR, 30_000, 'How long a job may wait for a store before /readyz reports it'),
  backOffFirstMs: ms(1, HOUR, DEFAULT_SETTINGS.backOffMs[0], 'The first pause between retries when a store is away'),
  backOffLongestMs: ms(
    1,
    HOUR,
    DEFAULT_SETTINGS.backOffMs[1],
    'The longest pause between retries when a store is away',
  ),
  undeclaredTypes: z
    .enum(['skip', 'dead-letter'])
    .default(DEFAULT_SETTINGS.undeclaredTypes)
    .describe('What a job does with records whose type their topic does not declare: skip or dead-letter.'),
  publishMs: ms(
    0,
    HOUR,
    ROLLUP_DEFAULTS.publishMs,
    `How long a rollup may keep counts in memory (${REMOTE_PUBLISH_MS} by default with objects in S3)`,
  ),
  publishMb: count(
    1,
    10_000,
    ROLLUP_DEFAULTS.publishBytes / 1_000_000,
    'The memory for the counts of a rollup, in MB. When it is full, segments are written earlier.',
  ),
  pipelineEvents: z
    .enum(['on', 'off'])
    .default('on')
    .describe('Whether jobs emit events about each batch, for the datasource pipeline: on or off.'),
  archive: z
    .enum(['on', 'off'])
    .default('off')
    .describe('Whether to archive the events of all topics in tables, one row per event: on or off.'),
  duckMemoryMb: count(64, 1_000_000, DUCK_MB, 'The memory for queries and segments in a process, in MB.'),
  reportSecret: z
    .string()
    .min(16)
    .optional()
    .describe(
      'The secret that encrypts passwords of report requests. To replace it, give the new secret and then the old one, separated by a space.',
    ),
  reportMemoryMb: count(64, 1_000_000, REPORT_MB, 'The memory for report queries in a process, in MB.'),
  reportsAtOnce: count(0, 100, WORKER_DEFAULTS.atOnce, 'How many reports run at once in one process.'),
  reportsPerTenant: count(1, 10_000, WORKER_DEFAULTS.tenantLimit, 'How many reports run at once for one tenant.'),
  reportLeaseMs: ms(
    1000,
    HOUR,
    WORKER_DEFAULTS.leaseMs,
    'How long a report worker may be silent before another worker starts its reports again',
  ),
  reportKeepMs: ms(60_000, 366 * 24 * HOUR, WORKER_DEFAULTS.keepMs, 'How long report files are kept'),
  reportLinkMs: ms(60_000, 7 * 24 * HOUR, 24 * HOUR, 'How long links to report files in messages stay valid'),
  ...SERVICE_KEYS,
  expireEveryMs: ms(
    1000,
    24 * HOUR,
    HOUR,
    'How often a process deletes records past their retention, and rows and documents removed long ago',
  ),
});

export type Config = Readonly<z.output<typeof schema>>;
export type ConfigKey = keyof Config;
export const KEYS = Object.keys(schema.shape) as ConfigKey[];

export const docOf = (key: ConfigKey): string => schema.shape[key].description ?? '';
/** The default of a key. */
export const defaultOf = (key: ConfigKey): unknown => schema.shape[key].safeParse(undefined).data;
/** The value as its schema reads it, or the problem with it. */
export const parseValue = (key: ConfigKey, value: unknown) => schema.shape[key].safeParse(value);

export function isKey(key: string): key is ConfigKey {
  return Object.hasOwn(schema.shape, key);
}
