/** Who may import whom: one table of all folders, each with its reason, checked on the actual import graph. It is stated nowhere else. */
import assert from 'node:assert/strict';
import { posix } from 'node:path';
import { test } from 'node:test';
import { jobs } from '../jobs/index.ts';
import { importsOf, reachable, type Source, sourceTree } from './imports.ts';

interface Rule {
  /** The files it applies to. The first rule that names a file counts. */
  readonly files: readonly string[];
  /** Which of our files they may import. */
  readonly ours: readonly string[];
  /** Which packages and modules of Node; `*` stands for any part of a name. */
  readonly libraries: readonly string[];
  readonly why: string;
}

const JOB_FILES = jobs.map(({ name }) => `jobs/${name}/${name}.ts`);
const JOB_FOLDERS = jobs.map(({ name }) => `jobs/${name}/*`);
const PORTS = ['sinks/port.ts', 'sinks/*/port.ts', 'sinks/requests/schedule.ts'];
const DECLARATIONS = ['topics/index.ts', 'topics/define.ts'];
/** The lists of topics, jobs, datasources and reports: everybody else is handed a platform. */
const LISTS = ['!topics/index.ts', '!jobs/index.ts', '!reports/datasources/*', '!reports/definitions/*'];
/** What a topic is, and the ports by which it is read and written. */
const LOG = ['topics/define.ts', 'topics/codec/*', 'topics/log/*'];

/** The hash of Node: as pure as the others, and ten times as fast. */
const HASHES = ['node:crypto'];

/** What computes and has no effects. */
const PURE_LIBRARIES = ['luxon', 'windows-iana', '@noble/hashes/sha2.js'];

/** The client that each sink outside of SQLite has, if it has one. */
const CLIENTS: Readonly<Record<string, readonly string[]>> = {
  'sinks/channels/outbox': ['nodemailer/*'],
  'sinks/channels/smtp': ['nodemailer', 'nodemailer/*'],
  'sinks/channels/webhook': ['standardwebhooks'],
  'sinks/objects/directory': [],
  'sinks/objects/s3': ['@aws-sdk/*', '@smithy/*'],
  'sinks/requests/postgres': ['pg'],
  'sinks/tables/cassandra': ['cassandra-driver'],
  'sinks/cache/redis': ['ioredis', 'cluster-key-slot'],
  'sinks/search/elasticsearch': ['@elastic/elasticsearch'],
};

/** The folders of the transport on Kafka, and those below each. */
const KAFKA: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  cluster: ['wire'],
  fetch: ['wire', 'cluster'],
  produce: ['wire', 'cluster'],
  group: ['wire', 'cluster', 'fetch', 'produce'],
  admin: ['wire', 'cluster', 'fetch', 'produce', 'group'],
};

const RULES: readonly Rule[] = [
  {
    files: ['index.ts'],
    ours: [
      'core/*',
      'topics/define.ts',
      'jobs/define.ts',
      'reports/{define-datasource,define-report,granularity}.ts',
      'modules/*',
      'cli/program.ts',
    ],
    libraries: [],
    why: 'the public face',
  },
  {
    files: ['learning.ts'],
    ours: ['schemas/**', 'topics/index.ts'],
    libraries: [],
    why: 'the public face of the built-in module: declarations alone',
  },
  { files: ['core/**'], ours: ['core/**'], libraries: [], why: 'what everything else uses' },
  {
    files: ['schemas/**'],
    ours: ['core/*', 'schemas/**'],
    libraries: [],
    why: 'events and rows: declarations, and nothing else',
  },
  {
    files: ['topics/codec/avro-types.ts', 'topics/codec/bounds.ts'],
    ours: ['core/*', 'topics/define.ts', 'topics/codec/*', 'topics/log/*'],
    libraries: ['avsc'],
    why: 'the two files that know the Avro library',
  },
  { files: ['topics/define.ts'], ours: ['core/*'], libraries: [], why: 'what a topic is, whatever topics there are' },
  {
    files: ['topics/index.ts'],
    ours: ['core/*', 'schemas/*', 'topics/define.ts'],
    libraries: [],
    why: 'a list of topics',
  },
  {
    files: ['topics/codec/**', 'topics/log/**'],
    ours: ['core/*', 'topics/define.ts', 'topics/codec/*', 'topics/log/*'],
    libraries: [],
    why: 'ports and formats know no implementation, and no topic by name',
  },
  {
    files: ['topics/tracing/**'],
    ours: ['topics/log/transport.ts', 'topics/tracing/*'],
    libraries: ['@opentelemetry/api'],
    why: 'the spans that there are, whatever makes them',
  },
  {
    files: ['topics/export/**'],
    ours: ['core/*', 'topics/define.ts', 'topics/export/*'],
    libraries: [],
    why: 'documents that are made from declarations, whatever topics there are',
  },
  {
    files: ['topics/embedded/**'],
    ours: ['core/*', ...LOG, 'topics/embedded/**', 'embedded/**'],
    libraries: ['node:*'],
    why: 'an implementation knows its port and its client',
  },
  {
    files: ['network/**'],
    ours: ['core/*', 'network/*'],
    libraries: ['node:http', 'node:net', 'node:tls'],
    why: 'what the clients of all servers share knows none of them',
  },
  {
    files: ['topics/confluent/**'],
    ours: ['core/*', ...LOG, 'network/*', '{folder}/*'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'an implementation knows its port and its client',
  },
  {
    files: ['topics/kafka/wire/kafkajs.ts', 'topics/kafka/wire/kafkajs-types.d.ts'],
    ours: ['topics/kafka/wire/{errors,security}.ts'],
    libraries: ['node:net', 'node:tls', 'kafkajs/*'],
    why: 'the one place that knows kafkajs',
  },
  {
    files: ['topics/kafka/wire/calls/**'],
    ours: ['topics/kafka/wire/{call,batch-reader}.ts', '{folder}/*'],
    libraries: [],
    why: 'a call is bytes out and bytes in',
  },
  ...Object.entries(KAFKA).map(([folder, uses]) => ({
    files: [`topics/kafka/${folder}/**`],
    ours: [
      'core/*',
      'topics/log/*',
      ...(folder === 'cluster' ? ['network/*'] : []),
      ...[folder, ...uses].map((each) => `topics/kafka/${each}/**`),
    ],
    libraries: ['node:*', '!node:sqlite', ...(folder === 'wire' ? ['@platformatic/wasm-utils'] : [])],
    why: 'from the wire upwards: bytes, the cluster, records in and out, groups, administration',
  })),
  {
    files: ['topics/kafka/*'],
    ours: ['core/*', 'topics/log/*', 'topics/kafka/**', '!topics/kafka/admin/**'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'an implementation knows its port and its client',
  },
  {
    files: ['jobs/index.ts'],
    ours: ['jobs/define.ts', 'jobs/options.ts', ...JOB_FILES],
    libraries: [],
    why: 'a list of jobs',
  },
  {
    files: ['jobs/define.ts'],
    ours: ['core/*', 'topics/define.ts'],
    libraries: [],
    why: 'what a job is, whatever jobs there are',
  },
  {
    files: ['jobs/*', ...JOB_FOLDERS],
    ours: ['core/*', 'schemas/**', ...DECLARATIONS, 'jobs/*', '!jobs/index.ts', '{folder}/*'],
    libraries: PURE_LIBRARIES,
    why: 'a job is pure, and hands events to other jobs and nothing else',
  },
  {
    files: ['modules/learning.ts', 'modules/pipeline.ts'],
    ours: [
      'modules/{define,pipeline}.ts',
      'jobs/index.ts',
      'jobs/options.ts',
      'topics/index.ts',
      'reports/datasources/{index,pipeline}.ts',
      'reports/definitions/index.ts',
    ],
    libraries: [],
    why: 'the built-in modules: the files that have the lists of topics, jobs and datasources',
  },
  {
    files: ['modules/**'],
    ours: [
      'core/*',
      'topics/define.ts',
      'jobs/define.ts',
      'reports/{define-datasource,define-report,names}.ts',
      'modules/*',
      '!modules/learning.ts',
      '!modules/pipeline.ts',
    ],
    libraries: [],
    why: 'what modules and platforms are, whatever modules there are',
  },
  {
    files: ['reports/runtime/**'],
    ours: [
      'core/*',
      ...LOG,
      'jobs/define.ts',
      'topics/tracing/*',
      'jobs/runtime/*',
      'reports/*',
      'reports/{rollup,sql,archive}/*',
      'reports/runtime/**',
      'duckdb/*',
      'sinks/objects/port.ts',
      'sinks/delta/index.ts',
      'sinks/segments/{columns,cache}.ts',
    ],
    libraries: ['node:crypto'],
    why: 'rollups are another handler of the owner of a partition, on any stores and of any datasources',
  },
  {
    files: ['reports/operate/**'],
    ours: [
      'core/*',
      ...LOG,
      'jobs/define.ts',
      'jobs/runtime/*',
      'reports/*',
      'reports/{sql,archive,operate}/*',
      'reports/runtime/*',
      'duckdb/*',
      'sinks/objects/port.ts',
      'sinks/delta/index.ts',
      'sinks/segments/{columns,cache,source}.ts',
    ],
    libraries: ['node:crypto'],
    why: 'what operators do to tables, whatever datasources there are and whoever asks for it',
  },
  {
    files: ['reports/files/**'],
    ours: ['core/*', 'duckdb/names.ts', 'reports/files/**'],
    libraries: ['luxon', '@zip.js/zip.js', 'age-encryption', 'hyparquet-writer'],
    why: 'rows become a file, wherever they come from and whoever stores it',
  },
  {
    files: ['reports/archive/**'],
    ours: ['core/*', 'topics/define.ts', 'sinks/segments/columns.ts', 'reports/archive/*'],
    libraries: [],
    why: 'what the archive of a topic is, whatever topics there are',
  },
  {
    files: ['reports/datasources/index.ts'],
    ours: ['reports/define-datasource.ts', 'reports/datasources/*'],
    libraries: [],
    why: 'a list of datasources',
  },
  {
    files: ['reports/datasources/*'],
    ours: ['core/*', 'schemas/**', 'topics/index.ts', 'jobs/define.ts', 'reports/define-datasource.ts'],
    libraries: [],
    why: 'a datasource is pure, and counts events of a topic',
  },
  {
    files: ['reports/definitions/index.ts'],
    ours: ['reports/define-report.ts', 'reports/definitions/*'],
    libraries: [],
    why: 'a list of reports',
  },
  {
    files: ['reports/definitions/**'],
    ours: [
      'core/*',
      'schemas/**',
      'reports/{consent,define-report}.ts',
      'reports/datasources/*',
      '!reports/datasources/index.ts',
      'reports/{relations,granularity}.ts',
      'reports/sql/*',
      '{folder}/*',
    ],
    libraries: ['luxon'],
    why: 'a report is pure: it knows datasources and tables, and not how they are read',
  },
  {
    files: ['reports/worker/**'],
    ours: [
      'core/*',
      ...LOG,
      'topics/tracing/*',
      'schemas/{report,notification}.ts',
      'jobs/runtime/*',
      'reports/define-report.ts',
      'reports/{files,requesting,worker}/*',
      'sinks/objects/port.ts',
      'sinks/requests/{port,rules,schedule}.ts',
    ],
    libraries: ['luxon', ...HASHES],
    why: 'how reports run, whatever reports there are and whatever stores they are read from',
  },
  {
    files: ['reports/requesting/**'],
    ours: [
      'core/*',
      'reports/*',
      'reports/files/*',
      'reports/requesting/*',
      'topics/log/transport.ts',
      'topics/tracing/{carried,work}.ts',
      'sinks/{query,requests}/port.ts',
      'sinks/requests/{rules,schedule}.ts',
    ],
    libraries: ['luxon', ...HASHES],
    why: 'from what somebody asks for to the rows of a report, whatever reports and stores there are',
  },
  {
    files: ['reports/service/**'],
    ours: [
      'core/*',
      'jobs/runtime/stores.ts',
      'reports/{consent,define-datasource,define-report,granularity,relations,rights}.ts',
      'reports/files/{format,times}.ts',
      'reports/sql/finish.ts',
      'reports/requesting/*',
      'reports/service/**',
      'sinks/port.ts',
      'sinks/{objects,query,tables,search,cache}/port.ts',
      'sinks/requests/{port,schedule}.ts',
      'topics/define.ts',
      'topics/codec/given-event.ts',
      'topics/log/transport.ts',
      'jobs/define.ts',
      'modules/derived.ts',
    ],
    libraries: ['luxon', 'zod', ...HASHES],
    why: 'routes are declared, whatever serves them and whatever reports and stores there are',
  },
  {
    files: ['reports/consent.ts'],
    ours: ['core/*', 'schemas/rows/user-profile.ts', 'reports/define-report.ts'],
    libraries: [],
    why: 'consents are compared alike, for reports and for those who read records',
  },
  {
    files: ['reports/rollup/hash.ts'],
    ours: [],
    libraries: HASHES,
    why: 'the one hash that figures rest on',
  },
  {
    files: ['reports/relations.ts'],
    ours: ['reports/*', 'reports/sql/*', 'sinks/query/port.ts'],
    libraries: [],
    why: 'datasources as queries see them, whatever engine runs these',
  },
  {
    files: ['reports/druid/**'],
    ours: [
      'core/*',
      'topics/codec/own-headers.ts',
      'reports/{define-datasource,fields,granularity}.ts',
      'reports/druid/*',
    ],
    libraries: [],
    why: 'a specification says what our decoder and our fold do, and does nothing',
  },
  {
    files: ['reports/rollup/**', 'reports/sql/**', 'reports/*'],
    ours: [
      'core/*',
      'topics/define.ts',
      'jobs/define.ts',
      'reports/{rollup,sql}/*',
      'reports/*',
      'reports/files/format.ts',
    ],
    libraries: ['luxon'],
    why: 'what is counted, and how it is put together again, whatever datasources there are',
  },
  {
    files: ['jobs/runtime/*', 'jobs/runtime/offsets/*', '!jobs/runtime/index.ts'],
    ours: ['core/*', ...LOG, 'jobs/define.ts', 'jobs/runtime/*', 'jobs/runtime/offsets/*', ...PORTS],
    libraries: ['node:crypto', 'node:timers/promises'],
    why: 'the owner of a partition does not know what its handler makes of the records',
  },
  {
    files: ['jobs/runtime/**'],
    ours: ['core/*', ...LOG, 'topics/tracing/*', 'jobs/define.ts', 'jobs/runtime/**', 'schemas/pipeline.ts', ...PORTS],
    libraries: ['node:crypto', 'node:timers/promises'],
    why: 'the runtime can be tested with any wiring and any jobs',
  },
  {
    files: PORTS,
    ours: ['core/*', 'sinks/port.ts', 'sinks/requests/{port,schedule}.ts'],
    libraries: [],
    why: 'a port shows no type of a client library',
  },
  {
    files: ['sinks/**/request.ts'],
    ours: ['core/*', ...PORTS, 'sinks/search/{asked,words}.ts', 'sinks/requests/{rules,stored}.ts', '{folder}/*'],
    libraries: [],
    why: 'requests are built purely: tested without a server',
  },
  {
    files: ['sinks/segments/**'],
    ours: ['core/*', 'duckdb/*', 'files/*', 'sinks/objects/port.ts', '{folder}/*'],
    libraries: ['node:*', '!node:sqlite', '@duckdb/node-api'],
    why: 'segments are Parquet in the objects, whatever table they are of',
  },
  {
    files: ['sinks/delta/**'],
    ours: ['core/*', 'duckdb/*', 'sinks/objects/port.ts', 'sinks/segments/*', '{folder}/*'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'a table is made of objects, whatever holds them, and DuckDB is opened elsewhere',
  },
  {
    files: ['sinks/query/snapshots.ts', 'sinks/query/duckdb/**'],
    ours: [
      'core/*',
      'duckdb/*',
      'sinks/objects/port.ts',
      'sinks/delta/index.ts',
      'sinks/segments/*',
      'sinks/query/*',
      'sinks/query/duckdb/*',
    ],
    libraries: ['@duckdb/node-api'],
    why: 'queries are over tables and their segments, whoever writes them',
  },
  {
    files: ['sinks/query/trino/**'],
    ours: ['core/*', 'duckdb/database.ts', 'network/*', 'sinks/query/*', '{folder}/*'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'one effect each',
  },
  {
    files: ['sinks/requests/cron.ts'],
    ours: ['core/*'],
    libraries: ['croner'],
    why: 'one file knows the library of cron expressions',
  },
  {
    files: ['sinks/*/*.ts'],
    ours: ['core/*', 'sinks/port.ts', '{folder}/*'],
    libraries: ['node:crypto', 'node:url'],
    why: 'what implementations share knows none of them',
  },
  {
    files: ['sinks/*/sqlite/**', 'sinks/*/embedded/**'],
    ours: ['core/*', 'sinks/port.ts', '{port}/*', '{folder}/*', 'embedded/**'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'the SQLite file is opened in one place',
  },
  ...Object.entries(CLIENTS).map(([folder, clients]) => ({
    files: [`${folder}/**`],
    ours: [
      'core/*',
      'sinks/port.ts',
      'network/*',
      '{port}/*',
      '{folder}/*',
      ...(folder === 'sinks/objects/directory' ? ['files/*'] : []),
    ],
    libraries: ['node:*', '!node:sqlite', ...clients],
    why: 'one effect each',
  })),
  {
    files: ['embedded/**'],
    ours: ['core/*', 'embedded/**'],
    libraries: ['node:*'],
    why: 'it knows nothing of those who share it',
  },
  {
    files: ['files/**'],
    ours: ['core/errors.ts', 'files/*'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'what processes leave in folders, whoever keeps something there',
  },
  {
    files: ['duckdb/**'],
    ours: ['core/*', 'files/*', 'duckdb/*'],
    libraries: ['node:*', '!node:sqlite', '@duckdb/node-api'],
    why: 'the one place where a DuckDB is opened, whatever is asked of it',
  },
  {
    files: ['app/stores/{diagnoses,openers,wiring}.ts'],
    ours: ['**'],
    libraries: ['*'],
    why: 'the one place that chooses implementations',
  },
  {
    files: ['reports/page/screens/**'],
    ours: ['{folder}/*', 'reports/page/{app,parts}/*'],
    libraries: ['lit-html', 'lit-html/*'],
    why: 'a screen knows what all share, and no other screen',
  },
  {
    files: ['reports/page/app/api-types.js'],
    ours: ['reports/service/shapes.ts', 'reports/service/operate/shapes.ts', 'core/target.ts', 'schemas/rows/*'],
    libraries: ['zod'],
    why: 'types of answers are those that the service declares; none of it is loaded',
  },
  {
    files: ['reports/page/parts/**'],
    ours: ['reports/page/{app,parts}/*'],
    libraries: ['lit-html', 'lit-html/*', 'uplot'],
    why: 'parts are drawn, whatever screen shows them',
  },
  {
    files: ['reports/page/app/screens.js'],
    ours: ['reports/page/app/*', 'reports/page/screens/*/*'],
    libraries: [],
    why: 'the one list of screens',
  },
  {
    files: ['reports/page/**'],
    ours: ['reports/page/{app,parts}/*'],
    libraries: ['lit-html', 'lit-html/*', 'oauth4webapi'],
    why: 'a page without a build: what it imports is what browsers load',
  },
  {
    files: ['app/stores/open-query.ts'],
    ours: [
      'core/*',
      ...PORTS,
      'reports/relations.ts',
      'reports/runtime/{generations,datasource-source}.ts',
      'app/config/*',
      '{folder}/*',
    ],
    libraries: [],
    why: 'queries know datasources, and the openers what answers them',
  },
  {
    files: ['app/service/**'],
    ours: [
      'reports/rights.ts',
      'core/*',
      ...LOG,
      'topics/tracing/sending.ts',
      'files/*',
      'jobs/define.ts',
      'jobs/runtime/{clock,stores}.ts',
      'reports/{define-report,granularity}.ts',
      'reports/service/**',
      'app/*',
      'app/{config,dead-letters,doctor,groups,platform,reports,stores,telemetry,text}/*',
      '{folder}/*',
    ],
    libraries: ['node:*', '!node:sqlite', 'fastify', '@fastify/*', 'jose', 'zod'],
    why: 'the one place that knows how HTTP is served and tokens are checked',
  },
  {
    files: ['app/reports/druid-source.ts'],
    ours: ['core/*', 'reports/druid/spec.ts', 'topics/kafka/cluster/options.ts', 'app/config/keys.ts'],
    libraries: [],
    why: 'the addresses for Druid are read as our own client reads them',
  },
  {
    files: ['app/dead-letters/**'],
    ours: [
      'core/*',
      ...LOG,
      'jobs/runtime/{back-off,clock,dead-letter}.ts',
      'app/{platform,stores,text}/*',
      '{folder}/*',
    ],
    libraries: [],
    why: 'what operators do with dead letters, whoever asks for it',
  },
  {
    files: ['app/doctor/**'],
    ours: [
      'core/*',
      ...LOG,
      'jobs/define.ts',
      'jobs/runtime/**',
      'modules/*',
      'app/*',
      'app/{config,groups,platform,stores,text}/*',
      'app/dead-letters/letters.ts',
      '{folder}/*',
    ],
    libraries: ['node:fs', 'node:path'],
    why: 'what is wrong with an installation, whoever shows it',
  },
  {
    files: ['app/forget/**'],
    ours: [
      'core/*',
      ...LOG,
      ...PORTS,
      'jobs/define.ts',
      'jobs/runtime/**',
      'reports/operate/forget.ts',
      'app/{config,platform,stores}/*',
      'app/run/start-work.ts',
      '{folder}/*',
    ],
    libraries: ['node:*', '!node:sqlite'],
    why: 'a person is removed through ports, wherever they lead',
  },
  {
    files: ['app/config/**'],
    ours: ['core/*', 'jobs/runtime/stores.ts', 'reports/{runtime,worker}/settings.ts', '{folder}/*'],
    libraries: ['node:fs', 'node:path', 'zod'],
    why: 'a configuration is read before anything is opened by it',
  },
  {
    files: ['app/platform/**'],
    ours: [
      'core/*',
      'topics/define.ts',
      'schemas/report.ts',
      'jobs/define.ts',
      'jobs/runtime/work.ts',
      'modules/*',
      'reports/runtime/{source,sources}.ts',
      'app/version.ts',
      'app/config/*',
      '{folder}/*',
    ],
    libraries: ['node:*', '!node:sqlite'],
    why: 'what a platform has, before any of it runs',
  },
  {
    files: ['app/telemetry/**'],
    ours: [
      'core/*',
      ...LOG,
      ...PORTS,
      'jobs/define.ts',
      'jobs/runtime/**',
      'reports/define-report.ts',
      'reports/operate/upkeep-times.ts',
      'reports/worker/*',
      'app/version.ts',
      'app/{config,text}/*',
      '{folder}/*',
    ],
    libraries: ['node:http', 'node:net', 'node:stream', 'pino', 'prom-client'],
    why: 'log and metrics are of what is reported to them, whoever runs it',
  },
  {
    files: ['app/**'],
    ours: [
      'core/*',
      ...LOG,
      'jobs/define.ts',
      'jobs/runtime/**',
      'schemas/report.ts',
      'files/*',
      'reports/define-report.ts',
      'reports/{runtime,operate,requesting,worker}/*',
      ...PORTS,
      'modules/*',
      'app/*',
      'app/{config,groups,platform,reports,run,stores,telemetry,text,upkeep}/*',
      'app/dead-letters/resolution.ts',
      'app/service/serve.ts',
    ],
    libraries: ['node:*', '!node:sqlite'],
    why: 'what a process of jobs is, whoever starts it',
  },
  {
    files: ['cli/**'],
    ours: [
      '**',
      ...LISTS,
      '!embedded/**',
      '!duckdb/**',
      '!network/**',
      '!topics/embedded/**',
      '!topics/kafka/**',
      '!topics/confluent/**',
      '!sinks/*/*/**',
    ],
    libraries: ['node:*', '!node:sqlite', 'commander', 'luxon'],
    why: 'commands work with any implementation',
  },
  {
    files: ['testing/**'],
    ours: ['**', ...LISTS, '!modules/learning.ts', '!cli/**', '!app/**', '!demo/**', '!docs/**', '!servers/**'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'the kit runs jobs on the real runtime and the embedded stores',
  },
  {
    files: ['demo/load/**'],
    ours: ['core/*', 'schemas/*', 'topics/codec/time.ts', ...DECLARATIONS, 'testing/random.ts', '{folder}/*'],
    libraries: [],
    why: 'a load is made of declarations and a seed; who calls it has the clock and the log',
  },
  {
    files: ['demo/**'],
    ours: [
      'core/*',
      'schemas/**',
      'topics/index.ts',
      ...LOG,
      'jobs/define.ts',
      'jobs/runtime/**',
      'modules/define.ts',
      'demo/**',
    ],
    libraries: ['node:*', '!node:sqlite', 'cli-progress', 'csv-parse/*'],
    why: 'the demo is handed what it runs on',
  },
  {
    files: ['servers/**'],
    ours: ['servers/**'],
    libraries: ['node:*', '!node:sqlite', 'smtp-server', 'cassandra-driver', 'yaml'],
    why: 'how servers are started, whatever is tested on them',
  },
  {
    files: ['release/**'],
    ours: ['release/**', 'app/node-version.ts'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'what is packed is made of files, whatever is in them',
  },
  {
    files: ['k8s/render.ts'],
    ours: ['k8s/**', 'modules/learning.ts'],
    libraries: ['node:fs', 'node:path'],
    why: 'the one file of the folder that writes files',
  },
  {
    files: ['k8s/**'],
    ours: [
      'k8s/**',
      'app/config/*',
      'app/platform/works.ts',
      'modules/*',
      'schemas/*',
      'topics/define.ts',
      'topics/index.ts',
      'topics/kafka/*/{metadata-topic,options}.ts',
      'topics/log/limits.ts',
    ],
    libraries: ['yaml', 'zod'],
    why: 'the chart follows from the declarations and from the keys of the configuration',
  },
  {
    files: ['examples/*/*.test.ts'],
    ours: ['{folder}/*'],
    libraries: ['tributary', 'tributary/*', 'node:test', 'node:assert/*'],
    why: 'an example is tested as a user tests a project',
  },
  {
    files: ['examples/**'],
    ours: ['{folder}/*'],
    libraries: ['tributary', 'tributary/learning'],
    why: 'an example is what a user has, who sees the package alone',
  },
  {
    files: ['docs/**'],
    ours: [
      'core/*',
      ...LOG,
      'topics/export/*',
      'jobs/define.ts',
      'modules/*',
      'reports/{columns,define-datasource,define-report,granularity}.ts',
      'reports/sql/*',
      'reports/service/**',
      'docs/*',
      'sinks/cache/redis/request.ts',
      'sinks/search/elasticsearch/{identity,mapping}.ts',
      'sinks/tables/cassandra/columns.ts',
    ],
    libraries: ['node:fs', 'node:path'],
    why: 'pages are made from declarations, and from what says purely how stores hold them',
  },
];

const tree = sourceTree();

/** Whether the last pattern that matches lets it in: `!` before a pattern keeps out. */
function isAmong(name: string, patterns: readonly string[]): boolean {
  const last = patterns.findLast((pattern) => posix.matchesGlob(name, pattern.replace(/^!/, '')));
  return last !== undefined && !last.startsWith('!');
}

const ruleOf = (file: string): Rule | undefined => RULES.find(({ files }) => isAmong(file, files));

/** What of its imports the file may not have. */
function trespasses({ file, files, libraries }: Source): string[] {
  const rule = ruleOf(file);
  if (rule === undefined) return [`${file}: no rule says what it may import; add its folder to the table`];
  const folder = posix.dirname(file);
  const ours = rule.ours.map((each) => each.replace('{folder}', folder).replace('{port}', posix.dirname(folder)));
  // A glob's star does not pass a slash, and names of packages have some.
  const isLibrary = (name: string) =>
    isAmong(
      name.replaceAll('/', '.'),
      rule.libraries.map((each) => each.replaceAll('/', '.')),
    );
  return [...files.filter((each) => !isAmong(each, ours)), ...libraries.filter((each) => !isLibrary(each))].map(
    (each) => `${file} imports ${each}: ${rule.why}`,
  );
}

test('every file imports only what its folder may import', () => {
  assert.ok(tree.size > 80, 'the tree was found');
  assert.deepEqual([...tree.values()].flatMap(trespasses), []);
});

test('every import leads to a file that exists', () => {
  const lost = [...tree.values()].flatMap(({ file, files }) =>
    files.filter((each) => !tree.has(each) && !each.endsWith('.json')).map((each) => `${file} imports ${each}`),
  );
  assert.deepEqual(lost, []);
});

test('every rule applies to some file', () => {
  for (const rule of RULES) {
    assert.ok(
      [...tree.keys()].some((file) => ruleOf(file) === rule),
      `${rule.files}: ${rule.why}`,
    );
  }
});

/** Files that must have no effects, and neither may anything they need. */
const PURE = [
  'core/**',
  'schemas/**',
  'topics/export/**',
  'demo/load/**',
  'jobs/*',
  ...JOB_FOLDERS,
  'modules/**',
  'reports/*',
  'reports/{datasources,druid,rollup,sql}/**',
  'reports/files/{about,csv,csv-cells,csv-sql,format,ndjson,options,pages,times}.ts',
  'reports/files/xlsx/{cells,parts,sheets,xml}.ts',
  'sinks/**/request.ts',
  'sinks/**/port.ts',
  'sinks/segments/{columns,source,statistics}.ts',
  'sinks/query/{refused,text,unknown-table}.ts',
  'sinks/query/duckdb/days.ts',
  'sinks/query/trino/{failure,location,relations,values}.ts',
  'sinks/delta/{actions,checkpoint,cleaning,compaction,names,proposal,schema,snapshot}.ts',
  ...DECLARATIONS,
];
/** Clocks, luck and the outside world, in the words in which they can be had without an import. */
const IMPURE =
  /\b(?:Math\.random|Date\.now|new Date\(\)|performance\.|process\.|console\.|globalThis|fetch\(|setTimeout|setInterval|setImmediate|queueMicrotask|crypto\.|DateTime\.(?:now|local\(\)|utc\(\))|require\(|import\()/;

const withoutComments = (text: string): string => text.replaceAll(/\/\*[\s\S]*?\*\/|(?<=^|\s)\/\/.*$/gm, '');

function impurities(sources: ReadonlyMap<string, Source>): string[] {
  const problems: string[] = [];
  for (const root of [...sources.keys()].filter((file) => isAmong(file, PURE))) {
    for (const [file, through] of reachable(sources, root)) {
      const { libraries = [], text = '' } = sources.get(file) ?? {};
      const path = through === '' ? root : `${root}, through ${through}: ${file}`;
      const impure = IMPURE.exec(withoutComments(text));
      if (impure !== null) problems.push(`${path} says ${impure[0]}`);
      const pure = file === 'reports/rollup/hash.ts' ? HASHES : PURE_LIBRARIES;
      for (const library of libraries.filter((each) => !pure.includes(each))) {
        problems.push(`${path} imports ${library}`);
      }
    }
  }
  return problems;
}

test('pure code imports only pure code, directly or through other files', () => {
  assert.deepEqual(impurities(tree), []);
});

test('a declared job has a file with its name', () => {
  for (const file of JOB_FILES) assert.ok(tree.has(file), file);
});

// ---- the check itself ----

const source = (file: string, text: string): Source => ({ file, text, ...importsOf(file, text) });

test('every way of writing an import is recognised', () => {
  const text = `/** import { no } from './comment.ts'; */
import { a } from './a.ts';
import type { b } from '../b.ts';
import {
  c,
  type D,
} from './c/c.ts';
import e from 'node:fs';
import './side-effect.ts';
export * from './f.ts';
export { g } from 'pkg/g';
const h = await import('./h.ts');
const i = createRequire(import.meta.url)('x'), j = require('k');
`;
  const { files, libraries } = importsOf('jobs/x.ts', text);
  assert.deepEqual([...files].sort(), [
    'b.ts',
    'jobs/a.ts',
    'jobs/c/c.ts',
    'jobs/f.ts',
    'jobs/h.ts',
    'jobs/side-effect.ts',
  ]);
  assert.deepEqual([...libraries].sort(), ['k', 'node:fs', 'pkg/g']);
  assert.throws(() => importsOf('jobs/x.ts', 'await import(name)'), /does not say what it imports/);
});

test('a file that breaks a rule is reported, with the reason', () => {
  const wrong: [string, string][] = [
    ['schemas/user.ts', '../topics/index.ts'],
    ['schemas/user.ts', 'node:crypto'],
    ['topics/codec/codec.ts', 'avsc'],
    ['topics/define.ts', './embedded/transport.ts'],
    ['topics/embedded/log.ts', '../../sinks/port.ts'],
    ['jobs/notify/notify.ts', '../track-progress/track-progress.ts'],
    ['jobs/notify/notify.ts', '../track-progress/learner.ts'],
    ['jobs/notify/notify.ts', '../index.ts'],
    ['jobs/notify/notify.ts', '../runtime/owner.ts'],
    ['jobs/notify/notify.ts', '../../topics/codec/codec.ts'],
    ['jobs/define.ts', './notify/notify.ts'],
    ['jobs/runtime/owner.ts', './rows/batch.ts'],
    ['jobs/runtime/rows/run.ts', '../../notify/notify.ts'],
    ['jobs/runtime/rows/run.ts', '../../../sinks/tables/sqlite/tables.ts'],
    ['jobs/runtime/rows/run.ts', 'pino'],
    ['sinks/tables/port.ts', '../cache/port.ts'],
    ['sinks/tables/sqlite/request.ts', 'node:path'],
    ['sinks/tables/sqlite/tables.ts', '../../search/port.ts'],
    ['sinks/tables/sqlite/tables.ts', 'node:sqlite'],
    ['sinks/objects/directory/files.ts', '../../../embedded/database.ts'],
    ['sinks/delta/table.ts', '../objects/s3/objects.ts'],
    ['sinks/delta/table.ts', '@duckdb/node-api'],
    ['sinks/segments/files.ts', '../delta/index.ts'],
    ['sinks/query/text.ts', '../delta/index.ts'],
    ['sinks/query/duckdb/engine.ts', '../trino/engine.ts'],
    ['sinks/query/trino/engine.ts', '../duckdb/engine.ts'],
    ['reports/relations.ts', '../sinks/query/snapshots.ts'],
    ['duckdb/database.ts', '../sinks/segments/columns.ts'],
    ['cli/commands/up.ts', '../../duckdb/database.ts'],
    ['embedded/database.ts', '../topics/index.ts'],
    ['cli/names.ts', '../sinks/tables/sqlite/tables.ts'],
    ['cli/names.ts', '../topics/index.ts'],
    ['app/upkeep/expire.ts', '../jobs/index.ts'],
    ['modules/define.ts', './learning.ts'],
    ['testing/job-spec.ts', '../modules/learning.ts'],
    ['cli/commands/up.ts', '../../embedded/database.ts'],
    ['demo/rows.ts', '../app/stores/wiring.ts'],
    ['demo/load/events.ts', '../events.ts'],
    ['docs/markdown.ts', '../jobs/runtime/rows/run.ts'],
    ['reports/datasources/activity.ts', './progress.ts'],
    ['reports/datasources/activity.ts', '../rollup/fold.ts'],
    ['reports/rollup/fold.ts', '../datasources/activity.ts'],
    ['reports/rollup/fold.ts', 'node:crypto'],
    ['reports/sql/merge.ts', '@duckdb/node-api'],
    ['examples/forum/events.ts', '../../index.ts'],
    ['examples/forum/events.ts', 'tributary/runtime'],
    ['sinks/cache/redis/cache.ts', 'pg'],
    ['topics/kafka/group/claim.ts', '../../embedded/log.ts'],
    ['topics/kafka/wire/connection.ts', 'kafkajs'],
    ['topics/kafka/wire/connection.ts', '../cluster/cluster.ts'],
    ['topics/kafka/wire/calls/fetch.ts', '../connection.ts'],
    ['topics/kafka/cluster/cluster.ts', '../group/offsets.ts'],
    ['topics/kafka/fetch/fetcher.ts', '../produce/append.ts'],
    ['topics/kafka/produce/append.ts', '../group/claim.ts'],
    ['topics/kafka/group/claim.ts', '../admin/members.ts'],
    ['topics/kafka/transport.ts', './admin/topics.ts'],
    ['cli/commands/up.ts', '../../topics/kafka/transport.ts'],
    ['elsewhere/a.ts', '../schemas/user.ts'],
  ];
  for (const [file, imported] of wrong) {
    assert.equal(trespasses(source(file, `import { x } from '${imported}';`)).length, 1, `${file} imports ${imported}`);
  }
});

test('an effect is recognised behind any number of files', () => {
  const files = {
    'jobs/count.ts': "import { a } from './helper.ts';\n// Date.now() would be wrong here.\n",
    'jobs/helper.ts': "import type { B } from '../topics/define.ts';\n",
    'topics/define.ts': "import { c } from './far.ts';\n",
    'topics/far.ts': "import { d } from 'node:os';\nexport const luck = () => Math.random();\n",
  };
  const found = impurities(new Map(Object.entries(files).map(([file, text]) => [file, source(file, text)])));
  assert.deepEqual(
    found.filter((problem) => problem.startsWith('jobs/count.ts')),
    [
      'jobs/count.ts, through topics/define.ts: topics/far.ts says Math.random',
      'jobs/count.ts, through topics/define.ts: topics/far.ts imports node:os',
    ],
  );
});
