/** Queries of metrics. Every query covers one installation: that of the selected namespace. */

/** A metric with its labels: `of('records_total', 'job="notify"')`. */
export const of = (metric: string, ...labels: readonly string[]): string =>
  `tributary_${metric}{${['namespace="$namespace"', ...labels].join(',')}}`;

export const perSecond = (by: string, metric: string, ...labels: readonly string[]): string =>
  `sum by (${by}) (rate(${of(metric, ...labels)}[$__rate_interval]))`;

/** Two processes may briefly report the same partition. */
export const perPartition = (metric: string, ...labels: readonly string[]): string =>
  `max by (job, topic, partition) (${of(metric, ...labels)})`;

export const quantile = (q: number, by: string, metric: string, ...labels: readonly string[]): string => {
  const groups = by === '' ? 'le' : `${by}, le`;
  return `histogram_quantile(${q}, sum by (${groups}) (rate(${of(`${metric}_bucket`, ...labels)}[$__rate_interval])))`;
};

/** Node's own metrics, of our processes only. */
export const ofProcess = (expr: string): string => `${expr} and on (pod) ${of('build_info')}`;
export const process = (metric: string): string => `${metric}{namespace="$namespace"}`;
