/**
 * The lag of all jobs, and their rates. The log is read on demand, with one look for all concurrent callers, and at most once in two
 * seconds.
 */
import type { Clock } from '../../jobs/runtime/stores.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import type { GroupLag, Transport } from '../../topics/log/transport.ts';
import { type JobLag, type Lagging, lagsOf } from './job-lags.ts';

export interface Pace {
  readonly lag: number;
  /** How long the first unread record has waited, in ms; null if there is none, or its time is unknown. */
  readonly lagMs: number | null;
  /** Records per second since the previous look; null for the first look, after a long pause, or if the group went back. */
  readonly rate: number | null;
}

export interface PartitionPace extends Pace {
  readonly partition: number;
  readonly begin: number;
  readonly end: number;
  readonly committed: number | null;
}

export interface JobPace extends Pace, Omit<JobLag, 'lag' | 'partitions'> {
  readonly partitions: readonly PartitionPace[];
}

export interface Look {
  /** In ms since 1970 UTC. */
  readonly at: number;
  readonly jobs: readonly JobPace[];
}

interface Before {
  /** By the monotonic clock. */
  readonly at: number;
  /** The offsets, by job and partition. */
  readonly offsets: ReadonlyMap<string, number>;
}

interface Watched extends Lagging {
  readonly works: readonly Work[];
  readonly clock: Pick<Clock, 'now' | 'elapsed'>;
}

const LOOK_MS = 2_000;
/** A rate over a longer time would not describe the present. */
const LONGEST_MS = 60_000;

export class JobWatch {
  readonly #watched: Watched;
  #latest: Promise<Look> | undefined;
  #latestAt = Number.NEGATIVE_INFINITY;
  #before: Before | undefined;

  constructor(watched: Watched) {
    this.#watched = watched;
  }

  /** Throws the errors of the log. */
  current(): Promise<Look> {
    const { clock } = this.#watched;
    if (this.#latest !== undefined && clock.elapsed() - this.#latestAt < LOOK_MS) return this.#latest;
    this.#latestAt = clock.elapsed();
    const look = this.#look();
    this.#latest = look;
    look.catch(() => {
      // The next caller tries again.
      if (this.#latest === look) this.#latest = undefined;
    });
    return look;
  }

  async #look(): Promise<Look> {
    const { works, clock } = this.#watched;
    const lags = await lagsOf(
      this.#watched,
      works.map(({ name }) => name),
    );
    const [at, elapsed] = [clock.now(), clock.elapsed()];
    const before = this.#before;
    const seconds = before !== undefined && elapsed - before.at <= LONGEST_MS ? (elapsed - before.at) / 1000 : 0;
    const rateOf = (name: string, offset: number): number | null => {
      const from = before?.offsets.get(name);
      return from === undefined || seconds <= 0 || offset < from ? null : (offset - from) / seconds;
    };
    const offsets = new Map<string, number>();
    const jobs = await Promise.all(
      lags.map(async (lag): Promise<JobPace> => {
        const partitions = await Promise.all(
          lag.partitions.map(async (one): Promise<PartitionPace> => {
            const { partition, begin, end, committed = null } = one;
            const name = `${lag.job}/${partition}`;
            const next = Math.max(committed ?? 0, begin);
            offsets.set(name, next);
            const lagMs = await waited(this.#watched.stores.transport, lag.topic, one, at);
            return { partition, begin, end, committed, lag: one.lag, lagMs, rate: rateOf(name, next) };
          }),
        );
        return { ...lag, ...together(partitions), partitions };
      }),
    );
    this.#before = { at: elapsed, offsets };
    return { at, jobs };
  }
}

async function waited(
  transport: Pick<Transport, 'read'>,
  topic: string,
  { partition, committed, begin, lag }: GroupLag,
  now: number,
): Promise<number | null> {
  if (lag === 0) return null;
  const [first] = await transport.read(topic, partition, Math.max(committed ?? 0, begin), 1);
  return first === undefined || first.timestamp < 0 ? null : Math.max(0, now - first.timestamp);
}

function together(partitions: readonly PartitionPace[]): Pace {
  const known = <K extends 'lagMs' | 'rate'>(key: K): number[] =>
    partitions.flatMap((each) => (each[key] === null ? [] : [each[key] as number]));
  const [waits, rates] = [known('lagMs'), known('rate')];
  return {
    lag: partitions.reduce((sum, { lag }) => sum + lag, 0),
    lagMs: waits.length === 0 ? null : Math.max(...waits),
    rate: rates.length === 0 ? null : rates.reduce((sum, rate) => sum + rate, 0),
  };
}
