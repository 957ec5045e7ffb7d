/** Two instances of `tributary serve` and a report worker, on Kafka, a schema registry, Postgres and S3. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { writeKeys } from '../../../app/service/keys-file.ts';
import { running as server } from '../../../servers/running.ts';
import { S3_REGION } from '../../../servers/s3.ts';
import { userEvents } from '../../../topics/index.ts';
import { kafkaTransport } from '../../../topics/kafka/transport.ts';
import { call, followed, keyOf } from '../../app/service/harness.ts';
import { freePort } from '../../cli/free-port.ts';
import { running, temporaryFolder } from '../../cli/harness.ts';
import { storeOf } from '../s3-store.ts';

const operator = keyOf({ name: 'ops', roles: ['analyst', 'operator', 'producer'] });
const as = operator.text;

/** Processes that share the servers and a file of keys, and nothing else. */
async function installation(t: TestContext) {
  const [kafka, registry, postgres, s3] = await Promise.all([
    server('kafka'),
    server('registry'),
    server('postgres'),
    server('s3'),
  ]);
  const { bucket, credentials } = await storeOf(t, s3.url);
  const keysFile = join(temporaryFolder(t), 'keys.json');
  writeKeys(keysFile, [operator.key]);
  const { accessKeyId, secretAccessKey } = credentials;
  const shared = {
    transport: kafka.url,
    registry: registry.url,
    requests: `${postgres.url}?schema=t_${randomUUID().replaceAll('-', '')}`,
    objects: `s3://${accessKeyId}:${secretAccessKey}@${bucket}?endpoint=${s3.url}&region=${S3_REGION}`,
    serveAccess: 'signed-in',
    serveKeysFile: keysFile,
    logLevel: 'error',
  };
  const start = async (command: readonly string[], says: string, own: object = {}): Promise<void> => {
    const folder = temporaryFolder(t);
    writeFileSync(join(folder, 'tributary.json'), JSON.stringify({ ...shared, ...own }));
    await running(t, folder, command).printed(says);
  };
  const instance = async (): Promise<string> => {
    const servePort = await freePort();
    await start(['serve'], 'the service is at', { servePort });
    return `http://127.0.0.1:${servePort}`;
  };
  return { kafka, instance, worker: () => start(['report', 'worker'], 'running') };
}

test('what one instance is asked for, another one tells of and hands out', async (t) => {
  const { kafka, instance, worker } = await installation(t);
  const one = await instance();
  const other = await instance();
  const asked = await call(one, 'request_lag', { as, body: { format: 'csv' } });
  assert.equal(asked.status, 201);
  const path = { request: asked.json.id };
  const same = await call(other, 'request_lag', { as, body: { format: 'csv' } });
  assert.deepEqual([same.status, same.json.id], [200, asked.json.id]);
  const following = followed(other, asked.json.id, as);
  await worker();
  assert.match((await following).at(-1) ?? '', /^id: end\nevent: end\ndata: .*"state":"done"/);

  const { json: done } = await call(other, 'getRequest', { as, path });
  for (const address of [one, other]) {
    const { status, text } = await call(address, 'downloadRequest', { as, path });
    assert.deepEqual([status, createHash('sha256').update(text).digest('hex')], [200, done.file.checksum]);
  }
  const { json: link } = await call(one, 'linkRequest', { as, path, body: {} });
  const opened = await fetch(link.url);
  assert.equal(
    createHash('sha256')
      .update(await opened.text())
      .digest('hex'),
    done.file.checksum,
    'S3 serves links',
  );

  const transport = kafkaTransport({ url: kafka.url });
  t.after(() => transport.close());
  for (const [address, userId] of [
    [one, `ada-${randomUUID()}`],
    [other, `ben-${randomUUID()}`],
  ] as const) {
    const event = { specversion: '1.0', id: userId, source: '/lms', type: 'user.created', data: { userId } };
    const headers = { 'content-type': 'application/cloudevents+json' };
    const { status, json } = await call(address, 'produce_user_events', { as, body: event, headers });
    assert.equal(status, 200);
    const [{ partition, offset }] = json.events[0].records;
    const [record] = await transport.read(userEvents.name, partition, offset, 1);
    assert.equal(record?.headers['ce_id'], userId);
    assert.equal(Buffer.from(record?.key ?? []).toString(), userId);
  }
});
