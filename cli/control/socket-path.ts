/** A socket has a path of some hundred bytes at most, by the system. One that lies deeper is named from within its folder. */
import { basename, dirname } from 'node:path';

/** What every system takes: macOS has 104 with the zero at the end, Linux 108. */
const LONGEST = 103;

/**
 * Runs `work` with a path that leads to the same socket and is short enough. It has to use it at once, as `listen`, `connect` and
 * `close` do: for that moment the working folder is the socket's.
 */
export function atSocket<T>(path: string, work: (path: string) => T): T {
  if (Buffer.byteLength(path) <= LONGEST) return work(path);
  const before = process.cwd();
  process.chdir(dirname(path));
  try {
    return work(basename(path));
  } finally {
    process.chdir(before);
  }
}
