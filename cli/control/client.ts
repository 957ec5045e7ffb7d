/** The client of the control socket: asks the process that has the data folder to run a command. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { TributaryError } from '../../core/errors.ts';
import { GoOn } from '../context.ts';
import { FRAME, frame, frameReader } from './frames.ts';
import type { Call, Streams } from './server.ts';
import { atSocket } from './socket-path.ts';

/**
 * Returns the exit code, or how the command continues elsewhere; undefined if no process accepted the call, so that it may be repeated, or
 * run here.
 */
export async function callHolder(path: string, call: Call, streams: Streams): Promise<number | GoOn | undefined> {
  const socket = atSocket(path, (near) => connect(near));
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  const stop = () => socket.write(frame(FRAME.stop));
  streams.signal.addEventListener('abort', stop);
  if (streams.signal.aborted) stop();
  socket.write(frame(FRAME.call, JSON.stringify(call)));
  try {
    return await answerOf(socket, streams);
  } finally {
    streams.signal.removeEventListener('abort', stop);
    socket.destroy();
  }
}

async function answerOf(socket: Socket, { stdin, stdout, stderr }: Streams): Promise<number | GoOn | undefined> {
  const read = frameReader();
  const input = stdin.iterator({ destroyOnReturn: false });
  let begun = false;
  let unread: unknown;
  try {
    for await (const chunk of socket) {
      for (const { kind, payload } of read(chunk as Buffer)) {
        if (kind === FRAME.begun) begun = true;
        if (kind === FRAME.pull) {
          void sendPiece(socket, input).catch((error: unknown) => {
            unread = error;
            socket.destroy();
          });
        }
        if (kind === FRAME.out && !stdout.write(payload)) await once(stdout, 'drain');
        if (kind === FRAME.err) stderr.write(payload);
        if (kind === FRAME.again) return new GoOn(JSON.parse(payload.toString()));
        if (kind === FRAME.exit) return Number(payload.toString());
      }
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
  if (unread !== undefined) throw unread;
  if (!begun) return undefined;
  throw new TributaryError(
    'LOG_AWAY',
    'the process that has the data folder ended before this command did; check how far it got, then run it again',
  );
}

async function sendPiece(socket: Socket, input: AsyncIterator<Uint8Array>): Promise<void> {
  const { value, done } = await input.next();
  socket.write(frame(FRAME.input, done === true ? '' : value));
}

/** How long the process that has the folder may take to answer whether it releases the folder. */
const ANSWER_MS = 5000;

/**
 * Asks the process that has the data folder to release it. `free`: it has released the folder, or is about to.
 * `refused`: it keeps the folder. `nobody`: there was no answer. If a command is running that cannot be handed over,
 * waits until it ends.
 */
export async function askForFolder(path: string, signal: AbortSignal): Promise<'free' | 'refused' | 'nobody'> {
  const socket = atSocket(path, (near) => connect(near));
  const giveUp = () => socket.destroy();
  const tooLong = setTimeout(giveUp, ANSWER_MS);
  signal.addEventListener('abort', giveUp);
  socket.once('connect', () => socket.write(frame(FRAME.ask)));
  const read = frameReader();
  let answer: 'free' | 'nobody' = 'nobody';
  try {
    for await (const chunk of socket) {
      clearTimeout(tooLong);
      for (const { kind } of read(chunk as Buffer)) {
        if (kind === FRAME.refused) return 'refused';
        if (kind === FRAME.granted) answer = 'free';
      }
    }
  } catch {
    // A process that has ended does not have the folder.
  } finally {
    clearTimeout(tooLong);
    signal.removeEventListener('abort', giveUp);
    socket.destroy();
  }
  return answer;
}
