/** The operator's commands on real servers: `doctor`, `… apply`, `rebuild-views`. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, type TestContext, test } from 'node:test';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Redis } from 'ioredis';
import kafkajs from 'kafkajs';
import { Client } from 'pg';
import type { Finding } from '../../../core/finding.ts';
import { startKafka } from '../../../servers/kafka.ts';
import { startPostgres } from '../../../servers/postgres.ts';
import { startRedis } from '../../../servers/redis.ts';
import { running as serverOf } from '../../../servers/running.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from '../../../servers/s3.ts';
import { freePorts } from '../../../servers/server.ts';
import { diagnoseRedis } from '../../../sinks/cache/redis/diagnose.ts';
import { diagnoseS3 } from '../../../sinks/objects/s3/diagnose.ts';
import { diagnosePostgres } from '../../../sinks/requests/postgres/diagnose.ts';
import { diagnoseKafka } from '../../../topics/kafka/admin/diagnose.ts';
import { kafkaTopics } from '../../../topics/kafka/admin/topics.ts';
import { ndjson, running, temporaryFolder, tributary } from '../../cli/harness.ts';

const kafka = await serverOf('kafka');
const registry = await serverOf('registry');
const cassandra = await serverOf('cassandra');
const redis = await serverOf('redis');
const elasticsearch = await serverOf('elasticsearch');
const postgres = await serverOf('postgres');
const s3 = await serverOf('s3');

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } = kafkajs;

const own = mkdtempSync(join(tmpdir(), 'tributary-doctor-'));
after(() => rmSync(own, { recursive: true, force: true }));
const unique = (): string => randomUUID().replaceAll('-', '').slice(0, 12);

/** An installation on the servers of the run. Only the topics are shared, since they have the same names everywhere. */
async function installation(t: TestContext): Promise<string> {
  const folder = temporaryFolder(t);
  const id = unique();
  const client = new S3Client({
    endpoint: s3.url,
    region: S3_REGION,
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ACCESS_KEY, secretAccessKey: S3_SECRET_KEY },
  });
  await client.send(new CreateBucketCommand({ Bucket: `t-${id}` }));
  client.destroy();
  const config = {
    transport: kafka.url,
    registry: registry.url,
    tables: `${cassandra.url}/t_${id}`,
    cache: redis.url,
    cachePrefix: `t-${id}:`,
    search: elasticsearch.url,
    searchPrefix: `t-${id}-`,
    requests: `${postgres.url}?schema=t_${id}`,
    objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@t-${id}?endpoint=${s3.url}`,
  };
  writeFileSync(join(folder, 'tributary.json'), JSON.stringify(config));
  return folder;
}

async function doctor(
  folder: string,
  args: readonly string[] = [],
): Promise<{ code: number | null; findings: Finding[] }> {
  const { code, stdout, stderr } = await tributary(folder, ['doctor', '--json', ...args]);
  assert.equal(stderr, '');
  const findings = JSON.parse(stdout) as Finding[];
  for (const { check, state, todo } of findings)
    assert.equal(todo !== undefined, state !== 'ok', `${check} says what to do`);
  return { code, findings };
}

const stateOf = (findings: readonly Finding[], check: string): string | undefined =>
  findings.find((finding) => finding.check === check)?.state;
const problems = (findings: readonly Finding[]): string[] =>
  findings.filter(({ state }) => state === 'problem').map(({ check, message }) => `${check}: ${message}`);

const PORTS = ['transport', 'registry', 'tables', 'cache', 'search', 'objects', 'requests'];

test('doctor connects to everything, apply makes what is missing, and what was lost is written again', async (t) => {
  const folder = await installation(t);
  const done = async (...args: string[]) => {
    const { code, stdout, stderr } = await tributary(folder, args);
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  const before = await doctor(folder);
  assert.deepEqual(problems(before.findings), []);
  assert.equal(before.code, 0);
  for (const check of PORTS) assert.ok(stateOf(before.findings, check), `${check} was looked at`);
  for (const check of ['tables: clock', 'cache: clock', 'search: clock', 'objects: clock', 'requests: clock']) {
    assert.equal(stateOf(before.findings, check), 'ok', check);
  }
  assert.equal(stateOf(before.findings, 'objects: conditional writes'), 'ok');
  assert.equal(stateOf(before.findings, 'indexes'), 'warning', 'there are none yet, and doctor makes none');

  await done('topics', 'apply');
  const cql = await done('tables', 'apply', '--dry-run');
  assert.match(cql, /^CREATE KEYSPACE .*;$/m);
  assert.match(cql, /^CREATE TABLE .*"learner_progress".*;$/m);
  await done('tables', 'apply');
  await done('indexes', 'apply');
  assert.match(await done('tables', 'apply'), /are as they are declared/);
  const prepared = await doctor(folder);
  for (const check of ['topics', 'tables', 'indexes', 'tables: rights', 'transport: rights']) {
    assert.equal(stateOf(prepared.findings, check), 'ok', check);
  }

  const tenant = unique();
  const worker = running(t, folder, ['run', 'track-progress']);
  await worker.printed('1 job is running');
  const users = Array.from({ length: 25 }, (_, i) => `${tenant}-${i}`);
  const events = users.map((userId) => ({
    type: 'enrollment.enrolled',
    tenant,
    data: { userId, courseId: 'c1', batchId: 'b1' },
  }));
  assert.equal((await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(...events) })).code, 0);
  await done('lag', '--wait', '--job', 'track-progress');
  const seen = async () => ({
    found: JSON.parse(await done('search', 'enrollments', '--tenant', tenant, '--limit', '100', '--json')),
    cached: await done('show', 'learner_courses', `${tenant}-3`, '--tenant', tenant),
  });
  const whole = await seen();
  assert.deepEqual([whole.found.total, whole.cached.includes('c1')], [25, true]);

  const client = new Redis(redis.url);
  const { cachePrefix } = JSON.parse(await done('config', '--json'));
  const keys = await client.keys(`${cachePrefix.value}*`);
  await client.del(...keys);
  await client.quit();
  await done('indexes', 'renew', 'enrollments');
  assert.equal((await seen()).found.total, 0);
  const rebuilt = JSON.parse(await done('rebuild-views', '--json')) as { failed: number; rows: number }[];
  assert.ok(rebuilt.every(({ failed }) => failed === 0));
  assert.deepEqual(await seen(), whole);

  worker.child.kill('SIGTERM');
  assert.equal((await worker.ended).code, 0);
  const last = await doctor(folder, ['--tenant', tenant]);
  assert.deepEqual(problems(last.findings), []);
});

test('servers that are all away are all reported, each with what to do', async (t) => {
  const folder = temporaryFolder(t);
  const ports = await freePorts(9);
  const at = (i: number): string => `127.0.0.1:${ports[i]}`;
  const config = {
    transport: `kafka://${at(0)}`,
    registry: `http://${at(1)}`,
    tables: `cassandra://${at(2)}/t`,
    cache: `redis://${at(3)}`,
    search: `http://${at(4)}`,
    requests: `postgres://postgres@${at(5)}/postgres`,
    objects: `s3://key:secret@bucket?endpoint=http://${at(6)}`,
    mail: `smtp://${at(7)}`,
    sms: `http://${at(8)}/send`,
    bridgeSecret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  };
  writeFileSync(join(folder, 'tributary.json'), JSON.stringify(config));
  const { code, findings } = await doctor(folder);
  assert.equal(code, 1);
  const problems = findings.filter(({ state }) => state === 'problem').map(({ check }) => check);
  assert.deepEqual(problems.sort(), [...PORTS, 'mail', 'sms'].sort());
});

test('Redis: a wrong password, missing rights, a server that hangs', async (t) => {
  const server = await startRedis({ folder: join(own, 'redis') });
  t.after(() => server.kill());
  const { host } = new URL(server.url);
  await assert.rejects(diagnoseRedis({ url: `redis://nobody:guessed@${host}` }), (error: Error & { code: string }) => {
    return error.code === 'ACCESS_REFUSED' && /WRONGPASS/.test(error.message) && !error.message.includes('guessed');
  });
  const client = new Redis(server.url);
  await client.call('ACL', 'SETUSER', 'reader', 'on', '>pw', '~*', '&*', '+@connection', '+info', '+time', '+hgetall');
  await client.quit();
  const findings = await diagnoseRedis({ url: `redis://reader:pw@${host}` });
  assert.equal(stateOf(findings, 'cache'), 'ok');
  assert.match(problems(findings).join(), /^cache: rights: .*NOPERM/);
  server.pause();
  await assert.rejects(diagnoseRedis({ url: server.url }), { code: 'CACHE_AWAY' });
  server.resume();
  assert.deepEqual(problems(await diagnoseRedis({ url: server.url })), []);
});

test('Postgres: a wrong password, a role without rights', async (t) => {
  const server = await startPostgres({ folder: join(own, 'postgres'), password: 'p@ss/w:rd' });
  const client = new Client(server.url);
  t.after(async () => {
    await client.end();
    await server.kill();
  });
  await assert.rejects(diagnosePostgres({ url: server.url, password: 'guessed' }), {
    code: 'ACCESS_REFUSED',
    message: /check user and password/,
  });
  await client.connect();
  await client.query(`CREATE ROLE reader LOGIN PASSWORD 'pw'`);
  const options = { url: server.url, user: 'reader', password: 'pw' };
  assert.match(problems(await diagnosePostgres(options)).join(), /^requests: rights: there is no schema tributary/);
  await client.query('CREATE SCHEMA tributary');
  assert.match(problems(await diagnosePostgres(options)).join(), /USAGE or CREATE on the schema/);
  await client.query('GRANT USAGE, CREATE ON SCHEMA tributary TO reader');
  assert.deepEqual(problems(await diagnosePostgres(options)), []);
  await client.query('CREATE TABLE tributary.report_request (id int)');
  assert.match(problems(await diagnosePostgres(options)).join(), /1 tables of the schema tributary may not be read/);
});

test('S3: a wrong secret, a missing bucket', async () => {
  const query = `endpoint=${s3.url}`;
  await assert.rejects(diagnoseS3({ url: `s3://${S3_ACCESS_KEY}:guessed@any-bucket?${query}` }), {
    code: 'ACCESS_REFUSED',
    message: /check the credentials/,
  });
  await assert.rejects(diagnoseS3({ url: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@no-such-bucket?${query}` }), {
    code: 'STORE_BROKEN',
    message: /create the bucket/,
  });
});

test('Kafka: a wrong password, and each right that is missing', async (t) => {
  const server = await startKafka({
    folder: join(own, 'kafka'),
    users: { alice: 'pw' },
    settings: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
    },
  });
  t.after(() => server.kill());
  const sasl = server.listeners?.sasl;
  const url = `kafka://alice:pw@${sasl}?sasl=SCRAM-SHA-512`;
  await assert.rejects(diagnoseKafka({ url: url.replace(':pw@', ':guessed@') }, []), { code: 'ACCESS_REFUSED' });

  const topic = { name: 'orders', partitions: 2, retentionMs: 86_400_000, groups: ['count'] };
  const topics = kafkaTopics({ url: server.url });
  await topics.apply([topic]);
  await topics.close();
  const brokers = server.listeners?.plain as string[];
  const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  t.after(() => admin.disconnect());
  const { TOPIC, GROUP, TRANSACTIONAL_ID, CLUSTER } = AclResourceTypes;
  const { DESCRIBE, READ, WRITE, DESCRIBE_CONFIGS } = AclOperationTypes;
  const grant = async (
    resourceType: kafkajs.AclResourceTypes,
    resourceName: string,
    operation: kafkajs.AclOperationTypes,
  ) => {
    await admin.createAcls({
      acl: [
        {
          resourceType,
          resourceName,
          resourcePatternType:
            resourceName === 'tributary' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          principal: 'User:alice',
          host: '*',
          operation,
          permissionType: AclPermissionTypes.ALLOW,
        },
      ],
    });
  };
  const rights = async (): Promise<string> => {
    const findings = await diagnoseKafka({ url }, [topic]);
    assert.equal(stateOf(findings, 'transport'), 'ok', 'it says what it is all the same');
    return findings.find(({ check }) => check === 'transport: rights')?.message ?? '';
  };
  await assert.rejects(diagnoseKafka({ url }, [topic]), { code: 'ACCESS_REFUSED', message: /orders/ });
  await grant(TOPIC, 'orders', DESCRIBE);
  assert.equal(
    await rights(),
    'missing: Read on the topics orders, tributary.marks; Write on the topics tributary.marks; Read on the groups count; Write on transactional ids with the prefix tributary',
  );
  await grant(TOPIC, 'tributary.marks', READ);
  await grant(TOPIC, 'tributary.marks', WRITE);
  await grant(TRANSACTIONAL_ID, 'tributary', WRITE);
  await grant(TOPIC, 'orders', READ);
  await grant(GROUP, 'count', READ);
  assert.equal(await rights(), 'missing: Write on the topics orders');
  await grant(TOPIC, 'orders', WRITE);
  assert.match(await rights(), /^to read and write the topics/);
  const settings = async () => stateOf(await diagnoseKafka({ url }, [topic]), 'transport: settings');
  assert.equal(await settings(), 'warning', 'which need a right of their own');
  await grant(CLUSTER, 'kafka-cluster', DESCRIBE_CONFIGS);
  assert.equal(await settings(), undefined);
  const [before] = await admin.fetchTopicOffsets('orders');
  assert.equal(before?.high, '0', 'nothing was written');
});
