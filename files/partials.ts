/** Names temporary files and folders after the process that owns them, and removes those of dead processes. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const HOUR = 3_600_000;

/** A name for a temporary file of this process, which contains the id of the process. */
export function partialName(): string {
  return `${hostname()}~${process.pid}~${randomUUID()}`;
}

/** Removes files of dead processes. A process on another host may be alive, so its files are removed only after an idle hour. */
export function sweepPartials(folder: string, now: number): void {
  for (const name of readdirSync(folder)) {
    const file = join(folder, name);
    const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs;
    if (touched === undefined) continue;
    const [host, pid] = name.split('~');
    const dead = host === hostname() && !runs(Number(pid), touched, now);
    if (dead || touched < now - HOUR) rmSync(file, { recursive: true, force: true });
  }
}

function runs(pid: number, touched: number, now: number): boolean {
  // In containers every process has the same id: files that are older than this process are not its own.
  if (pid === process.pid) return touched >= now - process.uptime() * 1000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
