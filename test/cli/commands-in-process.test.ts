/** Cases whose timing is hard to control from outside: an interrupted command, and a reader that is slow or gone. */
import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { test } from 'node:test';
import { execute } from '../../cli/commands.ts';
import { GoOn, Interrupted } from '../../cli/context.ts';
import { formatProgress, nothing } from '../../topics/log/progress.ts';
import { enrolled, ndjson } from './harness.ts';
import { command, wired } from './in-process.ts';

test('a command that waits for input ends when it is interrupted, and has sent nothing', async (t) => {
  const one = await wired(t);
  const controller = new AbortController();
  let asked = false;
  const stdin = new Readable({
    read() {
      if (asked) setImmediate(() => controller.abort(new Interrupted()));
      else this.push(ndjson(enrolled('u1')));
      asked = true;
    },
  });
  const silent = () => new Writable({ write: (_chunk, _encoding, done) => done() });
  const context = { wired: one, stdin, stdout: silent(), stderr: silent(), signal: controller.signal };
  assert.equal(await execute('produce-piece', { topic: 'enrollment.events' }, context, false), 130);
  const { stdout } = await command(one, 'tail', TAIL);
  assert.equal(stdout, '');
});

const TAIL = { topic: 'enrollment.events', fromBeginning: true, follow: false, limit: null, json: true };

test('a command waits for a slow reader, and ends when the reader is gone', async (t) => {
  const one = await wired(t);
  const input = ndjson(...Array.from({ length: 2000 }, (_, i) => enrolled(`u${i}`)));
  await command(one, 'produce-piece', { topic: 'enrollment.events' }, input);
  const controller = new AbortController();
  let lines = 0;
  // This stream never completes a write. The first lines fill its buffer, and no more are accepted.
  const stdout = new Writable({
    highWaterMark: 1000,
    write() {
      setImmediate(() => controller.abort(new Interrupted()));
    },
  });
  const write = stdout.write.bind(stdout);
  stdout.write = ((chunk: string) => {
    lines += 1;
    return write(chunk);
  }) as typeof stdout.write;
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
  const context = { wired: one, stdin: Readable.from([]), stdout, stderr, signal: controller.signal };
  assert.equal(await execute('tail', TAIL, context, false), 130);
  assert.ok(lines < 20, `${lines} lines were written to nobody`);
});

test('a tail that is handed over while its reader is slow resumes with the first record that it has not written', async (t) => {
  const one = await wired(t);
  const users = Array.from({ length: 300 }, (_, i) => `u${i}`);
  await command(one, 'produce-piece', { topic: 'enrollment.events' }, ndjson(...users.map((user) => enrolled(user))));
  const handover = new AbortController();
  let written = '';
  // This stream accepts some lines, and then nothing until another process asks for the folder.
  const stdout = new Writable({
    highWaterMark: 1000,
    write(chunk, _encoding, done) {
      written += chunk;
      if (written.length < 20_000 || handover.signal.aborted) return done();
      setImmediate(() => handover.abort());
      handover.signal.addEventListener('abort', () => done());
    },
  });
  const stderr = new Writable({ write: (_chunk, _encoding, done) => done() });
  const { signal } = new AbortController();
  const context = { wired: one, stdin: Readable.from([]), stdout, stderr, signal, handover: handover.signal };
  const ended = await execute('tail', TAIL, context, false);
  await finished(stdout.end());
  assert.ok(ended instanceof GoOn);
  const rest = await command(one, 'tail', JSON.parse(JSON.stringify(ended.args)));
  const keysOf = (text: string) =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).key as string);
  const [first, second] = [keysOf(written), keysOf(rest.stdout)];
  assert.ok(first.length > 10 && second.length > 10);
  assert.deepEqual([...first, ...second].sort(), users.toSorted());
});

test('tail shows the newest records of all partitions, in the order of their time', async (t) => {
  const one = await wired(t);
  const users = Array.from({ length: 30 }, (_, i) => `u${i}`);
  for (const [i, user] of users.entries()) {
    const record = {
      topic: 'user.events',
      partition: i % 6,
      key: Buffer.from(user),
      value: null,
      headers: {},
      timestamp: 1000 + i,
    };
    await one.stores.transport.produce([record]);
  }
  const shown = async (args: object) => {
    const { stdout } = await command(one, 'tail', { ...TAIL, topic: 'user.events', ...args });
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).key);
  };
  assert.deepEqual(await shown({ fromBeginning: false }), users.slice(-10));
  assert.deepEqual(await shown({ fromBeginning: false, limit: 3 }), users.slice(-3));
  assert.deepEqual(await shown({}), users);
  assert.deepEqual(await shown({ limit: 4 }), users.slice(0, 4));
});

test('tail begins where its options ask, and shows what they ask for', async (t) => {
  const one = await wired(t);
  const base = { topic: 'user.events', value: Buffer.from('{"userId":"x"}') };
  const records = Array.from({ length: 40 }, (_, i) => ({
    ...base,
    partition: i % 4,
    key: Buffer.from(`u${i % 10}`),
    headers: {
      ce_specversion: '1.0',
      ce_id: `e${i}`,
      ce_source: '/s',
      ce_type: i % 5 === 0 ? 'user.created' : 'user.deleted',
    },
    timestamp: 1000 * i,
  }));
  for (const record of records) await one.stores.transport.produce([record]);
  const ids = async (args: object) => {
    const { code, stdout, stderr } = await command(one, 'tail', {
      ...TAIL,
      topic: 'user.events',
      fromBeginning: false,
      ...args,
    });
    assert.equal(code, 0, stderr);
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line).timestamp.slice(14, 19));
  };
  const at = (...seconds: number[]) => seconds.map((each) => new Date(1000 * each).toISOString().slice(14, 19));
  assert.deepEqual(await ids({ partition: 3, limit: 2 }), at(35, 39));
  assert.deepEqual(await ids({ partition: 3, offset: 8 }), at(35, 39));
  assert.deepEqual(await ids({ since: 36_500 }), at(37, 38, 39));
  assert.deepEqual(await ids({ since: 30_000, partition: 1, limit: 2 }), at(33, 37));
  assert.deepEqual(await ids({ key: 'u7' }), at(7, 17, 27, 37));
  assert.deepEqual(await ids({ key: 'u7', limit: 2 }), at(27, 37), 'the newest ones that have it');
  assert.deepEqual(await ids({ type: 'user.created', since: 30_000 }), at(30, 35));
  assert.deepEqual(await ids({ type: 'user.created', key: 'u0', fromBeginning: true, limit: 1 }), at(0));
  assert.deepEqual(await ids({ type: 'user.renamed' }), []);
  const nowhere = await command(one, 'tail', { ...TAIL, topic: 'user.events', partition: 99 });
  assert.deepEqual([nowhere.code, /has the partitions 0 to 5, and no 99/.test(nowhere.stderr)], [2, true]);
});

test('the newest matching records are searched from the end, and the search stops as soon as enough match', async (t) => {
  const one = await wired(t);
  const base = { topic: 'user.events', value: null, headers: {} };
  const records = Array.from({ length: 6000 }, (_, i) => {
    return { ...base, partition: i % 2, key: Buffer.from(i % 1000 < 2 ? 'rare' : 'many'), timestamp: 1000 + i };
  });
  await one.stores.transport.produce(records);
  const { read } = one.stores.transport;
  const looks: number[] = [];
  t.mock.method(one.stores.transport, 'read', async (...args: Parameters<typeof read>) => {
    looks.push(args[2]);
    return read(...args);
  });
  const shown = async (args: object) => {
    const { stdout } = await command(one, 'tail', { ...TAIL, topic: 'user.events', fromBeginning: false, ...args });
    const lines = stdout.split('\n').filter((line) => line !== '');
    return lines.map((line) => JSON.parse(line)).map(({ partition, offset }) => 2 * offset + partition);
  };
  assert.deepEqual(await shown({ key: 'rare', limit: 3 }), [4001, 5000, 5001]);
  assert.ok(Math.min(...looks) > 1000, 'the older half was not read');
  assert.deepEqual(await shown({ key: 'rare' }), [1000, 1001, 2000, 2001, 3000, 3001, 4000, 4001, 5000, 5001]);
  assert.deepEqual(await shown({ key: 'rare', limit: 100 }), [
    0,
    1,
    ...[1, 2, 3, 4, 5].flatMap((n) => [1000 * n, 1000 * n + 1]),
  ]);
  assert.deepEqual(await shown({ key: 'none' }), []);
});

test('a tail that still searches for the newest records hands the folder to another process, and begins again', async (t) => {
  const one = await wired(t);
  const record = { topic: 'user.events', partition: 0, key: Buffer.from('u'), value: null, headers: {}, timestamp: 1 };
  await one.stores.transport.produce([record]);
  const args = { ...TAIL, topic: 'user.events', fromBeginning: false, key: 'x' };
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const signal = new AbortController().signal;
  const context = { wired: one, stdin: Readable.from([]), stdout: nowhere, stderr: nowhere, signal };
  const ended = await execute('tail', args, { ...context, handover: AbortSignal.abort() }, false);
  assert.ok(ended instanceof GoOn);
  assert.deepEqual(ended.args, args);
});

test('tail shows why a record cannot be read, and goes on', async (t) => {
  const one = await wired(t);
  const base = { topic: 'user.events', partition: 0, key: Buffer.from([0xff, 0xfe]), timestamp: Date.UTC(2026, 0, 5) };
  const headers = { ce_specversion: '1.0', ce_id: 'e', ce_source: '/s', ce_type: 'user.deleted' };
  await one.stores.transport.produce([
    { ...base, value: Buffer.from('x'), headers },
    { ...base, value: Buffer.from('{}'), headers: { ...headers, ce_type: 'user.promoted' } },
    { ...base, value: null, headers },
    { ...base, value: Buffer.from('{}'), headers: {}, timestamp: 9e15 },
  ]);
  const { code, stdout } = await command(one, 'tail', { ...TAIL, topic: 'user.events' });
  assert.equal(code, 0);
  const codes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).problem.code);
  assert.deepEqual(codes, ['VALUE_UNREADABLE', 'UNKNOWN_TYPE', 'VALUE_UNREADABLE', 'ENVELOPE_INVALID']);
});

test('an unknown command and an unexpected error are reported', async (t) => {
  const one = await wired(t);
  const unknown = await command(one, '__proto__' as never, {});
  assert.deepEqual([unknown.code, /there is no command/.test(unknown.stderr)], [1, true]);
  const transport = { ...one.stores.transport, describe: () => Promise.reject(new RangeError('out of range')) };
  const broken = { ...one, stores: { ...one.stores, transport } };
  const { code, stderr } = await command(broken, 'topics', { topic: null, json: false });
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'error: out of range\nThis was not foreseen: run it again with --debug to see where it came from.\n',
  );
});

test('lag shows which views are behind the rows, and waits for them as well', async (t) => {
  const one = await wired(t);
  const behind = new Map([['enrollments', 0]]);
  const input = ndjson(enrolled('u1'), enrolled('u2'));
  assert.equal((await command(one, 'produce-piece', { topic: 'enrollment.events' }, input)).code, 0);
  const { transport } = one.stores;
  for (const { partition, end } of await transport.lag('track-progress', 'enrollment.events')) {
    const views = end > 0 ? behind : new Map();
    const metadata = formatProgress({ ...nothing(), behind: views }, end);
    await transport.seek('track-progress', 'enrollment.events', { partition, offset: end, metadata });
  }
  const args = {
    jobs: ['track-progress'],
    wait: false,
    timeoutMs: 1,
    json: false,
    colors: false,
    progress: false,
  };
  const { stdout } = await command(one, 'lag', args);
  assert.match(stdout, /^track-progress +enrollment\.events +0 +-$/m);
  assert.match(stdout, /^track-progress: the view enrollments is 2 records behind$/m);
  const waited = await command(one, 'lag', { ...args, wait: true });
  assert.equal(waited.code, 1);
  assert.match(waited.stderr, /still behind: track-progress by 0; the view enrollments is 2 records behind; is/);
});
