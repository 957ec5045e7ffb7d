/** `tributary inspect`: what is known about a row, and the records that it was made from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { jobNamed } from '../../app/platform/names.ts';
import { rollupSettingsOf, type Wired } from '../../app/stores/wiring.ts';
import { shownChange } from '../../cli/commands/inspect/masked.ts';
import { runCurrent } from '../../jobs/runtime/rows/generations/run-current.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { behindTopic } from '../../reports/operate/rebuild.ts';
import { archiveOf } from '../../reports/runtime/archive-source.ts';
import { runRollup } from '../../reports/runtime/run.ts';
import { CurrentTable } from '../../reports/runtime/tables.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { userEvents } from '../../topics/index.ts';
import { ndjson } from './harness.ts';
import { command, wired } from './in-process.ts';

const ARGS = { tenant: 'default', all: false, personal: false, fromArchive: false, json: false, progress: false };
const JOB = 'project-user';

const inspect = (one: Wired, args: object = {}, key = ['ada'], job = JOB) =>
  command(one, 'inspect', { ...ARGS, job, key, ...args });

async function produce(one: Wired, ...events: readonly object[]): Promise<void> {
  const { code, stdout } = await command(one, 'produce-piece', { topic: userEvents.name, first: 1 }, ndjson(...events));
  assert.deepEqual([code, JSON.parse(stdout).problems], [0, []]);
}

const created = { type: 'user.created', id: 'e-1', data: { userId: 'ada', name: 'Ada', region: 'Wales' } };
const consented = { type: 'user.consent-given', id: 'e-2', data: { userId: 'ada', objectId: 'rivers' } };

/** Runs the job until it has read all records. */
async function apply(one: Wired): Promise<void> {
  await one.prepareJobs();
  const runtime = one.runtime(SILENT);
  const job = jobNamed(JOB, one.platform.jobs);
  const running = await runCurrent(job, runtime, lookupsFor(runtime));
  const isBehind = async () => (await one.stores.transport.lag(JOB, userEvents.name)).some(({ lag }) => lag > 0);
  while (await isBehind()) await Promise.race([running.finished, turnOfOthers()]);
  await running.stop();
}

async function archive(one: Wired): Promise<void> {
  const source = archiveOf(userEvents);
  const table = new CurrentTable(await one.segments(), source);
  const settings = { ...rollupSettingsOf(one.config), publishMs: 0 };
  const running = await runRollup({ source, table, runtime: one.runtime(SILENT), settings });
  const behind = async () => behindTopic(await table.refresh(), source, one.stores.transport);
  while ((await behind()) > 0) await Promise.race([running.finished, turnOfOthers()]);
  await running.stop();
}

test('first the row speaks, then each record that made it, and at the end whether they agree', async (t) => {
  const one = await wired(t);
  await produce(one, created, consented);
  await apply(one);
  const { code, stdout } = await inspect(one, {}, ['ada'], 'user_profile');
  assert.equal(code, 0, stdout);
  const lines = stdout.split('\n');
  assert.equal(lines[0], 'row: ada of project-user, tenant default');
  assert.equal(lines[2], 'generation: 1, in the table user_profile');
  assert.match(lines[3] ?? '', /^position: \d\/1$/);
  assert.match(lines[4] ?? '', /^token: \d+, revision 2$/);
  assert.match(stdout, /^\S+Z {2}\d\/0 {2}user\.created {2}e-1 {2}applied\n {4}name: - -> \*{4}\n/m);
  assert.match(stdout, /^\S+Z {2}\d\/1 {2}user\.consent-given {2}e-2 {2}applied\n {4}consents\[rivers\]: - -> /m);
  assert.match(stdout, /\n\nrecords: 2 applied\nthe row is what these records make of it\n$/);
});

test('of a record within a row, people see the fields that changed', async (t) => {
  const one = await wired(t);
  const withdrawn = { type: 'user.consent-withdrawn', id: 'e-3', data: { userId: 'ada', objectId: 'rivers' } };
  await produce(one, created, consented);
  await produce(one, withdrawn);
  await apply(one);
  const { stdout } = await inspect(one);
  assert.match(
    stdout,
    /e-3 {2}applied\n(?: {4}consents\[rivers\]\.at: \S+ -> \S+\n)? {4}consents\[rivers\]\.given: true -> false\n/,
  );
});

test('for programs each is an object on a line of its own', async (t) => {
  const one = await wired(t);
  // Both events have this time. If the second one had a later time, it would change the row.
  const dated = { ...created, time: '2026-03-01T00:00:00Z' };
  await produce(one, dated, dated);
  await apply(one);
  await produce(one, consented);
  const { stdout } = await inspect(one, { json: true });
  const [row, first, again, unread, end] = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  assert.deepEqual([row.kind, row.job, row.key, row.state, row.generation], ['row', JOB, ['ada'], 'there', 1]);
  assert.deepEqual(row.position, [{ partition: first.partition, offset: 1 }]);
  assert.deepEqual([first.kind, first.outcome, first.id, first.code], ['record', 'applied', 'e-1', null]);
  assert.deepEqual([again.outcome, again.changes], ['unchanged', []]);
  assert.deepEqual([unread.outcome, unread.offset, row.next], ['not-read', 2, 2]);
  const outcomes = { applied: 1, unchanged: 1, 'not-read': 1 };
  assert.deepEqual(end, { kind: 'end', outcomes, same: true, differences: [] });
});

test('what is personal is masked, in changes and in differences, unless it is asked for', async (t) => {
  const one = await wired(t);
  await produce(one, created);
  await apply(one);
  const [row] = await one.stores.tables.read(userProfile, [['default', 'ada']]);
  assert.ok(row?.data);
  const version = { ...row.version, revision: row.version.revision + 1 };
  const data = { ...row.data, name: 'Augusta' };
  await one.stores.tables.write(userProfile, [{ ...row, version, data, partition: 0, whole: true }]);
  for (const json of [true, false]) {
    const masked = await inspect(one, { json });
    assert.deepEqual([masked.code, /Ada|Augusta|Wales/.test(masked.stdout)], [1, false]);
    const open = await inspect(one, { json, personal: true });
    assert.deepEqual([open.code, /Ada/.test(open.stdout), /Augusta/.test(open.stdout)], [1, true, true]);
  }
  const { stdout } = await inspect(one);
  assert.match(stdout, /the row is not what these records make of it:\n {4}name: \*{4} -> \*{4}\n$/);
});

test('what is personal within an entry of a row is masked, and the rest of the entry is not', () => {
  const entry = { title: 'Well done', body: 'You have completed it', category: 'course', time: Date.UTC(2026, 2, 2) };
  const change = { field: 'feed', entry: 'e', before: null, after: entry };
  const time = '2026-03-02T00:00:00.000Z';
  const masked = { ...change, after: { ...entry, title: '****', body: '****', time } };
  assert.deepEqual(shownChange(recipient, change, false), masked);
  assert.deepEqual(shownChange(recipient, change, true), { ...change, after: { ...entry, time } });
});

test('what retention has deleted is read from the archive', async (t) => {
  const one = await wired(t);
  await produce(one, created);
  await apply(one);
  const none = await inspect(one, { fromArchive: true });
  assert.deepEqual([none.code, /user\.events has no archive/.test(none.stderr)], [2, true]);
  await archive(one);
  await one.stores.transport.expire(Date.now() + 1000 * 86_400_000);
  await produce(one, consented);
  await apply(one);
  const short = await inspect(one);
  assert.equal(short.code, 1);
  assert.match(short.stdout, /the records before offset 1 are not among them: they were deleted by retention/);
  const { code, stdout } = await inspect(one, { fromArchive: true });
  assert.equal(code, 0, stdout);
  assert.match(stdout, /user\.created {2}e-1 {2}applied[\s\S]*e-2 {2}applied[\s\S]*records: 2 applied\n/);
});

test('what is not there, or not a whole key, is said', async (t) => {
  const one = await wired(t);
  const nobody = await inspect(one, {}, ['nobody']);
  assert.deepEqual([nobody.code, nobody.stdout.split('\n')[1]], [1, 'state: there is none']);
  assert.match(nobody.stdout, /records: none\nthere is no row, and these records make none\n$/);
  const part = await inspect(one, {}, ['ada'], 'track-progress');
  assert.deepEqual([part.code, /has the key userId, courseId: give 2 values/.test(part.stderr)], [2, true]);
  const unknown = await inspect(one, {}, ['ada'], 'project-usr');
  assert.deepEqual([unknown.code, /did you mean project-user/.test(unknown.stderr)], [2, true]);
});
