/**
 * Lets a command run although another process has the data folder. That process listens on `<data>/control.sock`, which only its user can
 * open, and runs the command with its own stores. Input, output and exit code go over the socket.
 */
import { rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import type { PlatformIdentity } from '../../app/platform/identity.ts';
import { GoOn, Interrupted } from '../context.ts';
import { INTERRUPTED } from '../errors.ts';
import { FRAME, frame, frameReader } from './frames.ts';
import { atSocket } from './socket-path.ts';

export const socketOf = (folder: string): string => join(folder, 'control.sock');

/** A command to run, as one process sends it to the other. */
export interface Call {
  readonly version: string;
  readonly command: string;
  readonly args: unknown;
  readonly debug: boolean;
  /** The platform of the caller; the process that has the folder warns if its own differs. */
  readonly platform?: PlatformIdentity;
}

export interface Streams {
  readonly stdin: Readable;
  readonly stdout: Writable & { readonly isTTY?: boolean };
  readonly stderr: Writable;
  readonly signal: AbortSignal;
}

/** How long the output of a command may stay unread when its process has to end. */
const FLUSH_MS = 1000;

export interface Control {
  /** Accepts no more calls, ends those that would run forever, and waits for all. */
  stop(): Promise<void>;
  /** The same, but no call is ended early: waits until each is done. */
  drain(): Promise<void>;
}

export interface Holder {
  /** Runs one call. Returns its exit code, or how it continues elsewhere. Never throws. */
  execute(call: Call, streams: Streams): Promise<number | GoOn>;
  /** Another process asks for the folder. Returns whether it gets it: then this process releases the folder as soon as it can. */
  ask(): boolean;
}

/**
 * Listens. The caller has the folder, so an existing socket belongs to a dead process. Throws if the system refuses the
 * socket, as on some file systems.
 */
export async function serveControl(path: string, holder: Holder): Promise<Control> {
  const ends: Ends = { closing: new AbortController(), stopping: new AbortController() };
  const sockets = new Set<Socket>();
  const active = new Set<Promise<void>>();
  rmSync(path, { force: true });
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    const served = serve(socket, holder, ends).finally(() => active.delete(served));
    active.add(served);
  });
  const { promise: listening, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  // The socket is created within `listen`, and must never be accessible to others.
  const before = process.umask(0o177);
  try {
    atSocket(path, (near) => server.listen(near, resolve));
  } finally {
    process.umask(before);
  }
  await listening;
  const close = async (): Promise<void> => {
    const closed = new Promise((done) => atSocket(path, () => server.close(done)));
    ends.closing.abort();
    await Promise.all(active);
    // A client that does not read the remaining output, such as a pager, must not delay the end.
    const tooLong = setTimeout(() => {
      for (const socket of sockets) socket.destroy();
    }, FLUSH_MS);
    await closed;
    clearTimeout(tooLong);
  };
  return {
    drain: close,
    stop() {
      ends.stopping.abort(new Interrupted());
      return close();
    },
  };
}

interface Ends {
  /** No more calls are accepted. */
  readonly closing: AbortController;
  /** Running calls have to end. */
  readonly stopping: AbortController;
}

/** Accepts one call and runs it until it ends. Its output may still be in flight. */
async function serve(socket: Socket, holder: Holder, ends: Ends): Promise<void> {
  const [closing, stopping] = [ends.closing.signal, ends.stopping.signal];
  const gone = new AbortController();
  const send = (kind: number, payload?: Uint8Array | string) =>
    new Promise<void>((resolve) => {
      if (socket.writable) socket.write(frame(kind, payload), () => resolve());
      else resolve();
    });
  const output = (kind: number) =>
    new Writable({
      writev: (chunks, done) =>
        void send(kind, Buffer.concat(chunks.map(({ chunk }) => chunk as Buffer))).then(() => done()),
    });
  const stdin = new Readable({ read: () => void send(FRAME.pull) });
  const { promise: called, resolve: begin } = Promise.withResolvers<Call | undefined>();
  const read = frameReader();
  socket.on('data', (chunk) => {
    try {
      for (const { kind, payload } of read(chunk)) {
        if (kind === FRAME.call) begin(JSON.parse(payload.toString()) as Call);
        if (kind === FRAME.input) stdin.push(payload.length === 0 ? null : payload);
        if (kind === FRAME.ask && !holder.ask()) void send(FRAME.refused).then(() => begin(undefined));
        else if (kind === FRAME.ask) void send(FRAME.granted);
        if (kind === FRAME.stop) gone.abort(new Interrupted());
      }
    } catch {
      socket.destroy();
    }
  });
  socket.on('error', () => {});
  socket.on('close', () => {
    gone.abort(new Interrupted());
    stdin.destroy();
    begin(undefined);
  });
  stdin.on('error', () => {});
  closing.addEventListener('abort', () => begin(undefined));
  const call = await called;
  if (call !== undefined) {
    await send(FRAME.begun);
    const signal = AbortSignal.any([stopping, gone.signal]);
    const [stdout, stderr] = [output(FRAME.out), output(FRAME.err)];
    const code = await holder.execute(call, { stdin, stdout, stderr, signal });
    if (code === INTERRUPTED && stopping.aborted)
      stderr.write('error: the process that has the data folder is stopping\n');
    const written = [stdout, stderr].map((stream) => finished(stream.end()));
    void Promise.all(written).then(async () => {
      if (code instanceof GoOn) await send(FRAME.again, JSON.stringify(code.args));
      else await send(FRAME.exit, String(code));
      socket.destroySoon();
    });
  } else socket.destroySoon();
}
