/**
 * The number of replicas that KEDA and the HorizontalPodAutoscaler request, by their own rules: KEDA's Kafka scaler
 * (https://keda.sh/docs/latest/scalers/apache-kafka) passes the lag to an HPA with a target of type AverageValue
 * (https://kubernetes.io/docs/tasks/run-application/horizontal-pod-autoscale/#algorithm-details). Pure: time is an argument, in seconds.
 */

export interface Policy {
  readonly type: 'Pods' | 'Percent';
  readonly value: number;
  readonly periodSeconds: number;
}

/** The policy that allows the largest change applies, as by default. */
export interface Behavior {
  readonly stabilizationWindowSeconds: number;
  readonly policies: readonly Policy[];
}

export interface ScaledObject {
  /** Records per replica. */
  readonly lagThreshold: number;
  /** A second trigger, by Prometheus: the records a second that a replica should read. The trigger with the largest result applies. */
  readonly rateThreshold?: number;
  readonly minReplicas: number;
  readonly maxReplicas: number;
  /** Additional replicas would have nothing to read. */
  readonly partitions: number;
  /** `ensureEvenDistributionOfPartitions`: by lag, only numbers that divide the partitions evenly. */
  readonly isEven: boolean;
  /** How often KEDA reads the lag. With `useCachedMetrics`, the HPA uses the value of the last poll. */
  readonly pollingInterval: number;
  readonly scaleUp: Behavior;
  readonly scaleDown: Behavior;
}

/** Kubernetes' defaults for an object without `behavior`. */
export const DEFAULT_SCALE_UP: Behavior = {
  stabilizationWindowSeconds: 0,
  policies: [
    { type: 'Percent', value: 100, periodSeconds: 15 },
    { type: 'Pods', value: 4, periodSeconds: 15 },
  ],
};
export const DEFAULT_SCALE_DOWN: Behavior = {
  stabilizationWindowSeconds: 300,
  policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }],
};

/** The defaults of `--horizontal-pod-autoscaler-sync-period` and `-tolerance`. */
export const SYNC_SECONDS = 15;
const TOLERANCE = 0.1;

export interface Metrics {
  /** The number of unread records. */
  readonly lag: number;
  /** Records read a second. */
  readonly rate: number;
}

/** The number of replicas that the metrics alone ask for. */
export function desiredReplicas(of: ScaledObject, { lag, rate }: Metrics, current: number): number {
  const { lagThreshold, rateThreshold, minReplicas, maxReplicas } = of;
  const byLag = averageValue(shownLag(of, lag), lagThreshold, current);
  const byRate = rateThreshold === undefined ? 0 : averageValue(rate, rateThreshold, current);
  return Math.min(maxReplicas, Math.max(minReplicas, byLag, byRate));
}

/** Without `allowIdleConsumers`, KEDA reports at most the lag that keeps one replica for each partition busy. */
function shownLag({ lagThreshold, partitions, isEven }: ScaledObject, lag: number): number {
  const shown = Math.min(lag, partitions * lagThreshold);
  if (!isEven) return shown;
  let replicas = Math.max(1, Math.ceil(shown / lagThreshold));
  while (partitions % replicas !== 0) replicas += 1;
  return replicas * lagThreshold;
}

function averageValue(shown: number, target: number, current: number): number {
  return Math.abs(shown / (target * current) - 1) <= TOLERANCE ? current : Math.ceil(shown / target);
}

interface At {
  readonly at: number;
  readonly count: number;
}

export class Autoscaler {
  readonly #of: ScaledObject;
  #replicas: number;
  #polled: Metrics & { readonly at: number } = { at: Number.NEGATIVE_INFINITY, lag: 0, rate: 0 };
  #recommended: At[] = [];
  /** Replicas added, or removed if negative. */
  #changes: At[] = [];

  constructor(of: ScaledObject, replicas: number) {
    this.#of = of;
    this.#replicas = replicas;
  }

  get replicas(): number {
    return this.#replicas;
  }

  /** One turn of the HPA, to be called every `SYNC_SECONDS`. */
  sync(now: number, metrics: Metrics): number {
    const { pollingInterval, scaleUp, scaleDown } = this.#of;
    if (now - this.#polled.at >= pollingInterval) this.#polled = { ...metrics, at: now };
    const before = this.#replicas;
    this.#recommended.push({ at: now, count: desiredReplicas(this.#of, this.#polled, before) });
    const within = (seconds: number) =>
      this.#recommended.filter(({ at }) => now - at <= seconds).map(({ count }) => count);
    // To scale up, the smallest number in the window counts; to scale down, the largest.
    const lowest = Math.min(...within(scaleUp.stabilizationWindowSeconds));
    const highest = Math.max(...within(scaleDown.stabilizationWindowSeconds));
    const stable = before < lowest ? lowest : Math.min(before, highest);
    this.#replicas = stable > before ? Math.min(stable, this.#most(now)) : Math.max(stable, this.#least(now));
    if (this.#replicas !== before) this.#changes.push({ at: now, count: this.#replicas - before });
    this.#forget(now);
    return this.#replicas;
  }

  #most(now: number): number {
    const limits = this.#of.scaleUp.policies.map(({ type, value, periodSeconds }) => {
      const added = this.#changed(now, periodSeconds, (count) => count > 0);
      const began = this.#replicas - added;
      return type === 'Pods' ? began + value : Math.ceil(began * (1 + value / 100));
    });
    return Math.max(this.#replicas, ...limits);
  }

  #least(now: number): number {
    const limits = this.#of.scaleDown.policies.map(({ type, value, periodSeconds }) => {
      const removed = -this.#changed(now, periodSeconds, (count) => count < 0);
      const began = this.#replicas + removed;
      return type === 'Pods' ? began - value : Math.floor(began * (1 - value / 100));
    });
    return Math.min(this.#replicas, ...limits.map((limit) => Math.max(limit, this.#of.minReplicas)));
  }

  #changed(now: number, seconds: number, counts: (count: number) => boolean): number {
    return this.#changes
      .filter(({ at, count }) => now - at < seconds && counts(count))
      .reduce((sum, { count }) => sum + count, 0);
  }

  #forget(now: number): void {
    const { scaleUp, scaleDown } = this.#of;
    const periods = [...scaleUp.policies, ...scaleDown.policies].map(({ periodSeconds }) => periodSeconds);
    const windows = [scaleUp, scaleDown].map(({ stabilizationWindowSeconds }) => stabilizationWindowSeconds);
    const longest = Math.max(...periods, ...windows);
    this.#recommended = this.#recommended.filter(({ at }) => now - at <= longest);
    this.#changes = this.#changes.filter(({ at }) => now - at <= longest);
  }
}
