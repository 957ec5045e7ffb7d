/** The pause in ms after a number of failures in a row. It doubles with each failure up to the longest, with jitter. */
export function backOff(failures: number, [first, longest]: readonly [number, number], random: () => number): number {
  const ceiling = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return Math.round(ceiling / 2 + (random() * ceiling) / 2);
}
