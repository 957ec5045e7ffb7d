/** Systems limit the path of a socket to about a hundred bytes. For a longer path, the name relative to its folder is used. */
import { basename, dirname } from 'node:path';

/** Accepted by every system: the limit is 104 on macOS, including the final zero byte, and 108 on Linux. */
const LONGEST = 103;

/**
 * Runs `work` with a path that leads to the same socket and is short enough. `work` has to use the path synchronously,
 * as `listen`, `connect` and `close` do: meanwhile the working folder is the socket's folder.
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
