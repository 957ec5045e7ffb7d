/** How metrics are asked for. Every query is about one installation: that of the namespace that is chosen. */

/** A metric with its labels: `of('records_total', 'job="notify"')`. */
export const of = (metric: string, ...labels: readonly string[]): string =>
  `tributary_${metric}{${['namespace="$namespace"', ...labels].join(',')}}`;

export const perSecond = (by: string, metric: string, ...labels: readonly string[]): string =>
  `sum by (${by}) (rate(${of(metric, ...labels)}[$__rate_interval]))`;

/** Partitions may be reported by two processes for a moment. */
export const perPartition = (metric: string, ...labels: readonly string[]): string =>
  `max by (job, topic, partition) (${of(metric, ...labels)})`;

export const quantile = (q: number, by: string, metric: string, ...labels: readonly string[]): string => {
  const groups = by === '' ? 'le' : `${by}, le`;
  return `histogram_quantile(${q}, sum by (${groups}) (rate(${of(`${metric}_bucket`, ...labels)}[$__rate_interval])))`;
};

/** What Node says of itself, of our processes alone. */
export const ofProcess = (expr: string): string => `${expr} and on (pod) ${of('build_info')}`;
export const process = (metric: string): string => `${metric}{namespace="$namespace"}`;
