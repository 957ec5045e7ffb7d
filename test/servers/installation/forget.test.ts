/**
 * `tributary forget` as in docs/operate.md, with every store on a server: a run is killed at each of its steps, the next one goes on, and
 * late events about the person change nothing.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../../app/config/config.ts';
import type { Found, Proof } from '../../../app/forget/proof.ts';
import { type Wired, wire } from '../../../app/stores/wiring.ts';
import { digestOf } from '../../../jobs/runtime/forgotten.ts';
import { learningPlatform } from '../../../modules/learning.ts';
import { startKafka } from '../../../servers/kafka.ts';
import { running as server } from '../../../servers/running.ts';
import { S3_ACCESS_KEY, S3_REGION, S3_SECRET_KEY } from '../../../servers/s3.ts';
import { ADA, ADAS, BOS, everything, placesOf } from '../../app/forget/person.ts';
import { running, temporaryFolder, tributary, up } from '../../cli/harness.ts';
import { until } from '../../faults/until.ts';
import { blocksBelow, typed } from '../../harness/typed.ts';
import { storeOf } from '../s3-store.ts';

const STORY = join(import.meta.dirname, '../../../demo/story');
const TOPICS = ['user', 'content', 'batch', 'notification', 'group', 'enrollment'];
const STEPS = ['every partition is told', 'rows: ', 'views', 'archives and rollups', 'report files'];
const REPORT = ['report', 'request', 'learner-progress', '--param', 'batchId=rivers-2026', '--format', 'csv'];

interface Installation {
  readonly folder: string;
  readonly wired: Wired;
  ok(args: readonly string[], input?: string): Promise<string>;
}

/** It has its own topics, and its own place on the other servers. */
async function installation(t: TestContext): Promise<Installation> {
  const folder = temporaryFolder(t);
  const id = `forget${randomUUID().replaceAll('-', '').slice(0, 12)}`;
  const kafka = await startKafka({ folder: join(folder, 'kafka') });
  t.after(() => kafka.kill());
  const [registry, cassandra, redis, elasticsearch, postgres, s3] = await Promise.all([
    server('registry'),
    server('cassandra'),
    server('redis'),
    server('elasticsearch'),
    server('postgres'),
    server('s3'),
  ]);
  const { bucket } = await storeOf(t, s3.url);
  const file = join(folder, 'tributary.json');
  const keys = {
    transport: kafka.url,
    registry: registry.url,
    tables: `${cassandra.url}/${id}`,
    cache: redis.url,
    cachePrefix: `${id}:`,
    search: elasticsearch.url,
    searchPrefix: `${id}-`,
    requests: `${postgres.url}?schema=${id}`,
    objects: `s3://${S3_ACCESS_KEY}:${S3_SECRET_KEY}@${bucket}?endpoint=${s3.url}&region=${S3_REGION}`,
    archive: 'on',
    publishMs: 500,
  };
  writeFileSync(file, JSON.stringify(keys));
  mkdirSync(join(folder, 'data'));
  const { config } = loadConfig({ flags: {}, env: {}, file, folder });
  const wired = await wire({ config, platform: learningPlatform });
  t.after(() => wired.close());
  const ok = async (args: readonly string[], input = ''): Promise<string> => {
    const { code, stdout, stderr } = await tributary(folder, args, { input });
    assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
    return stdout;
  };
  for (const what of ['topics', 'tables', 'indexes']) await ok([what, 'apply']);
  return { folder, wired, ok };
}

/** Ada and Bo do the same things, and a report file contains both. */
async function lived({ wired, ok }: Installation): Promise<void> {
  for (const name of TOPICS) {
    const ada = readFileSync(join(STORY, `${name}.ndjson`), 'utf8');
    const bo = ada
      .replaceAll(/"ada"/g, '"bo"')
      .replaceAll('ada@', 'bo@')
      .replaceAll('story-', 'bo-')
      .replaceAll('Ada', 'Bo');
    await ok(['produce', `${name}.events`], /^(?:content|batch)$/.test(name) ? ada : `${ada}${bo}`);
  }
  await ok(['lag', '--wait', '--timeout-ms', '120000']);
  await ok(REPORT);
  await until('the report has its file', async () => (await reportFiles(wired)).length === 1);
}

async function reportFiles({ requests }: Wired): Promise<string[]> {
  const { requests: found } = await requests.list(ADA.tenant, { states: ['done'] }, { limit: 10, cursor: null });
  return found.flatMap(({ result }) => (result === null ? [] : [result.object]));
}

/** Kills the command when it reports that it begins this step. */
async function killedAt(t: TestContext, { folder }: Installation, step: string): Promise<void> {
  const { child, ended } = running(t, folder, ['forget', ADA.userId, '--yes']);
  let said = '';
  child.stderr?.on('data', (text: string) => {
    said += text;
    if (said.includes(step)) child.kill('SIGKILL');
  });
  const { code, stderr } = await ended;
  assert.equal(code, null, `it came to "${step}": ${stderr}`);
}

const proofsOf = async ({ wired }: Installation): Promise<Proof[]> => {
  const names = [];
  for await (const { name } of wired.objects.list(`forgotten/${digestOf(ADA.tenant, ADA.userId)}/`)) names.push(name);
  return Promise.all(
    names.map(async (name) =>
      JSON.parse(Buffer.concat(await Array.fromAsync(await wired.objects.get(name))).toString()),
    ),
  );
};

test('a person is forgotten on servers, by runs that are killed at each step and one that ends', async (t) => {
  const one = await installation(t);
  const { folder, wired, ok } = one;
  const jobs = await up(t, folder);
  await lived(one);
  const before = await everything(wired);
  const named = await placesOf(wired, ADAS);
  for (const name of ['learner_progress', 'recipient', 'group_progress', 'batch_learners', 'enrollments', 'outbox']) {
    assert.ok(named.includes(name), `${name} has Ada, among ${named.join(', ')}`);
  }
  assert.ok(named.includes('archive-enrollment-events') && named.includes('learner_courses of ada'));
  const [file = assert.fail()] = await reportFiles(wired);
  const found: Found = JSON.parse(await ok(['forget', ADA.userId, '--json'])).found;
  assert.deepEqual(await placesOf(wired, ADAS), named, 'without --yes nothing changes');

  for (const step of STEPS) await killedAt(t, one, step);
  const [block = assert.fail()] = blocksBelow('## Forgetting a person');
  const said = await typed(block, folder);
  assert.match(said, /All of it was removed\. What remains:\n- topics and dead letters: /);

  assert.deepEqual(await placesOf(wired, ADAS), []);
  assert.equal(await wired.objects.head(file), undefined, 'the report file is gone');
  const [proof, ...others] = await proofsOf(one);
  assert.ok(proof !== undefined && others.length === 0, 'there is one proof, and no run is left begun');
  assert.deepEqual(proof.found, found, 'it has what was there before the first run');
  assert.doesNotMatch(JSON.stringify(proof), ADAS);
  const after = await everything(wired);
  for (const [name, text] of before) {
    if (!BOS.test(text) || ADAS.test(text) || name === 'archive-pipeline-events') continue;
    assert.equal(after.get(name), text, `${name} is as it was`);
  }
  assert.ok((await placesOf(wired, BOS)).length >= named.length - 1, 'Bo is where Bo was');

  await ok(['produce', 'user.events'], event('user.created', { userId: 'ada', name: 'Ada' }));
  await ok(['produce', 'enrollment.events'], event('enrollment.enrolled', LATE));
  await ok(['lag', '--wait', '--timeout-ms', '120000']);
  assert.deepEqual(await placesOf(wired, ADAS), [], 'late events do not bring her back');
  jobs.child.kill('SIGTERM');
  assert.equal((await jobs.ended).code, 0);

  const alone = await tributary(folder, ['forget', 'bo', '--yes', '--timeout-ms', '2000']);
  assert.notEqual(alone.code, 0);
  assert.match(alone.stderr, /track-progress.* did not read what was sent within 2 s: see that they run, and give/);
});

const LATE = { userId: 'ada', courseId: 'rivers', batchId: 'rivers-2026' };
const event = (type: string, data: object) => `${JSON.stringify({ type, data })}\n`;
