/**
 * `npm run test:servers [-- <files and options of node --test>]`: runs the tests of test/servers, or the named files, two at a time, with
 * real servers in a temporary folder. With named files, a server is started when one of them asks for it; otherwise all are started at
 * once. The servers end after the tests. The exit code is that of the tests, or 1 if a server could not be started.
 */
import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RunningServer, SERVERS_VARIABLE } from './running.ts';
import type { Server } from './server.ts';
import { isServerName, SERVER_NAMES, SERVERS, type ServerName } from './set.ts';

const ALL = 'test/servers/**/*.test.ts';
/** For one test file. If one hangs, it fails and the others still run. */
const TIMEOUT_MS = 600_000;
const REPORTERS = [
  ['spec', 'stdout'],
  ['./test/times.ts', 'stderr'],
].flatMap(([name, destination]) => [`--test-reporter=${name}`, `--test-reporter-destination=${destination}`]);

const options = process.argv.slice(2).filter((arg) => arg.startsWith('-'));
const files = process.argv.slice(2).filter((arg) => !arg.startsWith('-'));
const folder = mkdtempSync(join(tmpdir(), 'tributary-servers-'));
// For servers that must run as another user.
chmodSync(folder, 0o755);
const started = new Map<ServerName, Promise<Server>>();
let failures = 0;

/** Started once, however many tests ask for it. */
function serverOf(name: ServerName): Promise<Server> {
  const starting = started.get(name) ?? start(name);
  started.set(name, starting);
  // The callers that wait for it get the error. This process continues for the others.
  starting.catch(() => undefined);
  return starting;
}

async function start(name: ServerName): Promise<Server> {
  const begun = Date.now();
  try {
    const server = await SERVERS[name]({ folder: join(folder, name) });
    console.log(`${name}: ready after ${Date.now() - begun} ms`);
    return server;
  } catch (error) {
    failures += 1;
    console.error(`${name}: ${(error as Error).message}`);
    throw error;
  }
}

async function answer(name: string, response: ServerResponse): Promise<void> {
  if (!isServerName(name)) return void response.writeHead(404).end(`there is no server called ${name}`);
  try {
    const { url, pid } = await serverOf(name);
    if (pid === undefined) throw new Error(`${name} has been ended`);
    response.end(JSON.stringify({ name, url, pid } satisfies RunningServer));
  } catch (error) {
    response.writeHead(500).end((error as Error).message);
  }
}

async function runTests(run: string): Promise<number> {
  const args = [
    '--test',
    '--test-concurrency=2',
    `--test-timeout=${TIMEOUT_MS}`,
    // A connection that some client leaves open must not hold up the other tests. Where a clean exit matters, a separate process is tested.
    '--test-force-exit',
    ...REPORTERS,
    ...options,
    ...(files.length > 0 ? files : [ALL]),
  ];
  const tests = spawn(process.execPath, args, { stdio: 'inherit', env: { ...process.env, [SERVERS_VARIABLE]: run } });
  // The tests end first, then this process.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => tests.kill(signal));
  return new Promise((resolve, reject) => {
    tests.once('error', reject).once('exit', (code) => resolve(code ?? 1));
  });
}

const control = createServer((request, response) => void answer((request.url ?? '/').slice(1), response));
await new Promise<void>((resolve) => control.listen(0, '127.0.0.1', resolve));
try {
  const all = files.length > 0 ? [] : SERVER_NAMES.map(serverOf);
  const code = await runTests(`http://127.0.0.1:${(control.address() as AddressInfo).port}`);
  await Promise.allSettled(all);
  process.exitCode = failures > 0 ? 1 : code;
} finally {
  control.close();
  control.closeAllConnections();
  const ended = await Promise.allSettled(started.values());
  await Promise.all(ended.map((one) => (one.status === 'fulfilled' ? one.value.kill() : undefined)));
  rmSync(folder, { recursive: true, force: true });
}
