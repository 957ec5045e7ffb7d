/** Answers of real servers to TLS on a plain port, or to an unwanted login, and our messages about them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { startRedis } from '../../../servers/redis.ts';
import { running } from '../../../servers/running.ts';
import { diagnoseRedis } from '../../../sinks/cache/redis/diagnose.ts';
import { diagnoseS3 } from '../../../sinks/objects/s3/diagnose.ts';
import { diagnosePostgres } from '../../../sinks/requests/postgres/diagnose.ts';
import { diagnoseElasticsearch } from '../../../sinks/search/elasticsearch/diagnose.ts';
import { diagnoseCassandra } from '../../../sinks/tables/cassandra/diagnose.ts';
import { diagnoseRegistry } from '../../../topics/confluent/diagnose.ts';

const hostOf = (url: string): string => /\/\/(?:[^@/]*@)?([^/?]+)/.exec(url)?.[1] ?? '';
const NO_TLS = { code: 'CONFIG_INVALID', message: /does not speak TLS, but the URL/ };
const TLS_ALONE = { code: 'CONFIG_INVALID', message: /speaks TLS, but the URL/ };

test('Redis without TLS, and with TLS only', async () => {
  await assert.rejects(diagnoseRedis({ url: `rediss://${hostOf((await running('redis')).url)}` }), NO_TLS);
  const folder = mkdtempSync(join(tmpdir(), 'tributary-redis-'));
  const encrypted = await startRedis({ folder, tls: true });
  after(async () => {
    await encrypted.kill();
    rmSync(folder, { recursive: true, force: true });
  });
  await assert.rejects(diagnoseRedis({ url: encrypted.url.replace('rediss:', 'redis:') }), TLS_ALONE);
});

test('Cassandra without TLS', async () => {
  const url = `cassandra://${hostOf((await running('cassandra')).url)}/ours?tls=true`;
  await assert.rejects(diagnoseCassandra({ url }), NO_TLS);
});

test('Elasticsearch without TLS', async () => {
  const url = `elasticsearch+https://${hostOf((await running('elasticsearch')).url)}`;
  await assert.rejects(diagnoseElasticsearch({ url }), NO_TLS);
});

test('the registry without TLS', async () => {
  await assert.rejects(diagnoseRegistry({ url: `https://${hostOf((await running('registry')).url)}` }), NO_TLS);
});

test('S3 without TLS', async () => {
  const url = `s3://key:secret@bucket?endpoint=https://${hostOf((await running('s3')).url)}`;
  await assert.rejects(diagnoseS3({ url }), NO_TLS);
});

test('Postgres without TLS', async () => {
  const url = new URL((await running('postgres')).url);
  url.searchParams.set('sslmode', 'require');
  await assert.rejects(diagnosePostgres({ url: url.href }), { code: 'CONFIG_INVALID', message: /\?sslmode=disable/ });
});
