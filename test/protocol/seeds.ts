/** The seeds to run: `count` of them, as many as `SEEDS` says, or only the one in `SEED`. */
export function seedsOf(count: number): number[] {
  const { SEED, SEEDS } = process.env;
  return SEED === undefined ? [...Array(Number(SEEDS ?? count)).keys()] : [Number(SEED)];
}
