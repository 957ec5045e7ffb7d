/** The number of calls a second, and their durations. */
export interface Measured {
  readonly perSecond: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** A tenth of the calls are made before the clock starts. */
export async function measured(
  call: () => Promise<void>,
  { times, atOnce }: { readonly times: number; readonly atOnce: number },
): Promise<Measured> {
  await repeated(call, Math.ceil(times / 10), atOnce);
  const began = performance.now();
  const took = await repeated(call, times, atOnce);
  const seconds = (performance.now() - began) / 1000;
  took.sort((a, b) => a - b);
  const at = (share: number): number => took[Math.min(took.length - 1, Math.floor(share * took.length))] ?? 0;
  return { perSecond: times / seconds, medianMs: at(0.5), p99Ms: at(0.99) };
}

async function repeated(call: () => Promise<void>, times: number, atOnce: number): Promise<number[]> {
  const took: number[] = [];
  let left = times;
  const caller = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const began = performance.now();
      await call();
      took.push(performance.now() - began);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, caller));
  return took;
}
