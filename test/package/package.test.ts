/**
 * The package as users get it: packed, installed into an empty folder, and used there. Needs npm's registry or its cache. `npm run
 * test:package` runs it alone, since it takes more than a minute and writes `dist/`.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { NODE_VERSIONS } from '../../app/node-version.ts';
import { type Command, change, changesIn, commandsIn } from '../examples/pages.ts';

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
}

const folder = mkdtempSync(join(tmpdir(), 'tributary-package-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of a terminal: without the variables that npm sets for its own scripts. */
const env = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(npm_(?!config)|npm_config_(local|global)_prefix|NODE_(OPTIONS|TEST))/.test(name),
    ),
  ),
  PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
};
// Without a timeout, a registry that does not answer would block forever.
const options = { env, encoding: 'utf8', maxBuffer: 64 * MB, timeout: 300_000 } as const;
const npm = (cwd: string, ...args: string[]): string => execFileSync('npm', args, { ...options, cwd });
const tributaryIn = (cwd: string, { words, input }: Command) =>
  spawnSync('npx', ['tributary', ...words], { ...options, cwd, input });
const tributary = (...words: string[]) => tributaryIn(folder, { words, input: '' });
/** The project that `init` creates. */
const project = join(folder, 'my-jobs');

const QUIET = ['--no-audit', '--no-fund', '--prefer-offline'];
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as Manifest;
const manifest = read(join(ROOT, 'package.json'));
let packed: Packed;

before(() => {
  const report = npm(ROOT, 'pack', '--silent', '--json', '--pack-destination', folder);
  [packed] = JSON.parse(report.slice(report.indexOf('[\n'))) as [Packed];
  npm(folder, 'install', ...QUIET, packed.filename);
});

test('the tarball has compiled files and the pages for users, and is small', () => {
  const paths = packed.files.map(({ path }) => path);
  const expected =
    /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|bin\/\w+\.js|docs\/[\w-]+\.md|docs\/images\/[\w-]+\.svg|dist\/(.*\.(js|js\.map|d\.ts)|reports\/(definitions\/[\w-]+\.sql|page\/(style\/)?[\w-]+\.(html|css|svg))|(demo\/(oulad|story)|examples\/forum)\/[\w.-]+))$/;
  assert.deepEqual(
    paths.filter((path) => !expected.test(path)),
    [],
  );
  assert.deepEqual(
    paths.filter((path) => /\.test\.|(^|\/)(test|servers|release|engine)\//.test(path)),
    ['dist/examples/forum/watch-questions.test.ts'],
  );
  for (const path of [
    'LICENSE',
    'README.md',
    'bin/tributary.js',
    'dist/index.js',
    'dist/reports/definitions/enrollment-trend.sql',
    'dist/reports/page/index.html',
    'dist/reports/page/screens/overview/overview.js',
    'dist/index.d.ts',
    'dist/index.js.map',
    'docs/images/scaling-day.svg',
  ]) {
    assert.ok(paths.includes(path), path);
  }
  assert.ok(packed.size < 4 * MB && packed.unpackedSize < 12 * MB, `${packed.size} and ${packed.unpackedSize} bytes`);
});

test('the package declares which Node it needs, and the checkout works without that', () => {
  assert.equal(read(join(folder, 'node_modules/tributary/package.json')).engines.node, NODE_VERSIONS);
  assert.equal(read(join(ROOT, 'package.json')).engines.node, '>=20');
});

test('no Node and no development tool is installed with it', () => {
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
  // The query of this report is a file in the package.
  const report = tributary('report', 'run', 'enrollment-trend', '--format', 'csv', '--out', 'trend.csv');
  assert.match(report.stderr, /^[\d,]+ rows, /, report.stderr);
});

test('a project is begun, checked by the compiler, tested and run, as its README describes', async (t) => {
  const begun = tributary('init', 'my-jobs');
  assert.equal(begun.status, 0, begun.stderr);
  npm(project, 'install', ...QUIET);
  npm(project, 'run', 'types');
  assert.equal(testsPassed(), 8);
  await started(t);
  const outputs = commandsIn(readFileSync(join(project, 'README.md'), 'utf8')).map((command) => {
    const { status, stdout, stderr } = tributaryIn(project, command);
    assert.equal(status, 0, `${command.words.join(' ')}: ${stderr}`);
    return stdout;
  });
  assert.match(outputs.join(''), /^q-2 .* overdue$[\s\S]*^q-2 .* answered$/m);
});

test('its job is changed as the page describes, and the rows are made anew', async (t) => {
  const page = readFileSync(join(project, 'node_modules/tributary/docs/add-a-job.md'), 'utf8');
  for (const each of changesIn(page)) change(project, each);
  writeFileSync(join(project, 'process.test.ts'), PROCESS);
  npm(project, 'run', 'types');
  assert.equal(testsPassed(), 11);
  await started(t);
  const outputs = commandsIn(page).map((command) => {
    const { status, stdout, stderr } = tributaryIn(project, command);
    assert.equal(status, command.words.includes('--compare') ? 1 : 0, `${command.words.join(' ')}: ${stderr}`);
    return stdout;
  });
  const [row, found] = outputs.slice(-2);
  assert.match(row ?? '', /"answeredBy": "ben"/);
  assert.match(found ?? '', /Where does the Nile begin\?/);
});

test('wrong declarations of a user do not compile', () => {
  writeFileSync(join(project, 'wrong.ts'), "import { defineTopic } from 'tributary';\ndefineTopic({ name: 1 });\n");
  const { status, stdout } = spawnSync('npm', ['run', 'types'], { ...options, cwd: project });
  rmSync(join(project, 'wrong.ts'));
  assert.notEqual(status, 0);
  assert.match(stdout, /wrong\.ts/);
});

function testsPassed(): number {
  const { status, stdout } = spawnSync('npm', ['test'], { ...options, cwd: project });
  assert.equal(status, 0, stdout);
  return Number(/^\W*pass (\d+)$/m.exec(stdout)?.[1]);
}

/** Runs `npm start` until its jobs run. After the test, it gets Ctrl-C. */
async function started(t: TestContext): Promise<void> {
  // Ctrl-C in a terminal reaches the process group: npm and the processes that npm started.
  const child = spawn('npm', ['start'], { cwd: project, env, detached: true, stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = once(child, 'close');
  t.after(async () => {
    process.kill(-(child.pid as number), 'SIGINT');
    await ended;
  });
  let text = '';
  for await (const chunk of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += chunk;
    if (text.includes('are running')) break;
  }
  assert.match(text, /8 jobs, 4 rollups and a report worker are running/);
  child.stdout.resume();
}

/** Uses the other entries: lookups of the built-in module, and the runtime in a user's own process. */
const PROCESS = `
import { test } from 'node:test';
import { defineJob, lookup } from 'tributary';
import { courseStructure } from 'tributary/learning';
import { type RunningJob, runJob, systemClock } from 'tributary/runtime';
import { jobSpec, memoryStores, testRuntime } from 'tributary/testing';
import { questionAsked, questionEvents } from './events.ts';
import { questions } from './tables.ts';
import { watchQuestions } from './watch-questions.ts';

const looking = defineJob({
  name: 'look',
  doc: 'Looks up the course of a question.',
  from: questionEvents,
  on: [questionAsked],
  to: [],
  row: questions,
  key: ({ data }) => ({ questionId: data.questionId }),
  lookups: (_, { data }) => ({ course: lookup(courseStructure, { courseId: data.courseId }) }),
  fold: {
    'question.asked': (_, { data: { questionId } }, { course }) =>
      ({ questionId, asked: null, answeredAt: course?.publishedAt ?? null, answeredBy: null, remindedAt: null }),
  },
});

test('a row of the built-in module can be looked up', async (t) => {
  const spec = await jobSpec(t, looking);
  await spec.when([questionAsked, { questionId: 'q', courseId: 'c', learnerId: 'l', tutorId: 't', title: '' }]);
  await spec.thenRow(['q'], { answeredAt: null });
});

test('the job runs and stops', async () => {
  const stores = await memoryStores([watchQuestions]);
  const running: RunningJob = await runJob(watchQuestions, testRuntime(stores, { clock: systemClock }));
  await running.stop();
  await running.finished;
  await stores.close();
});
`;
