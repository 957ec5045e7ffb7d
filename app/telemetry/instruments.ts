/** Makes the metrics of a process, in one registry and with one prefix. */
import type { Counter, Gauge, Histogram, Registry } from 'prom-client';

export interface Instruments {
  readonly registry: Registry;
  counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L>;
  /** `collect` sets the values at each scrape. */
  gauge<L extends string>(name: string, help: string, labelNames: readonly L[], collect?: () => void): Gauge<L>;
  histogram<L extends string>(name: string, about: HistogramAbout<L>): Histogram<L>;
}

export interface HistogramAbout<L extends string> {
  readonly help: string;
  readonly labelNames: readonly L[];
  /** The upper bounds, in ascending order. */
  readonly buckets: readonly number[];
}

export async function instrumentsIn(registry: Registry): Promise<Instruments> {
  const { Counter, Gauge, Histogram } = await import('prom-client');
  const registers = [registry];
  return {
    registry,
    counter: (name, help, labelNames) =>
      new Counter({ name: `tributary_${name}_total`, help, labelNames: [...labelNames], registers }),
    gauge: (name, help, labelNames, collect) =>
      new Gauge({
        name: `tributary_${name}`,
        help,
        labelNames: [...labelNames],
        registers,
        ...(collect && { collect }),
      }),
    histogram: (name, { help, labelNames, buckets }) =>
      new Histogram({
        name: `tributary_${name}`,
        help,
        labelNames: [...labelNames],
        buckets: [...buckets],
        registers,
      }),
  };
}
