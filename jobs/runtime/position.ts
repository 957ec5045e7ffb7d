/**
 * The positions a row has applied: the last offset of each partition its records came from. There is one partition nearly
 * always, and another after a topic was expanded and the key moved.
 */
export type At = readonly (readonly [partition: number, offset: number])[];

export const NOWHERE: At = [];

export function parseAt(text: string): At {
  return text === '' ? NOWHERE : text.split(',').map((each) => each.split(':').map(Number) as [number, number]);
}

export function formatAt(at: At): string {
  return at.map(([partition, offset]) => `${partition}:${offset}`).join(',');
}

export function isApplied(at: At, partition: number, offset: number): boolean {
  return at.some((each) => each[0] === partition && each[1] >= offset);
}

export function advanced(at: At, partition: number, offset: number): At {
  if (at.length === 0 || (at.length === 1 && at[0]?.[0] === partition)) return [[partition, offset]];
  return [...at.filter((each) => each[0] !== partition), [partition, offset]];
}

/** The last offset applied of one partition; -1 if none. */
export function lastApplied(at: At, partition: number): number {
  return at.find((each) => each[0] === partition)?.[1] ?? -1;
}
