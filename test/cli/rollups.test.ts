/** `tributary rollup` and `tributary archive`, on an embedded installation. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turnOfOthers } from 'node:timers/promises';
import { rollupSettingsOf, type Wired } from '../../app/stores/wiring.ts';
import type { Args as ReplayArgs } from '../../cli/commands/archive/replay.ts';
import type { Args as RebuildArgs } from '../../cli/commands/rollup/rebuild.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { behindTopic } from '../../reports/operate/rebuild.ts';
import { archiveOf } from '../../reports/runtime/archive-source.ts';
import { sourceOf } from '../../reports/runtime/datasource-source.ts';
import { runRollup } from '../../reports/runtime/run.ts';
import type { SegmentSource } from '../../reports/runtime/source.ts';
import { CurrentTable } from '../../reports/runtime/tables.ts';
import { enrollmentEvents } from '../../topics/index.ts';
import { ndjson, temporaryFolder, tributary } from './harness.ts';
import { command, wired } from './in-process.ts';

const archive = archiveOf(enrollmentEvents);
const json = { json: true, csv: false, colors: false };
const lines = { json: false, csv: false, colors: false };

const sourceNamed = ({ platform }: Wired, name: string): SegmentSource => {
  const datasource = platform.datasources.find((each) => each.name === name);
  assert.ok(datasource);
  return sourceOf(datasource);
};

/** Counts all records of the topic, as a process of `run` would. */
async function count(one: Wired, source: SegmentSource): Promise<void> {
  await one.prepareJobs();
  const table = new CurrentTable(await one.segments(), source);
  const settings = { ...rollupSettingsOf(one.config), publishMs: 0 };
  const running = await runRollup({ source, table, runtime: one.runtime(SILENT), settings });
  const behind = async () => behindTopic(await table.refresh(), source, one.stores.transport);
  while ((await behind()) > 0) await Promise.race([running.finished, turnOfOthers()]);
  await running.stop();
}

async function view(one: Wired, ...users: readonly string[]): Promise<void> {
  const events = users.map((userId) => ({
    type: 'enrollment.content-progressed',
    data: { userId, courseId: 'c1', batchId: 'b1', contentId: 'film', status: 'completed' },
  }));
  const { code, stdout } = await command(
    one,
    'produce-piece',
    { topic: 'enrollment.events', first: 1 },
    ndjson(...events),
  );
  assert.deepEqual([code, JSON.parse(stdout).problems], [0, []]);
}

async function ok(one: Wired, ...[name, args]: readonly [Parameters<typeof command>[1], unknown]): Promise<string> {
  const { code, stdout, stderr } = await command(one, name, args);
  assert.equal(code, 0, `${name}: ${stdout}${stderr}`);
  return stdout;
}

test('tables are listed, compacted, cleaned and trimmed', async (t) => {
  const one = await wired(t);
  const activity = sourceNamed(one, 'activity');
  assert.match(await ok(one, 'rollup list', lines), /^name .*\n.*\nactivity +- +- +0 /);
  for (const user of ['ada', 'ben', 'cleo', 'dan']) {
    await view(one, user);
    await count(one, activity);
  }
  const [listed] = JSON.parse(await ok(one, 'rollup list', json)).filter(
    ({ name }: { readonly name: string }) => name === 'activity',
  );
  const { table, generation, segments, rows, behind } = listed;
  assert.deepEqual(
    { table, generation, segments, rows, behind },
    {
      table: 'rollups/activity/g1',
      generation: 1,
      segments: 4,
      rows: 4,
      behind: 0,
    },
  );

  const compact = { tables: ['activity'], day: null, dryRun: false, json: false, progress: false };
  assert.match(await ok(one, 'rollup compact', { ...compact, dryRun: true }), /4 segments of .* would become 1\n$/);
  assert.match(await ok(one, 'rollup compact', compact), /4 segments of rollups\/activity\/g1 are 1 now/);
  assert.match(await ok(one, 'rollup compact', compact), /no day has segments worth compacting/);

  const vacuum = { tables: [], olderThanMs: null, yes: false, json: false, progress: false };
  assert.equal(await ok(one, 'rollup vacuum', vacuum), 'there is nothing to delete\n');
  const tooYoung = await command(one, 'rollup vacuum', { ...vacuum, olderThanMs: 1000 });
  assert.match(tooYoung.stderr, /keeps files for a time between an hour/);

  const expire = { tables: ['activity'], before: null, yes: false, json: false };
  const undeclared = await command(one, 'rollup expire', expire);
  assert.deepEqual([undeclared.code, undeclared.stderr.includes('declares no retentionDays')], [2, true]);
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString().slice(0, 10);
  const cut = { ...expire, before: tomorrow };
  assert.match(await ok(one, 'rollup expire', cut), /1 day of .* would be removed\nNothing was done/);
  assert.match(await ok(one, 'rollup expire', { ...cut, yes: true }), /1 day of .* 1 segment\) removed\n$/);
  assert.equal(await ok(one, 'rollup expire', { ...cut, yes: true }), 'no day has expired\n');

  const noted = async () => (await Array.fromAsync(one.objects.list('upkeep/'))).map(({ name }) => name);
  assert.deepEqual(await noted(), [], 'what was tried, or did one table alone, is no upkeep of all');
  await ok(one, 'rollup compact', { ...compact, tables: [] });
  await ok(one, 'rollup expire', { ...expire, tables: [], yes: true });
  await ok(one, 'rollup vacuum', { ...vacuum, yes: true });
  assert.deepEqual(await noted(), ['upkeep/compact', 'upkeep/expire', 'upkeep/vacuum']);

  const nowhere = await command(one, 'rollup compact', { ...compact, tables: ['activty'] });
  assert.match(nowhere.stderr, /there is no datasource and no archive activty.*activity/);
});

test('the table of a datasource is made anew, compared, made current, swapped back and dropped', async (t) => {
  const one = await wired(t);
  const activity = sourceNamed(one, 'activity');
  const base: RebuildArgs = {
    datasource: 'activity',
    what: 'make',
    generation: null,
    archive: false,
    yes: false,
    json: false,
    progress: false,
  };
  const rebuild = (args: Partial<RebuildArgs> = {}) => ok(one, 'rollup rebuild', { ...base, ...args });
  const refused = (args: Partial<RebuildArgs>) => command(one, 'rollup rebuild', { ...base, ...args });
  await view(one, 'ada', 'ben');
  await count(one, activity);
  for (const what of ['compare', 'swap', 'back'] as const) assert.equal((await refused({ what })).code, 2, what);

  assert.match(await rebuild(), /generation 2 of activity \(rollups\/activity\/g2\) has counted the topic/);
  assert.match(
    await rebuild({ what: 'compare' }),
    /^1 day with the same totals in generations 1 and 2\nno difference\n$/,
  );
  await view(one, 'cleo');
  await count(one, activity);
  const behind = await refused({ what: 'compare' });
  assert.deepEqual([behind.code, /learners: 3 became 2/.test(behind.stdout)], [1, true]);
  assert.match(
    await rebuild({ what: 'status' }),
    / 2 +rollups\/activity\/g2 +being made +rebuild:roll-up-activity:2 .* 1\n$/,
  );
  assert.match(
    await rebuild({ what: 'swap' }),
    /It is 1 behind the topic[\s\S]*Nothing was done: do it with --swap --yes/,
  );
  assert.match(await rebuild({ what: 'swap', yes: true }), /is counted in generation 2 \(rollups\/activity\/g2\)/);
  await view(one, 'dan');
  await count(one, activity);
  assert.match(await ok(one, 'rollup list', lines), /activity +rollups\/activity\/g2/);

  assert.match(await rebuild({ what: 'back', yes: true }), /is counted in generation 1/);
  await count(one, activity);
  assert.match(await rebuild({ what: 'compare' }), /no difference/);
  const current = await refused({ what: 'drop', generation: 1 });
  assert.deepEqual([current.code, current.stderr.includes('is the current one')], [2, true]);
  assert.match(await rebuild({ what: 'drop', generation: 2 }), /Nothing was done/);
  assert.match(await rebuild({ what: 'drop', generation: 2, yes: true }), /\(rollups\/activity\/g2\) is deleted/);
  assert.deepEqual(JSON.parse(await rebuild({ what: 'status', json: true })).generations.length, 1);
  const without = await refused({ archive: true });
  assert.match(without.stderr, /enrollment\.events has no archive/);
});

test('archived events are listed, and sent again on request', async (t) => {
  const one = await wired(t);
  const base: ReplayArgs = {
    topic: 'enrollment.events',
    from: null,
    to: null,
    types: [],
    key: null,
    into: null,
    after: null,
    yes: false,
    json: false,
    progress: false,
  };
  await one.prepareJobs();
  const none = await command(one, 'archive replay', base);
  assert.deepEqual([none.code, /has no archive: keep one with --archive on/.test(none.stderr)], [2, true]);
  await view(one, 'ada', 'ben');
  await count(one, archive);
  assert.match(
    await ok(one, 'archive list', lines),
    /archive-enrollment-events +archive\/enrollment-events\/g1 +\d +2 [\s\S]*`tributary up` keeps no archive/,
  );
  assert.match(
    await ok(one, 'archive replay', base),
    /^2 events of enrollment\.events would be sent to enrollment\.events:\n {2}2 {2}enrollment\.content-progressed\nNothing was done/,
  );
  assert.match(await ok(one, 'archive replay', { ...base, to: 1000 }), /has no such event/);
  assert.match(await ok(one, 'archive replay', { ...base, key: 'ada', yes: true }), /^1 event sent .*, as 1 record\n$/);
  const tail = { topic: 'enrollment.events', fromBeginning: true, follow: false, limit: null, json: true };
  const read = (await ok(one, 'tail', tail))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const ofAda = read
    .filter(({ key }) => key === 'ada')
    .map(({ id, source, time, data }) => ({ id, source, time, data }));
  assert.equal(ofAda.length, 2);
  assert.deepEqual(ofAda[0], ofAda[1]);
  const elsewhere = await command(one, 'archive replay', { ...base, into: 'user.events', yes: true });
  assert.deepEqual([elsewhere.code, /0 events sent .* 2 events could not be sent/.test(elsewhere.stdout)], [1, true]);
});

test('options that contradict each other are refused', async (t) => {
  const folder = temporaryFolder(t);
  for (const args of [
    ['rollup', 'rebuild', 'activity', '--swap', '--back'],
    ['rollup', 'rebuild', 'activity', '--yes'],
    ['rollup', 'rebuild', 'activity', '--compare', '--from-archive'],
    ['rollup', 'expire', '--before', '2026-01-01'],
    ['rollup', 'compact', '--day', 'monday'],
    ['archive', 'replay', 'user.events', '--after', 'there'],
  ]) {
    const { code, stderr } = await tributary(folder, args);
    assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
  }
});

test('the specification for Druid is printed, and what it lacks is told beside it', async (t) => {
  const folder = temporaryFolder(t);
  const places = ['--brokers', 'kafka:9092', '--registry', 'http://registry:8081'];
  const { code, stdout, stderr } = await tributary(folder, ['rollup', 'druid-spec', 'enrollments', ...places]);
  assert.equal(code, 0, stderr);
  assert.equal(JSON.parse(stdout).spec.ioConfig.topic, 'batch.events');
  assert.match(
    stderr,
    /^left out: region: a function or a lookup makes it .*\nleft out: age_band: .*\nLoad the extension/,
  );
  const wrong = await tributary(folder, ['rollup', 'druid-spec', 'enrolments', ...places]);
  assert.deepEqual([wrong.code, wrong.stdout], [2, '']);
  assert.match(wrong.stderr, /there is no datasource enrolments/);
});
