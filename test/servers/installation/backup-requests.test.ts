/** The procedures in docs/operate.md for copies of Postgres and of the schema registry, word by word. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { startAll } from '../../../servers/group.ts';
import { startPostgres } from '../../../servers/postgres.ts';
import { startRegistry } from '../../../servers/registry.ts';
import type { Server } from '../../../servers/server.ts';
import { until } from '../../faults/until.ts';
import { Fleet, runCommand } from '../../faults/workers.ts';
import { inOrder } from '../../harness/steps.ts';
import { blocksBelow, typed } from '../../harness/typed.ts';

const STORY = join(import.meta.dirname, '../../../demo/story');
const TOPICS = ['user', 'content', 'batch', 'notification', 'group', 'enrollment'];
/** It registers all schemas first. */
const REPORT = ['--format', 'csv', '--json'];

const folder = mkdtempSync(join(tmpdir(), 'tributary-backup-requests-'));
const file = join(folder, 'tributary.json');
const fleet = new Fleet(folder, () => file, ['up']);
let [postgres, registry]: Server[] = [];

before(
  async () => {
    [postgres, registry] = await startAll<Server>([
      startPostgres({ folder: join(folder, 'postgres') }),
      startRegistry({ folder: join(folder, 'registry') }),
    ]);
    const config = { data: join(folder, 'data'), registry: registry?.url, requests: postgres?.url, logLevel: 'debug' };
    writeFileSync(file, JSON.stringify(config));
    process.env['POSTGRES'] = postgres?.url;
    process.env['REGISTRY'] = new URL(registry?.url ?? '').origin;
  },
  { timeout: 300_000 },
);

after(async () => {
  await fleet.killAll();
  await Promise.all([postgres, registry].map((server) => server?.kill()));
  rmSync(folder, { recursive: true, force: true });
});

async function ok(...args: string[]): Promise<string> {
  const { code, text } = await runCommand(folder, file, args);
  assert.equal(code, 0, text);
  return text;
}

async function whileUp<T>(work: () => Promise<T>): Promise<T> {
  const worker = fleet.startOne();
  await until('the worker has the folder', () => existsSync(join(folder, 'data/control.sock')));
  const result = await work();
  assert.equal(await fleet.stop(worker), 0, worker.tail);
  return result;
}

/** Asks for a report and returns the request's id. */
async function asked(report: string): Promise<string> {
  const text = await ok('report', 'request', report, '--wait', ...REPORT);
  const { id, state } = JSON.parse(text.slice(text.indexOf('{')));
  assert.equal(state, 'done');
  return id;
}

/** Deletes a server's data, as if it was lost. */
async function lost(server: Server | undefined, name: string): Promise<void> {
  await server?.stop();
  rmSync(join(folder, name), { recursive: true });
}

const step = inOrder();

const tailed = (topic: string): Promise<string> => ok('tail', topic, '--limit', '100', '--json');

let made: { known: string; later: string; events: string };

step('copies are made while everything goes on', async () => {
  made = await whileUp(async () => {
    for (const topic of TOPICS) await ok('produce', `${topic}.events`, join(STORY, `${topic}.ndjson`));
    await ok('lag', '--wait', '--timeout-ms', '120000');
    await ok('report', 'schedule', 'add', 'weekly', 'lag', '--cron', '0 7 * * mon');
    const known = await asked('lag');
    const [copies = ''] = blocksBelow('### Report requests and the registry');
    await typed(copies, folder);
    return { known, later: await asked('enrollment-trend'), events: await tailed('batch.events') };
  });
});

step('requests that were restored are as they were, and no id comes twice', async () => {
  await lost(postgres, 'postgres');
  postgres = await startPostgres({ folder: join(folder, 'postgres'), port: Number(new URL(postgres?.url ?? '').port) });
  const [restore = ''] = blocksBelow('### Report requests restored from a backup');
  await typed(restore, folder);
  // Restores again over the result, like an operator who is not sure.
  await typed(restore, folder);
  assert.match(await ok('report', 'status', made.known, '--json'), /"state": ?"done"/);
  assert.match(await ok('report', 'schedule', 'list'), /weekly/);
  assert.equal((await runCommand(folder, file, ['report', 'status', made.later])).code, 1);
  await whileUp(async () => assert.notEqual(await asked('enrollment-trend'), made.later));
});

step('a registry that was restored has the schemas by their ids', async () => {
  const ids = async (): Promise<string[]> => {
    const subjects = (await (await fetch(`${registry?.url}/subjects`)).json()) as string[];
    const found = subjects.sort().map(async (subject) => {
      const { id, schema } = (await (
        await fetch(`${registry?.url}/subjects/${encodeURIComponent(subject)}/versions/latest`)
      ).json()) as { id: number; schema: string };
      return `${subject} ${id} ${schema}`;
    });
    return Promise.all(found);
  };
  const had = await ids();
  assert.ok(had.length > 10, `only ${had.length} schemas`);
  await lost(registry, 'registry');
  registry = await startRegistry({ folder: join(folder, 'registry'), port: Number(new URL(registry?.url ?? '').port) });
  assert.deepEqual(await ids(), []);
  const [restore = ''] = blocksBelow('### A registry restored from a backup');
  await typed(restore, folder);
  assert.deepEqual(await ids(), had);
  assert.equal(await tailed('batch.events'), made.events);
  const schema = JSON.stringify({ type: 'record', name: 'Another', fields: [{ name: 'it', type: 'string' }] });
  const added = await fetch(`${registry?.url}/subjects/another/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ schema }),
  });
  const { id } = (await added.json()) as { id: number };
  assert.ok(!had.some((line) => line.split(' ')[1] === String(id)), `${id} is the id of another schema`);
});
