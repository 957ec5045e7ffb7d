/** The keys of the configuration: what each may be, what it is if nobody says, and what it is for. */
import { z } from 'zod';
import { DEFAULT_SETTINGS, NETWORKED, POSSESSION_RECORDS } from '../../jobs/runtime/stores.ts';
import { REMOTE_PUBLISH_MS, ROLLUP_DEFAULTS } from '../../reports/runtime/settings.ts';
import { WORKER_DEFAULTS } from '../../reports/worker/settings.ts';
import { count, ms } from './numbers.ts';
import { SERVICE_KEYS } from './service.ts';
import { masked, schemeOf } from './urls.ts';

/** What may stand before the colon of each port's URL. `stores/openers.ts` has an implementation for each. */
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

export const docOf = (key: ConfigKey): string => schema.shape[key].description ?? '';
/** The value a key has when nobody gives one. */
export const defaultOf = (key: ConfigKey): unknown => schema.shape[key].safeParse(undefined).data;
/** The value as its schema reads it, or what is wrong with it. */
export const parseValue = (key: ConfigKey, value: unknown) => schema.shape[key].safeParse(value);

export function isKey(key: string): key is ConfigKey {
  return Object.hasOwn(schema.shape, key);
}
