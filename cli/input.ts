/** The input of a command: a file, a pipe or a device, under any name that the system has for it. */
import { close, constants, createReadStream, fstatSync, open as openFile, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { messageOf } from '../core/errors.ts';
import { usage } from './errors.ts';

export interface Input {
  readonly stream: Readable;
  /** Opens the input again from its beginning; only a file can be read twice. */
  readonly again: (() => Readable) | undefined;
}

const open = promisify(openFile);

/** "-" is the standard input. Throws USAGE if it cannot be read, and the signal's reason if it is aborted before there is any input. */
export async function inputOf(file: string, signal: AbortSignal): Promise<Input> {
  const [isDescriptor, number] = /^\/dev\/(?:fd\/(\d+)|stdin)$/.exec(file) ?? [];
  if (file === '-' || (isDescriptor && Number(number ?? 0) === 0)) return { stream: process.stdin, again: undefined };
  try {
    // A descriptor that the shell opened may be a socket, which cannot be opened by its name.
    const fd = isDescriptor ? Number(number) : await opened(file, signal);
    const again = isDescriptor ? undefined : () => createReadStream(file);
    return streamOf(fd, again);
  } catch (error) {
    signal.throwIfAborted();
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/**
 * Opening a named pipe waits until another process opens its other end. A thread does that wait, and keeps the process from ending. So on
 * the signal, this process opens the other end itself.
 */
async function opened(file: string, signal: AbortSignal): Promise<number> {
  if (!statSync(file).isFIFO()) return open(file, 'r');
  signal.throwIfAborted();
  const opening = open(file, 'r');
  const letGo = async (): Promise<void> => {
    // Opening both ends waits for no process, and works before any process reads.
    const other = await open(file, constants.O_RDWR | constants.O_NONBLOCK);
    await opening.catch(() => {});
    close(other);
  };
  const onAbort = (): void => void letGo().catch(() => {});
  signal.addEventListener('abort', onAbort, { once: true });
  const fd = await opening.finally(() => signal.removeEventListener('abort', onAbort));
  if (!signal.aborted) return fd;
  close(fd);
  throw signal.reason;
}

function streamOf(fd: number, again: Input['again']): Input {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) {
    close(fd);
    throw new Error('it is a folder');
  }
  // A pipe is waited for without a thread, so that a signal ends the wait.
  if (stat.isFIFO() || stat.isSocket()) return { stream: new Socket({ fd, writable: false }), again: undefined };
  return { stream: createReadStream('', { fd }), again: stat.isFile() ? again : undefined };
}
