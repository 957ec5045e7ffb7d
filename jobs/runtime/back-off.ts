/** How long to wait, in ms, after a number of failures in a row: doubled each time up to the longest, and spread by jitter. */
export function backOff(failures: number, [first, longest]: readonly [number, number], random: () => number): number {
  const ceiling = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
