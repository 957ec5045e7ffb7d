/** What a command reads: a file, a pipe or a device, by whatever name the system has for it. */
import { close, createReadStream, fstatSync, open as openFile } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { promisify } from 'node:util';
import { messageOf } from '../core/errors.ts';
import { usage } from './errors.ts';

export interface Input {
  readonly stream: Readable;
  /** The same once more from its begin; only a file can be read twice. */
  readonly again: (() => Readable) | undefined;
}

const open = promisify(openFile);

/** "-" is the standard input. Throws USAGE for what cannot be read. */
export async function inputOf(file: string): Promise<Input> {
  const [isDescriptor, number] = /^\/dev\/(?:fd\/(\d+)|stdin)$/.exec(file) ?? [];
  if (file === '-' || (isDescriptor && Number(number ?? 0) === 0)) return { stream: process.stdin, again: undefined };
  try {
    // A descriptor that the shell opened may be a socket, which cannot be opened by its name.
    const fd = isDescriptor ? Number(number) : await open(file, 'r');
    const again = isDescriptor ? undefined : () => createReadStream(file);
    return streamOf(fd, again);
  } catch (error) {
    throw usage(`${file} cannot be read: ${messageOf(error)}`);
  }
}

function streamOf(fd: number, again: Input['again']): Input {
  const stat = fstatSync(fd);
  if (stat.isDirectory()) {
    close(fd);
    throw new Error('it is a folder');
  }
  // A pipe is waited for without a thread, so that a signal ends the waiting.
  if (stat.isFIFO() || stat.isSocket()) return { stream: new Socket({ fd, writable: false }), again: undefined };
  return { stream: createReadStream('', { fd }), again: stat.isFile() ? again : undefined };
}
