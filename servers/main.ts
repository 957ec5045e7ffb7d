/**
 * `npm run servers [-- --fresh]`: runs the whole set for development until Ctrl-C. Data stay in `.servers/data`; `--fresh` starts without
 * any. Each server has its usual port, or a free one if that is taken.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { startAll } from './group.ts';
import { partFolder } from './installed.ts';
import { freePorts, isFree } from './ports.ts';
import { isGone, processTree, residentBytes } from './processes.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY, startS3 } from './s3.ts';
import type { Server } from './server.ts';
import { type Place, SERVERS } from './set.ts';
import { startSmtp } from './smtp.ts';

const BUCKET = 'tributary';
const STARTS: Readonly<Record<string, (place: Place) => Promise<Server>>> = {
  ...SERVERS,
  s3: (place) => startS3({ ...place, buckets: [BUCKET] }),
  smtp: startSmtp,
};
const PORTS: Readonly<Record<string, number>> = {
  kafka: 9092,
  registry: 8081,
  cassandra: 9042,
  redis: 6379,
  elasticsearch: 9200,
  postgres: 5432,
  s3: 9000,
  smtp: 1025,
};

const data = partFolder('data');
const lock = `${data}/pid`;
const config = `${data}/tributary.json`;

async function startOne(name: string): Promise<Server> {
  const usual = PORTS[name] ?? 0;
  const port = (await isFree(usual)) ? usual : (await freePorts(1))[0];
  const begun = Date.now();
  const server = await (STARTS[name] as (place: Place) => Promise<Server>)({
    folder: `${data}/${name}`,
    port: port ?? 0,
  });
  console.log(`${name}: ready after ${Date.now() - begun} ms at ${server.url}`);
  return server;
}

/** The configuration keys for the addresses of servers. */
function configuration(servers: readonly Server[]): Record<string, string> {
  const url = (name: string): string => servers.find((server) => server.name === name)?.url ?? '';
  const s3 = `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${BUCKET}?endpoint=${url('s3')}&region=${S3_REGION}`;
  return {
    transport: url('kafka'),
    registry: url('registry'),
    tables: `${url('cassandra')}/tributary`,
    cache: url('redis'),
    search: url('elasticsearch'),
    requests: url('postgres'),
    objects: s3,
    // It only listens on this machine, and has no TLS.
    mail: `${url('smtp')}?tls=never`,
  };
}

/** Two runs at a time would write the same files. */
function takeData(fresh: boolean): void {
  const other = read(lock);
  if (other !== '' && !isGone(Number(other))) throw new Error(`they run already, in process ${other}`);
  if (fresh) rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  writeFileSync(lock, `${process.pid}`);
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

function megabytes(servers: readonly Server[]): number {
  const pids = servers.flatMap(({ pid }) => processTree(pid));
  return Math.round([...new Set(pids)].reduce((sum, pid) => sum + residentBytes(pid), 0) / 1e6);
}

const asked = new Promise<void>((resolve) => {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => resolve());
});
try {
  takeData(parseArgs({ options: { fresh: { type: 'boolean', default: false } } }).values.fresh);
  const begun = Date.now();
  const servers = await Promise.race([startAll(Object.keys(STARTS).map(startOne)), asked]);
  // Servers that are still starting end with this process.
  if (servers === undefined) process.exit(1);
  const text = JSON.stringify(configuration(servers), undefined, 2);
  writeFileSync(config, `${text}\n`, { mode: 0o600 });
  console.log(
    `\nAll run after ${Date.now() - begun} ms, in ${megabytes(servers)} MB. The configuration, in ${config}:\n${text}`,
  );
  console.log('\nCtrl-C ends them.');
  await asked;
  await Promise.all(servers.map((server) => server.stop()));
  rmSync(lock);
} catch (error) {
  console.error(`servers: ${(error as Error).message}`);
  process.exitCode = 1;
}
