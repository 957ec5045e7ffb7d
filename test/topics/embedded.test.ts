/** The embedded transport and registry fulfil the contracts of their ports, and their folder survives faults. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Database, IN_MEMORY, openDatabase } from '../../embedded/database.ts';
import { embeddedRegistry } from '../../topics/embedded/registry.ts';
import { type EmbeddedTransport, embeddedTransport } from '../../topics/embedded/transport.ts';
import { registryContract } from '../contracts/registry.ts';
import { transportContract } from '../contracts/transport.ts';
import { joined, keysOf, record } from '../contracts/transport-members.ts';
import { BATCH, DERIVED, GROUP, SOURCE } from './embedded/appending.ts';

const all = await mkdtemp(join(tmpdir(), 'tributary-log-'));
after(() => rm(all, { recursive: true }));

const folders: Record<string, (t: TestContext) => Promise<string>> = {
  'embedded in memory': async () => IN_MEMORY,
  'embedded in a folder': newFolder,
};

for (const [name, folderOf] of Object.entries(folders)) {
  transportContract(name, async (t) => opened(t, await folderOf(t)).transport, {
    expires: true,
    apply: (transport, wanted) => (transport as EmbeddedTransport).topics.apply([wanted]),
  });
  registryContract(name, async (t) => {
    const { database } = opened(t, await folderOf(t));
    return embeddedRegistry(database);
  });
}

test('everything is kept when the folder is closed and opened again', async (t) => {
  const folder = await newFolder(t);
  const first = opened(t, folder);
  await first.transport.createTopics([{ name: 'orders', partitions: 2, retentionMs: 1000 }]);
  const old = record('orders', 0, { key: 'old', timestamp: 0 });
  await first.transport.produce([old, record('orders', 0, { key: 'a' }), { ...old, partition: 1 }]);
  assert.equal(await first.transport.expire(5000), 2);
  const { membership } = await joined(first.transport, 'count', 'orders');
  const zombie = await membership.claim(0);
  await zombie.commit({ records: [record('orders', 1, { key: 'b' })], offset: 1, metadata: 'm' });
  const registry = embeddedRegistry(first.database);
  const id = await registry.register('orders-OrderPlaced', '"string"');
  const described = await first.transport.describe();
  const lag = await first.transport.lag('count', 'orders');
  await first.close();

  const second = opened(t, folder);
  assert.deepEqual(await second.transport.describe(), described);
  assert.deepEqual(await second.transport.lag('count', 'orders'), lag);
  assert.deepEqual(keysOf(await second.transport.read('orders', 0, 0, 10)), ['a']);
  assert.deepEqual(keysOf(await second.transport.read('orders', 1, 0, 10)), ['b']);
  assert.deepEqual(await second.transport.produce([record('orders', 0), record('orders', 1)]), [2, 2]);
  const claim = await (await joined(second.transport, 'count', 'orders')).membership.claim(0);
  assert.deepEqual(claim.committed, { offset: 1, metadata: 'm', foreign: false });
  assert.equal(await embeddedRegistry(second.database).schema(id), '"string"');
});

test('a partition whose records were all dropped continues at its offset when it is opened again', async (t) => {
  const folder = await newFolder(t);
  const first = opened(t, folder);
  await first.transport.createTopics([{ name: 'orders', partitions: 1, retentionMs: 1000 }]);
  await first.transport.produce(Array.from({ length: 12_000 }, () => record('orders', 0, { timestamp: 0 })));
  assert.equal(await first.transport.expire(5000), 12_000);
  await first.close();
  const { transport } = opened(t, folder);
  assert.deepEqual(await transport.produce([record('orders', 0)]), [12_000]);
});

test('a process that is killed at any time leaves complete calls and complete commits', async (t) => {
  const folder = await newFolder(t);
  for (let round = 0; round < 10; round++) {
    const acknowledged = await killedAfter(folder, 1 + (round % 4), round);
    const { transport, close } = opened(t, folder);
    const source = await transport.read(SOURCE, 0, 0, 1_000_000);
    assert.equal(source.length % BATCH, 0, 'each call of produce is there as a whole or not at all');
    const numbers = Array.from(source.keys());
    assert.deepEqual(
      source.map(({ offset }) => offset),
      numbers,
    );
    assert.deepEqual(keysOf(source), numbers.map(String));
    assert.ok(source.length >= acknowledged.produced, 'what was acknowledged is there');

    const derived = await transport.read(DERIVED, 0, 0, 1_000_000);
    const claim = await (await joined(transport, GROUP, SOURCE)).membership.claim(0);
    const committed = claim.committed.offset ?? 0;
    assert.ok(committed >= acknowledged.committed, 'what was acknowledged is there');
    assert.ok(committed <= source.length);
    assert.deepEqual(keysOf(derived), numbers.slice(0, committed).map(String), 'derived is what the offset says');
    assert.equal(claim.committed.metadata, committed === 0 ? '' : `metadata of ${committed}`);
    await close();
  }
});

test('a second process cannot open the folder', async (t) => {
  const folder = await newFolder(t);
  const { close } = opened(t, folder);
  assert.equal(await firstLineOf(folder), 'FOLDER_IN_USE');
  await close();
  assert.notEqual(await firstLineOf(folder), 'FOLDER_IN_USE');
});

interface Opened {
  readonly database: Database;
  readonly transport: ReturnType<typeof embeddedTransport>;
  readonly close: () => Promise<void>;
}

function opened(t: TestContext, folder: string): Opened {
  const database = openDatabase(folder);
  const transport = embeddedTransport(database);
  const close = async () => {
    await transport.close();
    database.close();
  };
  t.after(close);
  return { database, transport, close };
}

async function newFolder(t: TestContext): Promise<string> {
  return mkdtemp(join(all, `${t.name.replaceAll(/\W/g, '-').slice(0, 40)}-`));
}

/**
 * Runs the appending process on the folder until it has printed this many lines, and kills it `ms` later. If it were killed
 * at a line, that would always be between two calls. Returns the last numbers that it printed.
 */
async function killedAfter(
  folder: string,
  lines: number,
  ms: number,
): Promise<{ produced: number; committed: number }> {
  const last = { produced: 0, committed: 0 };
  let left = lines;
  await eachLine(folder, (line, kill) => {
    const [what, count] = line.split(' ');
    assert.ok(what === 'produced' || what === 'committed', line);
    last[what] = Number(count);
    left -= 1;
    if (left === 0) setTimeout(kill, ms);
  });
  assert.ok(left <= 0);
  return last;
}

async function firstLineOf(folder: string): Promise<string> {
  let first: string | undefined;
  await eachLine(folder, (line, kill) => {
    first ??= line;
    kill();
  });
  return first ?? '';
}

/** Resolves when the process has ended. Its last lines may come after the call of `kill`. */
async function eachLine(folder: string, take: (line: string, kill: () => void) => void): Promise<void> {
  const script = fileURLToPath(new URL('./embedded/appending.ts', import.meta.url));
  const child = spawn(process.execPath, [script, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
  const gone = new Promise((resolve) => child.once('close', resolve));
  for await (const line of createInterface(child.stdout)) take(line, () => child.kill('SIGKILL'));
  await gone;
}
