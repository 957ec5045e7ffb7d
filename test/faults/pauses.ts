/** How long partitions had no owner, from the claims in the logs of the workers. They run on one machine and so share a clock. */

export interface Ownership {
  /** In ms since 1970 UTC. */
  readonly at: number;
  /** A job and one of its partitions. */
  readonly assignment: string;
  readonly kind: 'claimed' | 'released' | 'fenced';
}

export interface Pause {
  readonly assignment: string;
  /** In ms since 1970 UTC. */
  readonly from: number;
  readonly ms: number;
}

/** Each time between the end of a partition's last owner and the next claim. If no claim follows, it is not counted. */
export function pausesIn(ownerships: readonly Ownership[]): Pause[] {
  const pauses: Pause[] = [];
  const owners = new Map<string, number>();
  const freeSince = new Map<string, number>();
  for (const { at, assignment, kind } of [...ownerships].sort((a, b) => a.at - b.at)) {
    const left = Math.max(0, (owners.get(assignment) ?? 0) + (kind === 'claimed' ? 1 : -1));
    owners.set(assignment, left);
    const from = freeSince.get(assignment);
    if (left === 0) freeSince.set(assignment, at);
    if (kind !== 'claimed' || from === undefined) continue;
    freeSince.delete(assignment);
    pauses.push({ assignment, from, ms: at - from });
  }
  return pauses;
}

/** The duration that this share of the pauses does not exceed. */
export function quantileOf(pauses: readonly Pause[], share: number): number {
  const sorted = pauses.map(({ ms }) => ms).sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
