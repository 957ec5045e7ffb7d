/** The control socket in isolation, with commands made for the purpose. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { type TestContext, test } from 'node:test';
import { GoOn } from '../../cli/context.ts';
import { askForFolder, callHolder } from '../../cli/control/client.ts';
import { FRAME, frame, frameReader } from '../../cli/control/frames.ts';
import { type Call, type Holder, serveControl } from '../../cli/control/server.ts';
import { temporaryFolder } from './harness.ts';

const CALL: Call = { version: '1', command: 'nothing', args: { a: ['ü'] }, debug: false };

async function served(t: TestContext, execute: Holder['execute'], ask: Holder['ask'] = () => false) {
  const path = join(temporaryFolder(t), 'control.sock');
  const control = await serveControl(path, { execute, ask });
  t.after(() => control.stop());
  return { path, control };
}

function streams(input: Iterable<string> = [], signal = new AbortController().signal) {
  const text = { stdout: '', stderr: '' };
  const into = (name: 'stdout' | 'stderr') =>
    new Writable({
      write(chunk, _encoding, done) {
        text[name] += chunk;
        setImmediate(done);
      },
    });
  const stdin = Readable.from([...input].map((each) => Buffer.from(each)));
  return { text, streams: { stdin, stdout: into('stdout'), stderr: into('stderr'), signal } };
}

test('frames are read whole, wherever their bytes are cut', () => {
  const frames = [frame(1, 'abc'), frame(2), frame(3, Buffer.alloc(70_000, 'x'))];
  const bytes = Buffer.concat(frames);
  for (const size of [1, 2, 3, 7, 5000, bytes.length]) {
    const read = frameReader();
    const found = [];
    for (let at = 0; at < bytes.length; at += size) found.push(...read(bytes.subarray(at, at + size)));
    assert.deepEqual(
      found.map(({ kind, payload }) => [kind, payload.length]),
      [
        [1, 3],
        [2, 0],
        [3, 70_000],
      ],
    );
    assert.equal(found[0]?.payload.toString(), 'abc');
  }
});

test('a call arrives with its arguments, and its output and exit code are returned', async (t) => {
  const { path } = await served(t, async (call, { stdout, stderr }) => {
    stdout.write(JSON.stringify(call));
    stderr.write('said besides');
    return 7;
  });
  const one = streams();
  assert.equal(await callHolder(path, CALL, one.streams), 7);
  assert.deepEqual(JSON.parse(one.text.stdout), CALL);
  assert.equal(one.text.stderr, 'said besides');
});

test('all output comes before the exit code, even output written just before the end', async (t) => {
  const lines = 5000;
  const { path } = await served(t, async (_call, { stdout }) => {
    for (let i = 0; i < lines; i++) stdout.write(`line ${i}\n`);
    return 0;
  });
  const one = streams();
  await callHolder(path, CALL, one.streams);
  await finished(one.streams.stdout.end());
  assert.equal(one.text.stdout.split('\n').length, lines + 1);
});

test('input is asked for piece by piece, and only by a command that reads', async (t) => {
  let given = 0;
  function* pieces() {
    for (; given < 3; given++) yield `piece ${given} `;
  }
  const { path } = await served(t, async ({ command }, { stdin, stdout }) => {
    if (command === 'reads') for await (const chunk of stdin) stdout.write(chunk);
    return 0;
  });
  const lazy = () => Readable.from(pieces(), { objectMode: false, highWaterMark: 1 });
  await callHolder(path, CALL, { ...streams().streams, stdin: lazy() });
  assert.equal(given, 0);
  const one = streams();
  await callHolder(path, { ...CALL, command: 'reads' }, { ...one.streams, stdin: lazy() });
  assert.equal(one.text.stdout, 'piece 0 piece 1 piece 2 ');
});

test('an input that cannot be read ends the call with its error', async (t) => {
  const { path } = await served(t, async (_call, { stdin }) => {
    return stdin.toArray().then(
      () => 0,
      () => 1,
    );
  });
  const stdin = new Readable({ read: () => void stdin.destroy(new Error('the disk is gone')) });
  await assert.rejects(callHolder(path, CALL, { ...streams().streams, stdin }), /the disk is gone/);
});

test('a signal to the caller ends the command, and so does the end of the caller', async (t) => {
  const started: AbortSignal[] = [];
  const { promise: both, resolve } = Promise.withResolvers<void>();
  const { path } = await served(t, async (_call, { signal }) => {
    started.push(signal);
    if (started.length === 2) resolve();
    if (!signal.aborted) await once(signal, 'abort');
    return 130;
  });
  const stop = new AbortController();
  const stopped = callHolder(path, CALL, streams([], stop.signal).streams);
  const socket = connect(path);
  socket.write(frame(FRAME.call, JSON.stringify(CALL)));
  await both;
  stop.abort();
  assert.equal(await stopped, 130);
  const last = started.find((signal) => !signal.aborted);
  const gone = last === undefined ? Promise.resolve() : once(last, 'abort');
  socket.destroy();
  await gone;
  assert.ok(started.every((signal) => signal.aborted));
});

test('stopping ends the commands that would go on, lets the others finish, and accepts no more', async (t) => {
  const begun = Promise.withResolvers<void>();
  const { path, control } = await served(t, async (_call, { signal, stdout }) => {
    begun.resolve();
    if (!signal.aborted) await once(signal, 'abort');
    stdout.write('finished');
    return 0;
  });
  const one = streams();
  const called = callHolder(path, CALL, one.streams);
  await begun.promise;
  await control.stop();
  assert.equal(await called, 0);
  assert.equal(one.text.stdout, 'finished');
  assert.equal(existsSync(path), false);
  assert.equal(await callHolder(path, CALL, streams().streams), undefined);
});

test('a caller that reads nothing does not prevent the process from stopping', async (t) => {
  const written = Promise.withResolvers<void>();
  const { path, control } = await served(t, async (_call, { stdout }) => {
    stdout.write(Buffer.alloc(32 * 1024 * 1024));
    written.resolve();
    return 0;
  });
  const socket = connect(path).pause();
  t.after(() => socket.destroy());
  socket.write(frame(FRAME.call, JSON.stringify(CALL)));
  await written.promise;
  await control.stop();
});

test('a connection with another protocol is closed, and the next call is served', async (t) => {
  const { path } = await served(t, async () => 0);
  const socket = connect(path);
  socket.on('error', () => {});
  socket.write('GET / HTTP/1.1\r\n\r\n');
  socket.resume();
  await once(socket, 'close');
  assert.equal(await callHolder(path, CALL, streams().streams), 0);
});

test('a socket without a listener is no error, and the next listener replaces it', async (t) => {
  const path = join(temporaryFolder(t), 'control.sock');
  writeFileSync(path, '');
  assert.equal(await callHolder(path, CALL, streams().streams), undefined);
  const control = await serveControl(path, { execute: async () => 3, ask: () => false });
  t.after(() => control.stop());
  assert.equal(await callHolder(path, CALL, streams().streams), 3);
});

test('a command that is to continue elsewhere is returned with its arguments, after its output', async (t) => {
  const { path } = await served(t, async (_call, { stdout }) => {
    stdout.write('so far');
    return new GoOn({ from: 3 });
  });
  const one = streams();
  assert.deepEqual(await callHolder(path, CALL, one.streams), new GoOn({ from: 3 }));
  assert.equal(one.text.stdout, 'so far');
});

test('a request for the folder is refused at once, or granted when the process has finished its calls', async (t) => {
  const { signal } = new AbortController();
  const kept = await served(t, async () => 0);
  assert.equal(await askForFolder(kept.path, signal), 'refused');
  assert.equal(await callHolder(kept.path, CALL, streams().streams), 0, 'it goes on');

  const [begun, finish] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const asked = Promise.withResolvers<void>();
  const lent = await served(
    t,
    async (_call, { stdout, signal }) => {
      begun.resolve();
      await finish.promise;
      stdout.write(signal.aborted ? 'ended' : 'finished');
      return 5;
    },
    () => {
      asked.resolve();
      return true;
    },
  );
  const one = streams();
  const called = callHolder(lent.path, CALL, one.streams);
  await begun.promise;
  let isFree = false;
  const answer = askForFolder(lent.path, signal).finally(() => {
    isFree = true;
  });
  await asked.promise;
  const drained = lent.control.drain();
  assert.equal(isFree, false);
  finish.resolve();
  assert.equal(await answer, 'free');
  await drained;
  assert.deepEqual([await called, one.text.stdout], [5, 'finished']);
  assert.equal(await askForFolder(lent.path, signal), 'nobody');
});
