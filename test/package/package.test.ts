/**
 * The package as its users get it: packed, installed into an empty folder, and used there. Needs npm's registry, or its cache.
 * `npm run test:package` runs it alone, since it takes a minute and writes `dist/`.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { NODE_VERSIONS } from '../../app/node-version.ts';

const ROOT = join(import.meta.dirname, '../..');
const MB = 1024 * 1024;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}
interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'tributary-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** As in a terminal: what npm sets for its scripts is ours, and not the user's. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config)|npm_config_(local|global)_prefix|NODE_(OPTIONS|TEST))/.test(name),
    ),
  ),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
};
// A registry that does not answer would otherwise be waited for without an end.
const options = { env, encoding: 'utf8', maxBuffer: 64 * MB, timeout: 300_000 } as const;
const npm = (cwd: string, ...args: string[]): string => execFileSync('npm', args, { ...options, cwd });
const tributary = (...args: string[]) => spawnSync('npx', ['tributary', ...args], { ...options, cwd: folder });

const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const manifest = read(join(ROOT, 'package.json'));
let packed: Packed;

before(() => {
  const report = npm(ROOT, 'pack', '--silent', '--json', '--pack-destination', folder);
  [packed] = JSON.parse(report.slice(report.indexOf('[\n'))) as [Packed];
  writeFileSync(join(folder, 'package.json'), '{ "type": "module", "private": true }');
  const tools = ['typescript', '@types/node'].map((name) => `${name}@${manifest.devDependencies[name]}`);
  const quiet = ['--no-audit', '--no-fund', '--prefer-offline'];
  npm(folder, 'install', ...quiet, join(folder, packed.filename), ...tools);
});

test('the tarball holds what was compiled and the pages for users, and is small', () => {
  const paths = packed.files.map(({ path }) => path);
  const expected =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/\w+\.js|docs\/[\w-]+\.md|dist\/(.*\.(js|js\.map|d\.ts)|demo\/(oulad|story)\/[\w.]+))$/;
  assert.deepEqual(
    paths.filter((path) => !expected.test(path)),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => /\.test\.|(^|\/)(test|servers|release|engine)\//.test(path)),
    [],
  );
  for (const path of [
    'LICENSE',
    'README.md',
    'bin/tributary.js',
    'dist/index.js',
    'dist/index.d.ts',
    'dist/index.js.map',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(packed.size < 3 * MB && packed.unpackedSize < 10 * MB, `${packed.size} and ${packed.unpackedSize} bytes`);
});

test('the package says which Node it needs, and the checkout goes on without it', () => {
  assert.equal(read(join(folder, 'node_modules/tributary/package.json')).engines.node, NODE_VERSIONS);
  assert.equal(read(join(ROOT, 'package.json')).engines.node, '>=20');
});

test('no Node and no development tool comes with it', () => {
  const installed = (JSON.parse(npm(folder, 'query', '*')) as { name: string }[]).map(({ name }) => name);
  assert.ok(installed.includes('kafkajs'));
  assert.deepEqual(
    installed.filter((name) => /^node(-(bin|linux|win|darwin).*)?$/.test(name)),
    [],
  );
  assert.ok(!existsSync(join(folder, 'node_modules/.bin/node')));
  for (const name of ['knip', '@biomejs/biome', 'fast-check']) assert.ok(!installed.includes(name), name);
});

test('the command runs, with its version, its configuration and its demonstration', () => {
  assert.equal(tributary('--version').stdout, `${manifest.version}\n`);
  assert.match(tributary('config').stdout, /transport/);
  const demo = tributary('demo', '--json', '--presentations', 'AAA-2013J');
  assert.equal(demo.status, 0, demo.stderr);
  assert.ok(JSON.parse(demo.stdout));
  assert.match(tributary('topics').stdout, /^enrollment\.events +userId/m);
});

test('jobs of a user are declared, checked by the compiler, tested and run', () => {
  for (const [name, text] of Object.entries(USERS_FILES)) writeFileSync(join(folder, name), text);
  writeFileSync(
    join(folder, 'tsconfig.json'),
    JSON.stringify({
      compilerOptions: {
        module: 'nodenext',
        target: 'es2024',
        strict: true,
        exactOptionalPropertyTypes: true,
        noEmit: true,
        allowImportingTsExtensions: true,
        erasableSyntaxOnly: true,
        types: ['node'],
      },
      include: ['*.ts'],
    }),
  );
  const checked = spawnSync('npx', ['tsc'], { ...options, cwd: folder });
  assert.equal(checked.status, 0, checked.stdout);
  const tested = spawnSync(process.execPath, ['--test', '--test-reporter=tap', 'count-logins.test.ts'], {
    ...options,
    cwd: folder,
  });
  assert.equal(tested.status, 0, tested.stdout);
  assert.match(tested.stdout, /^# pass 6$/m);
  // `tributary.config.ts` is among the files: the same copy of Tributary has to be in the command and in the module.
  const topics = tributary('topics');
  assert.match(topics.stdout, /^login\.events +userId/m, topics.stderr);
});

test('what a user does not declare right does not compile', () => {
  writeFileSync(join(folder, 'wrong.ts'), "import { defineTopic } from 'tributary';\ndefineTopic({ name: 1 });\n");
  const { status, stdout } = spawnSync('npx', ['tsc'], { ...options, cwd: folder });
  rmSync(join(folder, 'wrong.ts'));
  assert.notEqual(status, 0);
  assert.match(stdout, /wrong\.ts/);
});

const USERS_FILES = {
  'logins.ts': `
import { defineEvent, defineJob, defineModule, defineTable, defineTopic, lookup } from 'tributary';
import { learnerProgress } from 'tributary/learning';

const userId = { name: 'userId', type: 'string', doc: 'The user.' } as const;
export const loggedIn = defineEvent(
  'login.logged-in',
  { type: 'record', name: 'LoggedIn', namespace: 'org.example.login', doc: 'A user logged in.', fields: [userId] },
  { userId: 'ada' },
);
const loginEvents = defineTopic({ name: 'login.events', doc: 'Logins.', key: 'userId', events: [loggedIn] });
const fields = [
  userId,
  { name: 'logins', type: 'int', doc: 'Logins so far.' },
  { name: 'learns', type: 'boolean', doc: 'Whether the user took a course when it logged in.' },
] as const;
const loginCount = defineTable({
  name: 'login_count',
  doc: 'Logins by user.',
  key: ['userId'],
  record: { type: 'record', name: 'LoginCount', fields },
});
export const countLogins = defineJob({
  name: 'count-logins',
  doc: 'Counts logins.',
  from: loginEvents,
  on: [loggedIn],
  to: [],
  row: loginCount,
  key: ({ data }) => ({ userId: data.userId }),
  lookups: ({ userId }) => ({ course: lookup(learnerProgress, { userId, courseId: 'rivers' }) }),
  fold: {
    'login.logged-in': (row, { data }, { course }) => ({
      userId: data.userId,
      logins: (row?.logins ?? 0) + 1,
      learns: course !== undefined,
    }),
  },
});
export const logins = defineModule({ name: 'logins', topics: [loginEvents], jobs: [countLogins] });
`,
  'tributary.config.ts': `
import { definePlatform, learning } from 'tributary';
import { logins } from './logins.ts';

export default definePlatform({ modules: [learning, logins] });
`,
  'count-logins.test.ts': `
import { test } from 'node:test';
import { type RunningJob, runJob, systemClock } from 'tributary/runtime';
import { jobSpec, memoryStores, type SpecEvent, survives, testRuntime } from 'tributary/testing';
import { countLogins, loggedIn } from './logins.ts';

const ada: SpecEvent = [loggedIn, { userId: 'ada' }];

test('logins are counted', async (t) => {
  const spec = await jobSpec(t, countLogins);
  await spec.when(ada, ada);
  await spec.thenRow(['ada'], { logins: 2, learns: false });
});

survives(countLogins, [ada, [loggedIn, { userId: 'ben' }]]);

test('the job runs and stops', async () => {
  const stores = await memoryStores([countLogins]);
  const running: RunningJob = await runJob(countLogins, testRuntime(stores, { clock: systemClock }));
  await running.stop();
  await running.finished;
  await stores.close();
});
`,
};
