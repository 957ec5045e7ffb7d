/** The seeds to be tried: the given number, or that in `SEEDS`, or the one in `SEED`. */
export function seedsOf(count: number): number[] {
  const { SEED, SEEDS } = process.env;
  return SEED === undefined ? [...Array(Number(SEEDS ?? count)).keys()] : [Number(SEED)];
}
