/** The ports of stores and channels, their implementations, and the code that these share. */
import { PORTS, type Rule } from './rule.ts';

/** The client libraries of each sink that is not on SQLite. */
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

export const SINKS: readonly Rule[] = [
  {
    files: ['network/**'],
    ours: ['core/*', 'network/*'],
    libraries: ['node:http', 'node:net', 'node:tls'],
    why: 'what the clients of all servers share knows none of them',
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
];
