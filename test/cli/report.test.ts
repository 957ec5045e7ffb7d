/** `tributary report`, on an embedded installation. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { reportWorker } from '../../app/reports/worker.ts';
import type { Wired } from '../../app/stores/wiring.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { askFor } from '../reports/asking.ts';
import { temporaryFolder, tributary } from './harness.ts';
import { command, wired } from './in-process.ts';

const asked = (changes = {}) => askFor('lag', { tenant: 'default', roles: ['analyst', 'operator'], ...changes });
const silent = { out: null, json: true, progress: false };
const form = { json: true, csv: false, colors: false };

/** Runs a worker, as `up` does, while `work` is done. */
async function withWorker(one: Wired, work: () => Promise<void>): Promise<void> {
  await one.prepareJobs();
  const stop = new AbortController();
  const worker = reportWorker(one, { runtime: one.runtime(SILENT), tell() {} });
  const serving = worker.run(stop.signal);
  try {
    await Promise.race([work(), serving]);
  } finally {
    stop.abort();
    await serving;
    await worker.close();
  }
}

test('a report is made here, saved, listed, and fetched again', async (t) => {
  const one = await wired(t);
  const folder = temporaryFolder(t);
  const out = join(folder, 'lag.csv');
  const ran = await command(one, 'report run', { asked: asked(), ...silent, out, json: false });
  assert.equal(ran.code, 0, ran.stderr);
  assert.match(ran.stderr, /^\d+ rows, [\d,]+ bytes in .*lag\.csv\n$/);
  const file = readFileSync(out, 'utf8');
  assert.match(file, /track-progress/);
  const status = JSON.parse((await command(one, 'report status', { ...list, ...form })).stdout);
  assert.deepEqual(
    status.requests.map((each: { report: string; state: string }) => [each.report, each.state]),
    [['lag', 'done']],
  );
  const { id } = status.requests[0];
  const again = join(folder, 'again.csv');
  const roles = ['operator'];
  assert.equal((await command(one, 'report download', { ...fetching(id), out: again, roles })).code, 0);
  assert.equal(readFileSync(again, 'utf8'), file);
  const about = await command(one, 'report download', { ...fetching(id), about: true, roles });
  const { report, rows, columns } = JSON.parse(about.stdout);
  assert.deepEqual([report, rows], ['lag', file.trimEnd().split('\r\n').length - 1]);
  assert.ok(columns.every(({ meaning }: { meaning: string }) => meaning.endsWith('.')));
  // Asking again returns the same file.
  const second = JSON.parse(
    (await command(one, 'report run', { asked: asked({ freshMs: 60_000 }), ...silent })).stdout,
  );
  assert.equal(second.id, id);
  const anew = JSON.parse((await command(one, 'report run', { asked: asked({ freshMs: 0 }), ...silent })).stdout);
  assert.notEqual(anew.id, id);
});

const list = { request: null, tenant: 'default', report: null, state: [], user: null, limit: 20, after: null };
const fetching = (request: string) => {
  return { request, tenant: 'default', out: null, link: false, about: false, roles: ['analyst'] };
};

test('a file needs the role of its report again when it is fetched', async (t) => {
  const one = await wired(t);
  const { id } = JSON.parse((await command(one, 'report run', { asked: asked(), ...silent })).stdout);
  const refused = await command(one, 'report download', { ...fetching(id), out: '-' });
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /needs the role operator/);
  assert.equal(refused.stdout, '');
  const elsewhere = await command(one, 'report download', { ...fetching(id), tenant: 'acme', out: '-' });
  assert.match(elsewhere.stderr, /acme has no request/);
});

test('what cannot run is refused with everything that is wrong, and nothing is kept', async (t) => {
  const one = await wired(t);
  const wrong = asked({ parameters: { batch: 'b1' }, format: 'pdf', columns: ['age'] });
  const { code, stderr } = await command(one, 'report run', { asked: wrong, ...silent });
  assert.equal(code, 2);
  for (const text of [/3 reasons/, /no parameter.*batch|no parameters/, /pdf/, /age/]) assert.match(stderr, text);
  assert.equal(JSON.parse((await command(one, 'report status', { ...list, ...form })).stdout).requests.length, 0);
});

test('a worker makes what is requested, and a schedule is kept, listed and removed', async (t) => {
  const one = await wired(t);
  const out = join(temporaryFolder(t), 'lag.xlsx');
  await withWorker(one, async () => {
    const args = { asked: asked({ format: 'xlsx' }), wait: true, out, json: false, progress: false };
    const { code, stderr } = await command(one, 'report request', args);
    assert.equal(code, 0, stderr);
  });
  assert.equal(readFileSync(out).subarray(0, 2).toString(), 'PK');
  const timed = { schedule: 'nightly', cron: '0 2 * * *', zone: 'Asia/Kolkata', catchUp: 'latest', enabled: true };
  const added = await command(one, 'report schedule add', { ...timed, asked: asked(), json: false });
  assert.match(added.stdout, /^nightly is due next at \d{4}-\d\d-\d\dT20:30:00\.000Z\n$/);
  const listed = await command(one, 'report schedule list', { tenant: 'default', ...form });
  assert.equal(JSON.parse(listed.stdout)[0].id, 'nightly');
  const removing = { schedule: 'nightly', tenant: 'default' };
  assert.equal((await command(one, 'report schedule remove', removing)).code, 0);
  assert.match((await command(one, 'report schedule remove', removing)).stderr, /no schedule nightly/);
});

test('a request that waits is cancelled, once', async (t) => {
  const one = await wired(t);
  const args = { asked: asked(), wait: false, out: null, json: false, progress: false };
  const id = (await command(one, 'report request', args)).stdout.trim();
  const cancelling = { request: id, tenant: 'default' };
  assert.equal((await command(one, 'report cancel', cancelling)).code, 0);
  assert.match((await command(one, 'report cancel', cancelling)).stderr, /is cancelled: there is nothing to cancel/);
});

test('reports are listed and described as the catalogue has them', async (t) => {
  const one = await wired(t);
  const reports = JSON.parse((await command(one, 'report list', form)).stdout);
  assert.equal(reports.length, one.platform.reports.length);
  const { stdout } = await command(one, 'report describe', { report: 'enrollment-trend', ...form, json: false });
  for (const text of ['Enrollment by day', 'zone', 'Learners who joined']) assert.match(stdout, new RegExp(text));
});

test('a command line says what to protect a file with, and never by itself', async (t) => {
  const data = temporaryFolder(t);
  const run = (...args: string[]) => tributary(data, ['report', 'run', 'lag', ...args]);
  for (const [args, message] of [
    [['--password-file', '/nowhere/secret'], /\/nowhere\/secret cannot be read/],
    [['--recipient', 'age1x', '--passphrase-file', '/nowhere'], /give one of --password-file/],
    [['--param', 'x=1', '--param', 'x=2'], /--param x is given twice/],
    [['--param', 'x'], /Give a name and a value/],
  ] as const) {
    const { code, stderr } = await run(...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, message);
  }
  assert.equal(existsSync(join(data, 'objects')), false);
});
