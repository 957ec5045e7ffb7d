/**
 * How large a record may be for each topic that a job writes to. Ours take what is declared (`topics/log/limits.ts`); one that somebody
 * else made may take less, and says so only when a commit is refused. What was learned so holds for as long as the worker lives.
 */
import { messageOf, TributaryError } from '../../core/errors.ts';
import { LARGEST_RECORD, largestSize, RecordTooLarge } from '../../topics/log/limits.ts';
import type { Claim, NewRecord } from '../../topics/log/transport.ts';

/** The largest record that a topic takes, in bytes. */
export type Limit = (topic: string) => number;

/**
 * What is tried one after the other when a topic refuses a record for its size. Kafka takes 1 MiB where nobody says otherwise. The
 * last is a dead letter of headers alone.
 */
const STEPS = [1_000_000, 100_000, 10_000, 2000];

/** A commit was refused for the size of a record, and less will be tried: from a new claim, and without waiting. */
export class LimitLearned extends TributaryError {
  constructor(topic: string, limit: number, cause: unknown) {
    super(
      'LOG_AWAY',
      `${topic} refused a record for its size, and gets none of more than ${limit} bytes from now on; raise its max.message.bytes: ${messageOf(cause)}`,
      { cause },
    );
  }
}

export class Limits {
  readonly #learned = new Map<string, number>();

  readonly of: Limit = (topic) => this.#learned.get(topic) ?? LARGEST_RECORD;

  /** Commits. A record that its topic refuses for its size ends nothing: the limit of the topic goes down a step. */
  async commit(claim: Claim, transaction: Parameters<Claim['commit']>[0]): Promise<void> {
    try {
      await claim.commit(transaction);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'RECORD_TOO_LARGE') throw error;
      throw this.#refused(transaction.records, error);
    }
  }

  /** Of a log that does not say which topic it was, the largest record is the likeliest, and the next refusal tells. */
  #refused(records: readonly NewRecord[], cause: TributaryError): TributaryError {
    let [topic, size] = ['', 0];
    for (const record of records) {
      if (cause instanceof RecordTooLarge && record.topic !== cause.topic) continue;
      const its = largestSize(record);
      if (its > size) [topic, size] = [record.topic, its];
    }
    // Always further down: whatever is refused, it comes to an end.
    const limit = STEPS.find((step) => step < Math.min(size, this.of(topic)));
    if (limit !== undefined) {
      this.#learned.set(topic, limit);
      return new LimitLearned(topic, limit, cause);
    }
    const message = `${topic} takes no record of ${size} bytes, and none can be smaller; raise its max.message.bytes`;
    return new TributaryError('LOG_AWAY', `${message}: ${messageOf(cause)}`, { cause });
  }
}
