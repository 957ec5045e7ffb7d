/** TLS on one side only: every store reports it with the remedy, when jobs start and in `doctor`. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { redisCache } from '../../sinks/cache/redis/cache.ts';
import { diagnoseRedis } from '../../sinks/cache/redis/diagnose.ts';
import { diagnoseSmtp } from '../../sinks/channels/smtp/diagnose.ts';
import { diagnoseBridge } from '../../sinks/channels/webhook/diagnose.ts';
import { directoryObjects } from '../../sinks/objects/directory/objects.ts';
import { diagnoseS3 } from '../../sinks/objects/s3/diagnose.ts';
import { s3Objects } from '../../sinks/objects/s3/objects.ts';
import { diagnoseTrino } from '../../sinks/query/trino/diagnose.ts';
import { trinoQueryEngine } from '../../sinks/query/trino/engine.ts';
import { diagnosePostgres } from '../../sinks/requests/postgres/diagnose.ts';
import { postgresRequests } from '../../sinks/requests/postgres/requests.ts';
import { diagnoseElasticsearch } from '../../sinks/search/elasticsearch/diagnose.ts';
import { elasticsearchSearch } from '../../sinks/search/elasticsearch/search.ts';
import { diagnoseCassandra } from '../../sinks/tables/cassandra/diagnose.ts';
import { cassandraTables } from '../../sinks/tables/cassandra/tables.ts';
import { diagnoseRegistry } from '../../topics/confluent/diagnose.ts';
import { confluentRegistry } from '../../topics/confluent/registry.ts';
import { counters } from '../contracts/cache-samples.ts';
import { temporaryFolder } from '../contracts/delta-samples.ts';
import { courses } from '../contracts/search-samples.ts';
import { CA, CA_FILE, listening, type Spoken } from '../network/listeners.ts';

interface Closing {
  close(): Promise<void>;
}

/** What a job or a command does first with a port. */
async function used<P extends Closing>(t: TestContext, port: P, work: (port: P) => Promise<unknown>): Promise<unknown> {
  t.after(() => port.close());
  return work(port);
}

interface Case {
  readonly name: string;
  readonly spoken: Spoken;
  /** The URL with TLS. `plain` is the URL without. */
  readonly tls: (address: string) => string;
  readonly plain: (address: string) => string;
  readonly use: (t: TestContext, url: string) => Promise<unknown>;
  readonly diagnose: (url: string) => Promise<unknown>;
}

const S3 = 's3://key:secret@bucket?endpoint=';
const CASES: readonly Case[] = [
  {
    name: 'redis',
    spoken: 'redis',
    tls: (address) => `rediss://${address}`,
    plain: (address) => `redis://${address}`,
    use: (t, url) =>
      used(t, redisCache({ url, tls: { ca: CA }, patienceMs: 4000 }), (cache) => cache.read(counters, ['a', 'b'])),
    diagnose: (url) => diagnoseRedis({ url, tls: { ca: CA }, patienceMs: 4000 }),
  },
  {
    name: 'redis+cluster',
    spoken: 'redis',
    tls: (address) => `rediss+cluster://${address}`,
    plain: (address) => `redis+cluster://${address}`,
    use: (t, url) =>
      used(t, redisCache({ url, tls: { ca: CA }, patienceMs: 4000 }), (cache) => cache.read(counters, ['a', 'b'])),
    diagnose: (url) => diagnoseRedis({ url, tls: { ca: CA }, patienceMs: 4000 }),
  },
  {
    name: 'cassandra',
    spoken: 'cassandra',
    tls: (address) => `cassandra://${address}/ours?tls=true`,
    plain: (address) => `cassandra://${address}/ours`,
    use: (t, url) =>
      used(t, cassandraTables({ url, tls: { ca: CA_FILE } }), (tables) => tables.token('job', 'topic', 0)),
    diagnose: (url) => diagnoseCassandra({ url, tls: { ca: CA_FILE } }),
  },
  {
    name: 'elasticsearch',
    spoken: 'http',
    tls: (address) => `elasticsearch+https://${address}`,
    plain: (address) => `elasticsearch://${address}`,
    use: (t, url) => used(t, elasticsearchSearch({ url, caFile: CA_FILE }), (search) => search.missing([courses])),
    diagnose: (url) => diagnoseElasticsearch({ url, caFile: CA_FILE }),
  },
  {
    name: 'registry',
    spoken: 'http',
    tls: (address) => `https://${address}`,
    plain: (address) => `http://${address}`,
    use: (t, url) => used(t, confluentRegistry({ url, ca: CA }), (registry) => registry.schema(1)),
    diagnose: (url) => diagnoseRegistry({ url, ca: CA }),
  },
  {
    name: 's3',
    spoken: 'http',
    tls: (address) => `${S3}https://${address}`,
    plain: (address) => `${S3}http://${address}`,
    use: (t, url) => used(t, s3Objects({ url, ca: CA }), (objects) => objects.head('a')),
    diagnose: (url) => diagnoseS3({ url, ca: CA }),
  },
  {
    name: 'trino',
    spoken: 'http',
    tls: (address) => `trinos://user:secret@${address}/lake/reports?location=s3://lake`,
    plain: (address) => `trino://user@${address}/lake/reports?location=s3://lake`,
    use: asked,
    diagnose: (url) => diagnoseTrino({ url, ca: CA }),
  },
];

async function asked(t: TestContext, url: string): Promise<unknown> {
  const folder = await temporaryFolder(t);
  const objects = directoryObjects(`${folder}/objects`);
  const lake = { objects, relations: [], currentTable: async () => undefined, now: Date.now };
  const engine = await trinoQueryEngine({ ...lake, url, ca: CA, folder, patienceMs: 4000 });
  return used(t, engine, () => engine.query('select 1'));
}

// Concurrent, because most of these tests wait for a timeout of the client.
describe('TLS on one side only', { concurrency: true }, () => {
  for (const { name, spoken, tls, plain, use, diagnose } of CASES) {
    const wrong = (because: RegExp) => (error: Error & { code?: string }) => {
      assert.equal(error.code, 'CONFIG_INVALID', error.message);
      assert.match(error.message, because);
      assert.ok(!error.message.includes('secret'));
      return true;
    };

    test(`${name}: a URL with TLS leads to a port without`, async (t) => {
      const url = tls(await listening(t, spoken, 'plain'));
      await assert.rejects(
        use(t, url),
        wrong(/does not speak TLS, but the URL says .*: write .*, or name its port for TLS/),
      );
      await assert.rejects(diagnose(url), wrong(/does not speak TLS/));
    });

    test(`${name}: a URL without TLS leads to a port with it`, async (t) => {
      const url = plain(await listening(t, spoken, 'tls'));
      await assert.rejects(
        use(t, url),
        wrong(/speaks TLS, but the URL says .*: write .*, or name its port without TLS/),
      );
      await assert.rejects(diagnose(url), wrong(/speaks TLS/));
    });
  }

  test('an untrusted certificate is reported with the option to set, by every store', async (t) => {
    const refused = { code: 'ACCESS_REFUSED', message: /certificate/ };
    const [redis, cassandra, http] = await Promise.all(
      (['redis', 'cassandra', 'http'] as const).map((spoken) => listening(t, spoken, 'tls')),
    );
    await assert.rejects(diagnoseRedis({ url: `rediss://${redis}` }), refused);
    await assert.rejects(diagnoseCassandra({ url: `cassandra://${cassandra}/ours?tls=true` }), refused);
    await assert.rejects(diagnoseElasticsearch({ url: `elasticsearch+https://${http}` }), refused);
    await assert.rejects(diagnoseRegistry({ url: `https://${http}` }), refused);
    await assert.rejects(diagnoseS3({ url: `${S3}https://${http}` }), refused);
    await assert.rejects(diagnoseTrino({ url: `trinos://user@${http}/lake/reports?location=s3://lake` }), refused);
  });

  test('postgres: sslmode on a server without TLS', async (t) => {
    const url = `postgres://user:secret@${await listening(t, 'postgres', 'plain')}/ours?sslmode=require`;
    const wrong = {
      code: 'CONFIG_INVALID',
      message: /does not speak TLS, but the URL requires it: write \?sslmode=disable/,
    };
    await assert.rejects(diagnosePostgres({ url }), wrong);
    await assert.rejects(
      used(t, postgresRequests({ url }), (requests) => requests.get('acme', 'r-1')),
      wrong,
    );
  });

  test('mail and bridges: doctor reports TLS on one side only', async (t) => {
    const [plain, tls] = [await listening(t, 'smtp', 'plain'), await listening(t, 'smtp', 'tls')];
    const from = 'a@example.org';
    const messages = async (found: Promise<readonly { readonly message: string }[]>) =>
      (await found).map(({ message }) => message).join();
    assert.match(await messages(diagnoseSmtp({ url: `smtps://${plain}`, from })), /does not speak TLS.*write smtp:/);
    assert.match(await messages(diagnoseSmtp({ url: `smtp://${tls}?tls=never`, from })), /speaks TLS.*write smtps:/);
    const http = await listening(t, 'http', 'plain');
    assert.match(await messages(diagnoseBridge('push', `https://${http}`, CA)), /does not speak TLS.*write http:/);
    const https = await listening(t, 'http', 'tls');
    assert.match(await messages(diagnoseBridge('sms', `http://${https}`, CA)), /speaks TLS.*write https:/);
  });
});
