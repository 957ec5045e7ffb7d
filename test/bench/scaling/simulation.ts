/** Simulates workers of one job over a day, second by second, from a seed: what is produced, what they read, and how far they lag. */
import { expectedBy, type Schedule } from '../../../demo/load/shape.ts';
import { Random } from '../../../testing/random.ts';
import { Autoscaler, type ScaledObject, SYNC_SECONDS } from './autoscaler.ts';

export interface Scenario {
  readonly name: string;
  readonly seed: number;
  readonly hours: number;
  readonly schedule: Schedule;
  /** Multiplies the events in a part of the day. */
  readonly rush?: { readonly fromHour: number; readonly minutes: number; readonly times: number };
  readonly partitions: number;
  /** Events a second: the limit of a worker, and the limit of a partition, which one worker reads in order. */
  readonly workerRate: number;
  readonly partitionRate: number;
  /** From the decision until the new worker joins the group. */
  readonly startSeconds: number;
  /** How long a moving partition has no owner. */
  readonly pauseSeconds: number;
  /** A fixed number of workers, or the object that scales them. */
  readonly workers: number | ScaledObject;
}

export interface Minute {
  readonly hour: number;
  readonly produced: number;
  readonly workers: number;
  /** The longest wait of a record at any second of the minute, in the partition that is furthest behind. */
  readonly lagSeconds: number;
}

export interface Outcome {
  readonly minutes: readonly Minute[];
  readonly mostWorkers: number;
  readonly workerHours: number;
  readonly rebalances: number;
  /** The time without an owner, summed over all partitions. */
  readonly pausedSeconds: number;
  /** In seconds, over all seconds of the day. */
  readonly lag: { readonly median: number; readonly p99: number; readonly most: number };
}

export function simulate(scenario: Scenario): Outcome {
  const { hours, partitions, workers, startSeconds } = scenario;
  const group = new Group(scenario);
  const scaler = typeof workers === 'number' ? undefined : new Autoscaler(workers, workers.minReplicas);
  const first = scaler?.replicas ?? (workers as number);
  const ages: number[] = [];
  const minutes: Minute[] = [];
  /** Workers that were requested but do not read yet, as the second from which they will. */
  const starting: number[] = [];
  let [running, most, workerSeconds] = [first, first, 0];
  group.rebalance(running, 0);
  for (let second = 0; second < hours * 3600; second++) {
    if (scaler !== undefined && second % SYNC_SECONDS === 0) {
      const wanted = scaler.sync(second, { lag: group.lag, rate: group.recentRate });
      while (running + starting.length < wanted) starting.push(second + startSeconds);
      // The last ones to start are stopped first.
      while (running + starting.length > wanted) if (starting.pop() === undefined) running -= 1;
    }
    while ((starting[0] ?? Number.POSITIVE_INFINITY) <= second) {
      starting.shift();
      running += 1;
    }
    if (running !== group.workers) group.rebalance(running, second);
    group.pass(second);
    ages.push(group.age(second));
    workerSeconds += running + starting.length;
    most = Math.max(most, running + starting.length);
    if (second % 60 === 59) {
      const lagSeconds = Math.max(...ages.slice(-60));
      minutes.push({ hour: (second + 1) / 3600, produced: group.rate, workers: running + starting.length, lagSeconds });
    }
  }
  const sorted = ages.toSorted((a, b) => a - b);
  const quantile = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? 0;
  return {
    minutes,
    mostWorkers: Math.min(most, partitions),
    workerHours: workerSeconds / 3600,
    rebalances: group.rebalances,
    pausedSeconds: group.pausedSeconds,
    lag: { median: quantile(0.5), p99: quantile(0.99), most: quantile(1) },
  };
}

const RATE_SECONDS = 120;

interface Partition {
  /** This partition's share of all events. */
  readonly share: number;
  /** The total number of records at the end of each second. */
  readonly produced: Float64Array;
  owner: number;
  pausedUntil: number;
  read: number;
  lag: number;
  /** The second in which the first unread record was produced. */
  oldest: number;
}

/** The consumer group: who owns which partition, and what is still unread. */
class Group {
  readonly #scenario: Scenario;
  readonly #random: Random;
  readonly #partitions: Partition[];
  workers = 0;
  rebalances = -1;
  pausedSeconds = 0;
  /** The records produced in the last second. */
  rate = 0;
  /** The records read in each recent second. */
  readonly #read: number[] = [];

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#random = new Random(scenario.seed);
    const weights = Array.from({ length: scenario.partitions }, () => 0.8 + this.#random.next() * 0.4);
    const sum = weights.reduce((all, each) => all + each);
    const fresh = { owner: -1, pausedUntil: 0, read: 0, lag: 0, oldest: 0 };
    this.#partitions = weights.map((weight) => {
      return { ...fresh, share: weight / sum, produced: new Float64Array(scenario.hours * 3600) };
    });
  }

  /** Records read a second, averaged over two minutes, like `rate(…[2m])`. */
  get recentRate(): number {
    const recent = this.#read.slice(-RATE_SECONDS);
    return recent.reduce((sum, each) => sum + each, 0) / Math.max(1, recent.length);
  }

  get lag(): number {
    return this.#partitions.reduce((sum, { lag }) => sum + lag, 0);
  }

  /** How long the oldest unread record has waited, in seconds. */
  age(second: number): number {
    return Math.max(...this.#partitions.map(({ lag, oldest }) => (lag < 1 ? 0 : second + 1 - oldest)));
  }

  /** Rebalances like the cooperative protocol: a worker with too many partitions gives some up, and only those that move pause. */
  rebalance(workers: number, second: number): void {
    const { partitions, pauseSeconds } = this.#scenario;
    this.workers = workers;
    this.rebalances += 1;
    const counts = Array.from({ length: workers }, () => 0);
    const most = (worker: number): number => Math.floor(partitions / workers) + (worker < partitions % workers ? 1 : 0);
    const moving: Partition[] = [];
    for (const one of this.#partitions) {
      const count = counts[one.owner];
      if (count !== undefined && count < most(one.owner)) counts[one.owner] = count + 1;
      else moving.push(one);
    }
    for (const one of moving) {
      const isNew = one.owner < 0;
      one.owner = counts.findIndex((count, worker) => count < most(worker));
      counts[one.owner] = (counts[one.owner] ?? 0) + 1;
      if (!isNew) one.pausedUntil = second + pauseSeconds;
    }
  }

  /** Advances by one second. */
  pass(second: number): void {
    const { workerRate, partitionRate, schedule, rush } = this.#scenario;
    const due = expectedBy(schedule, (second + 1) * 1000) - expectedBy(schedule, second * 1000);
    const hour = second / 3600;
    const isRush = rush !== undefined && hour >= rush.fromHour && hour < rush.fromHour + rush.minutes / 60;
    this.rate = due * (isRush ? rush.times : 1) * (0.9 + this.#random.next() * 0.2);
    const owned = Array.from({ length: this.workers }, () => 0);
    for (const one of this.#partitions) {
      one.produced[second] = (one.produced[second - 1] ?? 0) + this.rate * one.share;
      one.lag += this.rate * one.share;
      if (one.pausedUntil > second) this.pausedSeconds += 1;
      else owned[one.owner] = (owned[one.owner] ?? 0) + one.lag;
    }
    let sum = 0;
    for (const one of this.#partitions) {
      if (one.pausedUntil > second) continue;
      // A worker reads more from the partitions that have more.
      const part = Math.min(1, workerRate / Math.max(1, owned[one.owner] ?? 0));
      const read = Math.min(one.lag * part, partitionRate);
      one.lag -= read;
      one.read += read;
      sum += read;
      while (one.oldest < second && (one.produced[one.oldest] ?? 0) <= one.read) one.oldest += 1;
    }
    this.#read.push(sum);
    if (this.#read.length > RATE_SECONDS) this.#read.shift();
  }
}
