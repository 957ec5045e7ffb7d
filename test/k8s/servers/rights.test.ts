/**
 * The rights of the chart's Kafka users, on a real broker that refuses everything else: the rights suffice, and no job can write to topics
 * that are not its own. The rest of the installation is embedded, since it needs no rights.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import kafkajs from 'kafkajs';
import { type KafkaServer, startKafka } from '../../../servers/kafka.ts';
import { freePort } from '../../cli/free-port.ts';
import { running, temporaryFolder, tributary } from '../../cli/harness.ts';
import { named, render, VALUE_SETS } from '../chart.ts';

const STORY = join(import.meta.dirname, '../../../demo/story');
const PASSWORD = 'letters0and1digits';
const USERS = ['tributary-operator', 'tributary-project-course', 'tributary-rollups', 'tributary-service'];

interface Acl {
  readonly resource: { readonly type: string; readonly name?: string; readonly patternType?: string };
  readonly operations: readonly string[];
}

const { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } = kafkajs;
const RESOURCES: Readonly<Record<string, number>> = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  transactionalId: AclResourceTypes.TRANSACTIONAL_ID,
  cluster: AclResourceTypes.CLUSTER,
};

const folder = mkdtempSync(join(tmpdir(), 'tributary-rights-'));
let kafka: KafkaServer;

before(async () => {
  kafka = await startKafka({
    folder,
    users: Object.fromEntries(USERS.map((user) => [user, PASSWORD])),
    settings: {
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      // The brokers, and this test while it grants rights: both use the listener without logins.
      'super.users': 'User:ANONYMOUS',
      'allow.everyone.if.no.acl.found': 'false',
    },
  });
  const admin = unrestricted().admin();
  await admin.connect();
  await admin.createAcls({ acl: USERS.flatMap(granted) });
  await admin.disconnect();
});
after(async () => {
  await kafka?.kill();
  rmSync(folder, { recursive: true, force: true });
});

/** A client with all rights. */
const unrestricted = () =>
  new kafkajs.Kafka({ brokers: [kafka.listeners?.plain[0] ?? ''], logLevel: kafkajs.logLevel.ERROR });

/** The ACLs that Strimzi makes from a KafkaUser. */
function granted(user: string) {
  const { acls } = named(render('--values', VALUE_SETS['everything'] ?? ''), 'KafkaUser', user).spec.authorization;
  return (acls as Acl[]).flatMap(({ resource: { type, name = 'kafka-cluster', patternType }, operations }) =>
    operations.map((operation) => ({
      resourceType: RESOURCES[type] ?? 0,
      resourceName: name,
      resourcePatternType: patternType === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
      principal: `User:${user}`,
      host: '*',
      operation: AclOperationTypes[words(operation) as keyof typeof AclOperationTypes],
      permissionType: AclPermissionTypes.ALLOW,
    })),
  );
}

/** Turns DescribeConfigs into DESCRIBE_CONFIGS. */
const words = (operation: string): string => operation.replace(/(?<=[a-z])[A-Z]/g, '_$&').toUpperCase();

const as = (user: string) => ({
  TRIBUTARY_TRANSPORT: `kafka://${user}:${PASSWORD}@${kafka.listeners?.sasl[0]}?sasl=SCRAM-SHA-256`,
});

test('the operator makes the topics, with the rights that it has', async (t) => {
  const { code, stdout, stderr } = await tributary(temporaryFolder(t), ['topics', 'apply'], {
    env: as('tributary-operator'),
  });
  assert.equal(code, 0, stdout + stderr);
});

test('a job reads its topic, emits, and commits; and cannot write a topic that it does not emit to', async (t) => {
  const mine = temporaryFolder(t);
  const env = as('tributary-project-course');
  const job = running(t, mine, ['run', 'project-course'], env);
  await job.printed('Ctrl-C stops');
  // The running process executes these commands, as its own Kafka user.
  const produced = await tributary(mine, ['produce', 'content.events', join(STORY, 'content.ndjson')], { env });
  assert.equal(produced.code, 0, produced.stderr);
  const waited = await tributary(mine, ['lag', 'project-course', '--wait', '--timeout-ms', '60000'], { env });
  assert.equal(waited.code, 0, waited.stdout + waited.stderr);
  const shown = await tributary(mine, ['show', 'course_structure', 'rivers'], { env });
  assert.match(shown.stdout, /rivers/);
  const refused = await tributary(mine, ['produce', 'user.events', join(STORY, 'user.ndjson')], { env });
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /user\.events/);
});

test('the service shows how far jobs are, and resolves dead letters', async (t) => {
  const mine = temporaryFolder(t);
  const producer = unrestricted().producer();
  await producer.connect();
  await producer.send({ topic: 'content.events', messages: [{ partition: 0, key: 'rivers', value: 'no event' }] });
  await producer.disconnect();
  const env = as('tributary-project-course');
  const job = running(t, mine, ['run', 'project-course'], env);
  await job.printed('Ctrl-C stops');
  const waited = await tributary(mine, ['lag', 'project-course', '--wait', '--timeout-ms', '60000'], { env });
  assert.equal(waited.code, 0, waited.stdout + waited.stderr);
  job.child.kill('SIGTERM');
  assert.equal((await job.ended).code, 0);

  const port = await freePort();
  const service = running(t, mine, ['serve', '--serve-port', String(port)], as('tributary-service'));
  await service.printed('the service is at');
  const address = `http://127.0.0.1:${port}/v1/operate`;
  const jobs = await answerOf(await fetch(`${address}/jobs`));
  assert.equal(jobs.jobs.find(({ name }: { name: string }) => name === 'project-course').lag, 0);
  const { deadLetters } = await answerOf(await fetch(`${address}/dead-letters`));
  assert.deepEqual(
    deadLetters.map(({ job }: { job: string }) => job),
    ['project-course'],
  );
  const body = JSON.stringify({ filter: { job: 'project-course' }, why: 'no event', dryRun: false });
  const headers = { 'content-type': 'application/json' };
  const { discarded } = await answerOf(
    await fetch(`${address}/dead-letters/discard`, { method: 'POST', headers, body }),
  );
  assert.equal(discarded.length, 1);
});

test('the rollups own all partitions of their topics, which takes their transactional ids', async (t) => {
  const port = await freePort();
  const env = as('tributary-rollups');
  const rollups = running(t, temporaryFolder(t), ['run', 'roll-up-notifications', '--metrics-port', String(port)], env);
  await rollups.printed('metrics and probes');
  let owned = '';
  while (owned !== '6') {
    const metrics = await fetch(`http://127.0.0.1:${port}/metrics`).then((answer) => answer.text());
    owned = /^tributary_partitions_owned\{job="roll-up-notifications"\} (\d+)$/m.exec(metrics)?.[1] ?? '';
  }
});

async function answerOf(response: Response) {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}
