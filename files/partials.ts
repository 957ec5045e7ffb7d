/** Names of files and folders that belong to a process while it lives, and their removal once it is dead. */
import { randomUUID } from 'node:crypto';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

const HOUR = 3_600_000;

/** A name for what one process uses for a while; it says which process that is. */
export function partialName(): string {
  return `${hostname()}~${process.pid}~${randomUUID()}`;
}

/** Removes what dead processes left behind. A process on another host may live: what is its goes after an idle hour. */
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
  // In a container every process has the same number: what is older than this process is not of this process.
  if (pid === process.pid) return touched >= now - process.uptime() * 1000;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
