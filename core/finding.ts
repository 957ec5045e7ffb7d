import { messageOf } from './errors.ts';

/** A finding of `doctor` about one part of the installation, with what to do about it. */
export interface Finding {
  /** What was checked, such as "tables" or "tables: clock". */
  readonly check: string;
  readonly state: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** What to do about it. */
  readonly todo?: string;
}

export const ok = (check: string, message: string): Finding => ({ check, state: 'ok', message });
export const warning = (check: string, message: string, todo: string): Finding => ({
  check,
  state: 'warning',
  message,
  todo,
});
export const problem = (check: string, message: string, todo: string): Finding => ({
  check,
  state: 'problem',
  message,
  todo,
});

/** Compares the version of a server with the oldest supported one. Both have the form "8.15.1". */
export function versionFinding(check: string, product: string, version: string, oldest: string): Finding {
  const found = `${product} ${version}`;
  return isOlder(version, oldest) ? problem(check, `${found} is too old`, `use ${oldest} or newer`) : ok(check, found);
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [version, than].map((text) => text.split(/[.-]/).map(Number)) as [number[], number[]];
  for (const [i, part] of b.entries()) {
    const difference = (a[i] ?? 0) - part;
    if (difference !== 0) return difference < 0;
  }
  return false;
}

/** Retention, timers, leases and links depend on clocks, which should agree within seconds. */
const [SLACK_MS, MUCH_MS] = [5_000, 60_000];

/**
 * Compares a server's clock with ours. The server's clock read `theirs` at some moment between `asked` and `answered` of our clock, all
 * in ms since 1970. Its time may be rounded to seconds.
 */
export function clockFinding(check: string, theirs: number, asked: number, answered: number): Finding {
  const ahead = theirs > answered ? theirs - answered : Math.min(0, theirs - asked);
  const off = Math.abs(ahead);
  if (off < SLACK_MS) return ok(check, 'it agrees with this machine');
  const what = `it is ${(off / 1000).toFixed(1)} s ${ahead > 0 ? 'ahead of' : 'behind'} this machine`;
  const todo = 'synchronise both clocks by NTP';
  return off < MUCH_MS ? warning(check, what, todo) : problem(check, what, todo);
}

/** The findings of one check. A check that throws becomes a finding, so that other checks still run. */
export async function looked(check: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [problem(check, messageOf(error), 'do what the message says')];
  }
}
