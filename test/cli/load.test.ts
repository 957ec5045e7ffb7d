import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wired } from '../../app/stores/wiring.ts';
import { TributaryError } from '../../core/errors.ts';
import type { NewRecord, Transport } from '../../topics/log/transport.ts';
import { begunFolder, running, temporaryFolder, tributary, up } from './harness.ts';
import { command, wired } from './in-process.ts';

const TOPICS = ['content', 'batch', 'user', 'enrollment', 'group', 'notification', 'certificate'].map(
  (n) => `${n}.events`,
);
const START = '2026-03-01T00:00:00Z';
const FAST = ['load', '--rate', '20000', '--learners', '20', '--start', START];
const DONE = ['lag', '--wait', '--timeout-ms', '100000'];

async function ok(folder: string, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await tributary(folder, args);
  assert.equal(code, 0, stderr);
  return stdout;
}

/** The numbers of the generated events in all topics, including duplicates. */
async function numbersIn(folder: string): Promise<number[]> {
  const numbers: number[] = [];
  for (const topic of [...TOPICS, 'report.requests']) {
    const lines = (await ok(folder, 'tail', topic, '--from-beginning', '--json'))
      .split('\n')
      .filter((line) => line !== '');
    for (const line of lines) {
      const { id, source } = JSON.parse(line);
      if (source === '/tributary/load') numbers.push(Number(id.split('-')[2]));
    }
  }
  return numbers.sort((a, b) => a - b);
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);

test('a load that was repeated changes nothing but the counts of visits, and leaves no dead letters', async (t) => {
  const folder = temporaryFolder(t);
  const work = await up(t, folder);
  const said = JSON.parse(await ok(folder, ...FAST, '--events', '1500', '--json'));
  assert.equal(said.next, 1501);
  assert.equal(
    Object.values<number>(said.sent).reduce((sum, count) => sum + count),
    1500,
  );
  await ok(folder, ...DONE);
  const rows = async () => {
    const tables = ['batch_learners', 'batch_summary', 'group_progress', 'user_profile', 'course_structure'];
    return Promise.all(tables.map((name) => ok(folder, 'show', name, '--limit', '100', '--json')));
  };
  const before = await rows();
  assert.equal(JSON.parse(before[0] as string).items.length, 20);
  await ok(folder, ...FAST, '--events', '1500');
  await ok(folder, ...DONE);
  const numbers = await numbersIn(folder);
  assert.deepEqual([...new Set(numbers)], upTo(1500));
  assert.equal(numbers.length, 3000);
  assert.deepEqual(JSON.parse(await ok(folder, 'dead-letters', 'list', '--json')), []);
  assert.deepEqual(await rows(), before);
  work.child.kill('SIGTERM');
  assert.equal((await work.ended).code, 0);
});

test('Ctrl-C ends a load that says what was sent, and --from goes on where it was', async (t) => {
  const folder = await begunFolder(t);
  const work = running(t, folder, ['load', '--rate', '50', '--learners', '20', '--start', START, '--events', '100000']);
  const tail = running(t, folder, ['tail', 'enrollment.events', '--follow']);
  await tail.printed('enrollment.enrolled');
  work.child.kill('SIGINT');
  const { code, stdout } = await work.ended;
  assert.equal(code, 130);
  const next = Number(/--from (\d+)/.exec(stdout)?.[1]);
  assert.match(stdout, new RegExp(`^ +${next - 1}  events sent in `, 'm'));
  tail.child.kill('SIGINT');
  await tail.ended;
  assert.deepEqual(await numbersIn(folder), upTo(next - 1));
  await ok(folder, ...FAST, '--from', String(next), '--events', String(next + 99));
  assert.deepEqual(await numbersIn(folder), upTo(next + 99));
});

test('a load without an end is no failure when it is stopped, and goes on beside an up that begins', async (t) => {
  const folder = await begunFolder(t);
  const work = running(t, folder, ['load', '--rate', '50', '--learners', '20', '--json']);
  const tail = running(t, folder, ['tail', 'enrollment.events', '--follow', '--json']);
  await tail.printed('content-1');
  await up(t, folder);
  await tail.printed('content-2"');
  work.child.kill('SIGINT');
  const { code, stdout } = await work.ended;
  assert.equal(code, 0);
  const { next, sent } = JSON.parse(stdout);
  assert.equal(
    Object.values<number>(sent).reduce((sum, count) => sum + count),
    next - 1,
  );
  assert.deepEqual(await numbersIn(folder), upTo(next - 1));
});

test('a shape that does not exist is refused, with those that do', async (t) => {
  const folder = temporaryFolder(t);
  const { code, stderr } = await tributary(folder, ['load', '--shape', 'weekly']);
  assert.equal(code, 2);
  assert.match(stderr, /Give one of steady, bursty, daily/);
});

const ARGS = {
  ...{ shape: 'steady', rate: 20_000, dayMinutes: 1440, learners: 20, seed: 1, tenant: 'default' },
  ...{ start: Date.parse(START), from: 1, events: 600, seconds: null, json: false, progress: false },
};

/** The same stores, whose log appends by `produce`. `call` counts the calls from 1. */
function withLog(opened: Wired, produce: (call: number, records: readonly NewRecord[]) => Promise<number[]>): Wired {
  const { transport: log } = opened.stores;
  let calls = 0;
  const transport: Pick<Transport, 'shape' | 'produce'> = {
    shape: (names) => log.shape(names),
    produce: (records) => produce(++calls, records),
  };
  return {
    ...opened,
    prepare: (what) => opened.prepare(what),
    stores: { ...opened.stores, transport: transport as Transport },
  };
}

test('what a log did not acknowledge is sent again with the same ids', async (t) => {
  const opened = await wired(t);
  const ids: string[][] = [];
  const away = withLog(opened, async (call, records) => {
    ids.push(records.map(({ headers }) => String(headers['ce_id'])));
    if (call === 1) throw new TributaryError('LOG_AWAY', 'the log does not answer');
    return [];
  });
  const { code, stdout, stderr } = await command(away, 'load', ARGS);
  assert.equal(code, 0, stderr);
  assert.deepEqual(ids[1], ids[0]);
  assert.match(stderr, /^waiting: the log does not answer$/m);
  assert.match(stdout, /^ +600 {2}events sent/m);
});

test('a load that is stopped while the log is away says what was acknowledged, and goes on with what was not', async (t) => {
  const opened = await wired(t);
  const stop = new AbortController();
  const away = withLog(opened, async (call) => {
    if (call === 1) return [];
    stop.abort();
    throw new TributaryError('LOG_AWAY', 'the log does not answer');
  });
  const { code, stdout } = await command(away, 'load', { ...ARGS, events: 100_000 }, '', stop.signal);
  assert.equal(code, 130);
  const sent = Number(/^ +([\d,]+) {2}events sent/m.exec(stdout)?.[1]?.replace(',', ''));
  const start = '--seed 1 --start 2026-03-01T00:00:00.000Z';
  assert.ok(
    stdout.endsWith(`tributary load --shape steady --rate 20000 --learners 20 ${start} --from ${sent + 1}\n`),
    stdout,
  );
});
