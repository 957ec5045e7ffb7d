/** What the kernel says of processes (Linux): a server is often several, and not all of one process group. */
import { readdirSync, readFileSync } from 'node:fs';

interface Status {
  readonly parent: number;
  readonly state: string;
}

/** A process and all that it started, and they started, the first one first. Empty for a process that does not exist. */
export function processTree(pid: number | undefined): number[] {
  if (pid === undefined || statusOf(pid) === undefined) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? statusOf(Number(name))?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [pid];
  // The loop goes over what it adds, too.
  for (const one of tree) tree.push(...(children.get(one) ?? []));
  return tree;
}

/** A process that has ended counts as gone before its parent has asked for its exit code. */
export function isGone(pid: number): boolean {
  const state = statusOf(pid)?.state;
  return state === undefined || state === 'Z' || state === 'X';
}

/** The memory it holds now, in bytes; 0 when it is gone. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** `<pid> (<name, which may hold anything>) <state> <parent> …` */
function statusOf(pid: number): Status | undefined {
  const line = read(`/proc/${pid}/stat`);
  const [state, parent] = line.slice(line.lastIndexOf(')') + 2).split(' ');
  return line === '' || state === undefined ? undefined : { state, parent: Number(parent) };
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
