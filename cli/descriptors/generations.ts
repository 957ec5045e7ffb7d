/** Shared by the commands that make another generation beside the current one, and make it current. */
import { usage } from '../errors.ts';

interface Flags {
  readonly status: boolean;
  readonly compare: boolean;
  readonly swap: boolean;
  readonly back: boolean;
  /** The generation to delete. */
  readonly drop: number | null;
}

type What = 'make' | 'status' | 'compare' | 'swap' | 'back' | 'drop';

/** Throws USAGE for flags that do not go together. */
export function whatOf({ status, compare, swap, back, drop }: Flags): What {
  const named: What[] = [];
  if (status) named.push('status');
  if (compare) named.push('compare');
  if (swap) named.push('swap');
  if (back) named.push('back');
  if (drop !== null) named.push('drop');
  if (named.length > 1) throw usage('give one of --status, --compare, --swap, --back and --drop');
  return named[0] ?? 'make';
}

/** Throws USAGE if `--yes` is given for an action that does not ask. */
export function checkYes(what: What, yes: boolean): void {
  if (yes && !['swap', 'back', 'drop'].includes(what)) throw usage('--yes goes with --swap, --back or --drop');
}
