/** The seeds to be tried: so many as given, or as `SEEDS` says, or the one in `SEED`. */
export function seedsOf(count: number): number[] {
  const { SEED, SEEDS } = process.env;
  return SEED === undefined ? [...Array(Number(SEEDS ?? count)).keys()] : [Number(SEED)];
}
