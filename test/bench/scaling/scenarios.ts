/** The days in docs/capacity.md. The figures of a worker are measured; see that page. */
import { DEFAULT_SCALE_DOWN, DEFAULT_SCALE_UP, type ScaledObject } from './autoscaler.ts';
import type { Scenario } from './simulation.ts';

const PARTITIONS = 24;
const WORKER_RATE = 2000;
const CATCH_UP_SECONDS = 60;
/** How busy a worker should be. The rest is for catching up. */
const USED_SHARE = 0.75;

const DAY: Omit<Scenario, 'name' | 'workers'> = {
  seed: 1,
  hours: 24,
  schedule: { shape: 'daily', rate: 6000, dayMs: 24 * 3_600_000 },
  partitions: PARTITIONS,
  workerRate: WORKER_RATE,
  partitionRate: 1500,
  startSeconds: 20,
  pauseSeconds: 2,
};

const BY_LAG: ScaledObject = {
  lagThreshold: WORKER_RATE * CATCH_UP_SECONDS,
  minReplicas: 2,
  maxReplicas: PARTITIONS,
  partitions: PARTITIONS,
  isEven: true,
  pollingInterval: 15,
  scaleUp: { stabilizationWindowSeconds: 30, policies: [{ type: 'Percent', value: 100, periodSeconds: 60 }] },
  scaleDown: { stabilizationWindowSeconds: 600, policies: [{ type: 'Pods', value: 1, periodSeconds: 120 }] },
};

const BY_LAG_AND_RATE: ScaledObject = { ...BY_LAG, rateThreshold: WORKER_RATE * USED_SHARE };

const BY_DEFAULT: ScaledObject = {
  ...BY_LAG,
  lagThreshold: 10,
  isEven: false,
  pollingInterval: 30,
  scaleUp: DEFAULT_SCALE_UP,
  scaleDown: DEFAULT_SCALE_DOWN,
};

const RUSH = { fromHour: 9, minutes: 20, times: 3 };

export const SCENARIOS: readonly Scenario[] = [
  { ...DAY, name: 'always 6 workers', workers: 6 },
  { ...DAY, name: 'by lag and rate', workers: BY_LAG_AND_RATE },
  { ...DAY, name: 'by lag', workers: BY_LAG },
  { ...DAY, name: 'by lag, all defaults', workers: BY_DEFAULT },
  { ...DAY, name: 'always 6 workers; a rush', workers: 6, rush: RUSH },
  { ...DAY, name: 'by lag and rate; a rush', workers: BY_LAG_AND_RATE, rush: RUSH },
  { ...DAY, name: 'by lag; a rush', workers: BY_LAG, rush: RUSH },
];
