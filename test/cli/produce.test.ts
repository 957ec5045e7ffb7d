/** What `produce` accepts, how it divides its input into pieces, and what it prints when it fails on the way. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import type { Report } from '../../cli/commands/produce/piece.ts';
import { type Piece, piecesOf } from '../../cli/commands/produce/pieces.ts';
import { FRAME, frame, frameReader } from '../../cli/control/frames.ts';
import { socketOf } from '../../cli/control/server.ts';
import { inputOf } from '../../cli/input.ts';
import { begunFolder, enrolled, ndjson, running, temporaryFolder, tributary, up } from './harness.ts';

const TOPIC = 'enrollment.events';
const users = (count: number): string[] => Array.from({ length: count }, (_, i) => `u${i}`);
const lines = (names: readonly string[]): string => ndjson(...names.map((user) => enrolled(user)));

async function keysOf(folder: string, topic = TOPIC): Promise<string[]> {
  const { stdout } = await tributary(folder, ['tail', topic, '--from-beginning', '--json']);
  const shown = stdout.split('\n').filter((line) => line !== '');
  return shown.map((line) => JSON.parse(line).key);
}

test('pieces are whole lines, together all of them, each with its first and last line number, wherever the input is cut', async () => {
  const line = fc.string({ maxLength: 12 }).map((text) => text.replaceAll('\n', ''));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { maxLength: 30 }),
      fc.boolean(),
      fc.integer({ min: 1, max: 7 }),
      fc.integer({ min: 1, max: 35 }),
      async (texts, ends, size, from) => {
        const text = texts.join('\n') + (ends && texts.length > 0 ? '\n' : '');
        const bytes = Buffer.from(text);
        const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
          bytes.subarray(i * size, (i + 1) * size),
        );
        const pieces = await Array.fromAsync(piecesOf(Readable.from(chunks), from));
        const wanted = text.split(/(?<=\n)/).filter((each) => each !== '');
        assert.equal(Buffer.concat(pieces.map((piece) => piece.bytes)).toString(), wanted.slice(from - 1).join(''));
        let next = from;
        for (const { first, last } of pieces) {
          assert.equal(first, next);
          assert.ok(last >= first);
          next = last + 1;
        }
        assert.equal(next - 1, Math.max(from - 1, wanted.length));
      },
    ),
  );
});

test('no piece of a long input has more than five thousand lines, or much more than a mebibyte', async () => {
  const all = async (line: string, count: number): Promise<Piece[]> => {
    const text = `${line}\n`.repeat(1000);
    return Array.fromAsync(piecesOf(Readable.from(Array.from({ length: count / 1000 }, () => Buffer.from(text)))));
  };
  const short = await all('{}', 20_000);
  assert.ok(short.every(({ first, last }) => last - first < 5000));
  assert.equal(short.at(-1)?.last, 20_000);
  const long = await all('x'.repeat(10_000), 1000);
  assert.ok(long.every(({ bytes }) => bytes.length < 1.1 * 1024 * 1024));
  assert.equal(long.at(-1)?.last, 1000);
});

test('a line without an end is refused before it fills the memory', async () => {
  async function* endless() {
    for (;;) yield Buffer.alloc(1024 * 1024, 'x');
  }
  await assert.rejects(Array.fromAsync(piecesOf(endless())), {
    code: 'USAGE',
    message: /line 1 has more than \d+ bytes/,
  });
});

test('lines are sent as they are written, even if the command began before up', async (t) => {
  const folder = await begunFolder(t);
  const one = running(t, folder, ['produce', TOPIC]);
  one.child.stdin?.write(lines(['u1']));
  const tail = running(t, folder, ['tail', TOPIC, '--from-beginning', '--follow']);
  await tail.printed('u1');
  one.child.stdin?.write(lines(['u2']));
  await tail.printed('u2');
  await up(t, folder);
  one.child.stdin?.end(lines(['u3']));
  await tail.printed('u3');
  const { code, stdout, stderr } = await one.ended;
  assert.deepEqual([code, stdout, stderr], [0, `3 events sent to ${TOPIC}, as 3 records\n`, '']);
});

test('a pipe, a descriptor, a device and a link can be inputs like a file', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'events.ndjson');
  writeFileSync(file, lines(['file']));
  const produced = async (name: string, ended: Promise<number | null>) => {
    assert.equal(await ended, 0, name);
  };
  await produced('a descriptor', shell(t, folder, `"$@" /dev/fd/3 3< events.ndjson`));
  await produced('a pipe of the shell', shell(t, folder, `cat events.ndjson | "$@"`));
  await produced('the standard input by its name', shell(t, folder, `cat events.ndjson | "$@" /dev/stdin`));
  await produced('a pipe by its descriptor', shell(t, folder, `cat events.ndjson | "$@" /dev/fd/3 3<&0`));
  assert.deepEqual(await keysOf(folder), ['file', 'file', 'file', 'file']);

  const pipe = join(folder, 'pipe');
  execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: folder });
  const reading = tributary(folder, ['produce', TOPIC, pipe]);
  createWriteStream(pipe).end(lines(['pipe']));
  assert.equal((await reading).code, 0);
  assert.ok((await keysOf(folder)).includes('pipe'));

  const nothing = await tributary(folder, ['produce', TOPIC, '/dev/null']);
  assert.deepEqual([nothing.code, nothing.stdout], [0, `0 events sent to ${TOPIC}, as 0 records\n`]);
});

test('the first signal ends the wait for a pipe that nobody opens for writing', async (t) => {
  const folder = temporaryFolder(t);
  execFileSync('sh', ['-c', 'mkfifo pipe'], { cwd: folder });
  const stopping = new AbortController();
  const producing = inputOf(join(folder, 'pipe'), stopping.signal);
  stopping.abort(new Error('interrupted'));
  // Otherwise a thread would wait forever to open the pipe, and keep the process from ending.
  await assert.rejects(producing, /interrupted/);
});

/** Runs a shell script in which "$@" is `tributary produce`. */
function shell(t: TestContext, folder: string, script: string): Promise<number | null> {
  const main = join(import.meta.dirname, '../../cli/main.ts');
  const child = spawn('sh', ['-c', script, 'sh', process.execPath, main, 'produce', TOPIC], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return new Promise((resolve) => child.once('close', resolve));
}

test('nothing of a file with a wrong line is sent, wherever the line is', async (t) => {
  const folder = temporaryFolder(t);
  writeFileSync(join(folder, 'events.ndjson'), `${lines(users(12_000))}{}\n`);
  const { code, stderr, stdout } = await tributary(folder, ['produce', TOPIC, 'events.ndjson']);
  assert.deepEqual([code, stdout], [1, '']);
  assert.equal(stderr, 'line 12001: type: a string is missing\nerror: one line is wrong; nothing was sent\n');
});

test('for a pipe with a wrong line the output shows what was sent, and one can resume from there', async (t) => {
  const folder = temporaryFolder(t);
  const wrong = `${lines(users(12_000))}{}\n${lines(['last'])}`;
  const failed = await tributary(folder, ['produce', TOPIC], { input: wrong });
  assert.equal(failed.code, 1);
  const [, sent = '', from = ''] =
    /^error: one line is wrong; the lines up to (\d+) were sent: continue with --from-line (\d+)$/m.exec(
      failed.stderr,
    ) ?? [];
  assert.match(failed.stderr, /^line 12001: type: a string is missing$/m);
  assert.equal(Number(from), Number(sent) + 1);
  assert.ok(Number(sent) >= 5000 && Number(sent) <= 12_000, sent);

  const mended = wrong.replace('{}\n', '\n');
  const rest = await tributary(folder, ['produce', TOPIC, '--from-line', from, '--json'], { input: mended });
  assert.equal(JSON.parse(rest.stdout).events, 12_001 - Number(sent));
  const keys = await keysOf(folder);
  assert.deepEqual(keys.sort(), [...users(12_000), 'last'].sort());
});

test('when the process with the folder is gone, the output shows which lines were sent and which are unknown', async (t) => {
  const folder = temporaryFolder(t);
  mkdirSync(join(folder, 'data'));
  let calls = 0;
  // Accepts the first piece, and dies at the second.
  const holder = createServer((socket) => {
    const read = frameReader();
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      for (const { kind } of read(chunk)) {
        if (kind !== FRAME.call) continue;
        calls += 1;
        socket.write(frame(FRAME.begun));
        if (calls > 1) socket.destroySoon();
        else {
          const report: Report = { events: 1, records: 1, leftOut: 0, problems: [], unknown: [] };
          socket.write(frame(FRAME.out, JSON.stringify(report)));
          socket.end(frame(FRAME.exit, '0'));
        }
      }
    });
  });
  t.after(() => holder.close());
  await new Promise<void>((resolve) => holder.listen(socketOf(join(folder, 'data')), resolve));
  const input = lines(users(9000));
  const { code, stderr } = await tributary(folder, ['produce', TOPIC], { input });
  assert.equal(code, 1);
  const [, sent = ''] = /^The lines up to (\d+) were sent: continue with --from-line \d+$/m.exec(stderr) ?? [];
  const [, first = '', last = ''] =
    /^Whether lines (\d+) to (\d+) were sent, all or none, is not known/m.exec(stderr) ?? [];
  assert.equal(Number(first), Number(sent) + 1);
  assert.ok(Number(last) > Number(first));
  assert.match(stderr, /^error: the process that has the data folder ended before this command did/m);
});

test('an undeclared field is reported once with a suggestion, and the event is sent', async (t) => {
  const folder = temporaryFolder(t);
  const [event] = [enrolled('u1')];
  const input = ndjson(
    event,
    ...['u2', 'u3'].map((user) => ({ ...event, data: { ...enrolled(user).data, enroledat: 1 } })),
  );
  const { code, stdout, stderr } = await tributary(folder, ['produce', TOPIC], { input });
  assert.deepEqual([code, stdout], [0, `3 events sent to ${TOPIC}, as 3 records\n`]);
  assert.match(
    stderr,
    /^warning: line 2: data\.enroledat was left out, since enrollment\.enrolled has no such field; .*\n$/,
  );
});

test('JSON from tail is accepted as input: the same events, once, with all their attributes', async (t) => {
  const [first, second] = [temporaryFolder(t), temporaryFolder(t)];
  const cloudEvent = { specversion: '1.0', id: 'e-1', source: '/campus', subject: 'u1', attempt: 3, ...enrolled('u1') };
  const whole = { ...cloudEvent, time: '2026-02-01T10:00:00.000Z', tenant: 'north' };
  const broadcast = { type: 'enrollment.course-structure-changed', data: { courseId: 'c1' } };
  await tributary(first, ['produce', TOPIC], { input: ndjson(whole, broadcast) });
  const tail = async (folder: string) => {
    const { stdout } = await tributary(folder, ['tail', TOPIC, '--from-beginning', '--json']);
    return stdout;
  };
  const shown = await tail(first);
  const copied = await tributary(second, ['produce', TOPIC, '--json'], { input: shown });
  assert.deepEqual(JSON.parse(copied.stdout), { topic: TOPIC, events: 2, records: 7, leftOut: 5 });
  const without = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => ({ ...JSON.parse(line), timestamp: '' }))
      .sort((a, b) => a.partition - b.partition);
  assert.deepEqual(without(await tail(second)), without(shown));
  assert.equal(without(shown).filter(({ attributes }) => attributes !== undefined).length, 1);
  assert.match(shown, /"attributes":\{"subject":"u1","attempt":"3"\}/);
});

test('an unreadable record is refused with the reason; records that jobs emit to themselves are left out', async (t) => {
  const folder = temporaryFolder(t);
  const position = { topic: TOPIC, partition: 0, offset: 7, timestamp: '2026-02-01T10:00:00.000Z', key: 'u1' };
  const timer = { ...position, type: 'timer.fired', id: 't', source: '/s', data: {} };
  const left = await tributary(folder, ['produce', TOPIC], {
    input: ndjson(timer, { ...position, ...enrolled('u1') }),
  });
  assert.match(left.stdout, /^1 event sent to .*, as 1 record; 1 line left out/);
  const unread = {
    ...position,
    type: 'enrollment.enrolled',
    problem: { code: 'VALUE_UNREADABLE', message: 'no JSON' },
  };
  const refused = await tributary(folder, ['produce', TOPIC], { input: ndjson(unread) });
  assert.match(refused.stderr, /^line 1: it shows a record that could not be read \(VALUE_UNREADABLE: no JSON\)/);
});
