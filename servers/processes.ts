/** Processes as the Linux kernel reports them. A server often has several, not all in one process group. */
import { readdirSync, readFileSync } from 'node:fs';

interface Status {
  readonly parent: number;
  readonly state: string;
}

/** A process and all its descendants; the process itself is first. Empty if it does not exist. */
export function processTree(pid: number | undefined): number[] {
  if (pid === undefined || statusOf(pid) === undefined) return [];
  const children = new Map<number, number[]>();
  for (const name of readdirSync('/proc')) {
    const parent = /^\d+$/.test(name) ? statusOf(Number(name))?.parent : undefined;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)]);
  }
  const tree = [pid];
  // The loop also visits the entries that it adds.
  for (const one of tree) tree.push(...(children.get(one) ?? []));
  return tree;
}

/** A process that has ended counts as gone even before its parent has read the exit code. */
export function isGone(pid: number): boolean {
  const state = statusOf(pid)?.state;
  return state === undefined || state === 'Z' || state === 'X';
}

/** Its resident memory in bytes; 0 if it is gone. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1];
  return Number(kilobytes ?? 0) * 1024;
}

/** `<pid> (<name, which may contain anything>) <state> <parent> …` */
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
