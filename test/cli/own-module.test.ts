/** A custom module beside the built-in one, in a user's folder with a `tributary.config.ts`. */
import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { loadConfig } from '../../app/config/config.ts';
import { wire } from '../../app/stores/wiring.ts';
import { Session } from '../../cli/control/dispatch.ts';
import { collector } from '../../cli/output/collector.ts';
import { definePlatform } from '../../modules/define.ts';
import { learning, learningPlatform } from '../../modules/learning.ts';
import { logins } from '../own/logins.ts';
import { enrolled, ndjson, temporaryFolder, tributary, up } from './harness.ts';

const ROOT = join(import.meta.dirname, '../..');
const urlOf = (file: string): string => JSON.stringify(pathToFileURL(join(ROOT, file)).href);
const CONFIG = `import { definePlatform, learning } from ${urlOf('index.ts')};
import { logins } from ${urlOf('test/own/logins.ts')};

export default definePlatform({ modules: [learning, logins] });
`;

function folderWith(t: TestContext, config: string): string {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  writeFileSync(join(folder, 'tributary.config.ts'), config);
  return folder;
}

const login = (userId: string) => ({ type: 'login.logged-in', data: { userId } });
const json = async (folder: string, ...args: string[]) => {
  const { code, stdout, stderr } = await tributary(folder, [...args, '--json']);
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  return JSON.parse(stdout);
};

test('an own module runs beside the built-in one, and every command supports it', async (t) => {
  const folder = folderWith(t, CONFIG);
  const input = ndjson(login('ada'), login('ada'), login('ben'), login('ada'));
  const produced = await tributary(folder, ['produce', 'login.events'], { input });
  assert.deepEqual([produced.code, produced.stderr], [0, '']);
  const { printed } = await up(t, folder);
  await printed('8 jobs, 4 rollups and a report worker are running');
  await tributary(folder, ['lag', '--wait']);

  const lags = (await json(folder, 'lag')) as { job: string; lag: number }[];
  assert.deepEqual(lags.find(({ job }) => job === 'count-logins')?.lag, 0);
  assert.deepEqual(await json(folder, 'show', 'login_count', 'ada'), { userId: 'ada', logins: 3 });
  assert.deepEqual(await json(folder, 'show', 'count-logins', 'ben'), { userId: 'ben', logins: 1 });
  assert.equal((await json(folder, 'search', 'logins', '--filter', 'logins=3')).total, 1);
  const feed = await json(folder, 'show', 'notification_feed', 'ada');
  assert.deepEqual(
    feed.items.map(({ title }: { title: string }) => title),
    ['Three logins'],
    'a job of learning read what the own one emitted',
  );
  assert.equal((await tributary(folder, ['tail', 'login.events', '--json'])).stdout.split('\n').length, 4 + 1);
  const [topic] = ((await json(folder, 'topics')) as { name: string }[]).filter(({ name }) => name === 'login.events');
  assert.partialDeepStrictEqual(topic, { records: 4, deadLetters: 0 });
  const findings = (await json(folder, 'doctor')) as { check: string; state: string; message: string }[];
  assert.deepEqual(
    findings.filter(({ state }) => state !== 'ok'),
    [],
  );
  const platform = findings.find(({ check }) => check === 'platform');
  assert.match(String(platform?.message), /^learning, logins: 10 topics and 8 jobs, by .+tributary\.config\.ts$/);
  const offsets = await json(folder, 'offsets', 'show', 'count-logins');
  assert.ok(JSON.stringify(offsets).includes('login.events'));
});

test('a record of an own topic that cannot be applied is a dead letter, and can be replayed', async (t) => {
  const folder = folderWith(t, CONFIG);
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const { stores, close } = await wire({ config, platform: definePlatform({ modules: [learning, logins] }) });
  const headers = { ce_specversion: '1.0', ce_id: '1', ce_source: '/x', ce_type: 'login.logged-in' };
  const value = Buffer.from('{"userId":7}');
  await stores.transport.produce([
    { topic: 'login.events', partition: 0, key: null, value, headers, timestamp: Date.now() },
  ]);
  await close();
  const refused = await tributary(folder, ['produce', 'login.events'], { input: ndjson(login('')) });
  assert.deepEqual([refused.code, /data\.userId/.test(refused.stderr)], [1, true], refused.stderr);

  await up(t, folder);
  await tributary(folder, ['lag', '--wait']);
  const [deadLetter] = await json(folder, 'dead-letters', 'list', '--topic', 'login.events');
  assert.partialDeepStrictEqual(deadLetter, { id: 'login.events/0/0', job: 'count-logins', code: 'DATA_INVALID' });
  assert.match((await tributary(folder, ['dead-letters', 'show', deadLetter.id])).stdout, /count-logins/);
  const { replayed } = await json(folder, 'dead-letters', 'replay', deadLetter.id);
  assert.equal(replayed.length, 1);
});

test('own modules can replace the built-in one', async (t) => {
  const folder = folderWith(
    t,
    `import { defineModule, definePlatform } from ${urlOf('index.ts')};
import { loginEvents } from ${urlOf('test/own/logins.ts')};

export default definePlatform({ modules: [defineModule({ name: 'logins', topics: [loginEvents] })] });
`,
  );
  await tributary(folder, ['produce', 'login.events'], { input: ndjson(login('ada')) });
  const topics = (await json(folder, 'topics')) as { name: string }[];
  assert.deepEqual(
    topics.map(({ name }) => name),
    ['login.events'],
  );
  const enrollment = await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('ada')) });
  assert.deepEqual([enrollment.code, /there is no topic enrollment\.events/.test(enrollment.stderr)], [2, true]);
  const demo = await tributary(folder, ['demo']);
  assert.equal(demo.code, 2);
  assert.match(demo.stderr, /events of the module learning, which this platform does not have/);
});

test('a command is told when the process that runs it has another platform', async (t) => {
  const folder = folderWith(t, CONFIG);
  await up(t, folder);
  rmSync(join(folder, 'tributary.config.ts'));
  const { code, stdout, stderr } = await tributary(folder, ['topics', '--json']);
  assert.equal(code, 0);
  assert.ok(stdout.includes('login.events'), 'the platform of the process that has the folder is used');
  assert.match(
    stderr,
    /^warning: the process that has the data folder runs another platform than this command would: learning, pipeline instead of learning, logins\. .+ restart that process/,
  );
  const { config } = loadConfig({ flags: {}, env: {}, folder });
  const session = new Session({ config, platform: learningPlatform });
  t.after(() => session.close());
  const err = collector();
  for (const _ of [1, 2]) {
    const streams = { stdin: Readable.from([]), stdout: collector().stream, stderr: err.stream };
    const args = { topic: null, json: true };
    await session.run({ command: 'topics', args, debug: false }, { ...streams, signal: new AbortController().signal });
  }
  assert.equal(err.text().split('warning:').length, 1 + 1, 'a command of several calls is warned once');
  const findings = JSON.parse((await tributary(folder, ['doctor', '--json'])).stdout) as Record<string, string>[];
  assert.deepEqual(
    findings.filter(({ state }) => state === 'warning').map(({ message }) => message?.slice(0, 40)),
    ['the process that has the data folder run'],
  );
});

test('a wrong file stops every command that needs it, with exit code 2, but not help and config', async (t) => {
  const folder = folderWith(t, 'export const platform = 1;\n');
  for (const args of [['topics'], ['up'], ['lag'], ['produce', 'user.events'], ['docs', 'pages']]) {
    const { code, stdout, stderr } = await tributary(folder, args);
    assert.deepEqual([code, stdout], [2, ''], args.join(' '));
    assert.match(stderr, /^error: .+tributary\.config\.ts has no default export: /);
  }
  assert.equal((await tributary(folder, ['--help'])).code, 0);
  assert.equal((await tributary(folder, ['config'])).code, 0);
  const doctor = await tributary(folder, ['doctor']);
  assert.equal(doctor.code, 1);
  assert.match(doctor.stdout, /^problem {2}platform: .+tributary\.config\.ts has no default export/m);
});

test('the pages of a platform are written, and checked', async (t) => {
  const folder = folderWith(t, CONFIG);
  const written = await tributary(folder, ['docs', 'pages']);
  assert.deepEqual(
    [written.code, written.stdout],
    [0, 'pages/events.md\npages/projections.md\npages/datasources.md\npages/report-catalogue.md\n'],
  );
  const page = (name: string): string => readFileSync(join(folder, 'pages', name), 'utf8');
  assert.match(page('events.md'), /by `tributary docs`.*\n### login\.logged-in\n.*Folded by `count-logins`/s);
  assert.match(page('projections.md'), /\n### login_count \(table\)\n/);
  assert.equal((await tributary(folder, ['docs', 'pages', '--check'])).code, 0);
  writeFileSync(join(folder, 'pages/events.md'), 'By hand.\n');
  const stale = await tributary(folder, ['docs', 'pages', '--check']);
  assert.deepEqual([stale.code, stale.stdout], [1, '']);
  assert.match(stale.stderr, /^error: pages\/events\.md is not what the platform declares; .+\n$/);
  assert.equal(page('events.md'), 'By hand.\n');
});

test('an entry file of one’s own runs the command line with its platform', async (t) => {
  const folder = folderWith(t, 'throw new Error("not read");\n');
  writeFileSync(
    join(folder, 'mine.ts'),
    `import { definePlatform, learning, main } from ${urlOf('index.ts')};
import { logins } from ${urlOf('test/own/logins.ts')};

process.exitCode = await main(definePlatform({ modules: [learning, logins] }));
`,
  );
  const { code, stdout } = await tributary(folder, ['topics', 'login.events'], { entry: join(folder, 'mine.ts') });
  assert.equal(code, 1, 'there are no data yet');
  assert.equal(stdout, '');
  const made = await tributary(folder, ['topics', 'apply'], { entry: join(folder, 'mine.ts') });
  assert.match(made.stdout, /login\.events/);
});

test('completion offers the names of an own module, and commands while its file is wrong', async (t) => {
  const folder = folderWith(t, CONFIG);
  const offered = async (...words: string[]): Promise<string> =>
    (await tributary(folder, ['complete', 'bash', '--', ...words])).stdout;
  assert.equal(await offered('lag', 'count'), 'count-logins\n');
  assert.equal(await offered('tail', 'login.events.'), 'login.events.dead-letter\n');
  writeFileSync(join(folder, 'tributary.config.ts'), 'export default 1;\n');
  assert.equal(await offered('lag', 'count'), '');
  assert.equal(await offered('topics', 'v'), 'verify\n');
});
