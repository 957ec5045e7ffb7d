/**
 * The largest record that each topic of a job's output takes. Topics that Tributary made take the declared size (`topics/log/limits.ts`). A
 * topic that another tool made may take less. The owner learns that when a commit is refused, and remembers it as long as it lives.
 */
import { messageOf, TributaryError } from '../../core/errors.ts';
import { LARGEST_RECORD, largestSize, RecordTooLarge } from '../../topics/log/limits.ts';
import type { Claim, NewRecord } from '../../topics/log/transport.ts';

/** The largest record that a topic takes, in bytes. */
export type Limit = (topic: string) => number;

/**
 * The limits, in bytes, to try one after the other when a topic refuses a record for its size. Kafka's default is 1 MiB. The last one is
 * enough for a dead letter that has only headers.
 */
const STEPS = [1_000_000, 100_000, 10_000, 2000];

/** A commit was refused for the size of a record. The next claim uses a smaller limit, without waiting. */
export class LimitLearned extends TributaryError {
  constructor(topic: string, limit: number, cause: unknown) {
    super(
      'LOG_AWAY',
      `${topic} refused a record for its size, so records of more than ${limit} bytes are not sent to it from now on; raise its max.message.bytes: ${messageOf(cause)}`,
      { cause },
    );
  }
}

export class Limits {
  readonly #learned = new Map<string, number>();

  readonly of: Limit = (topic) => this.#learned.get(topic) ?? LARGEST_RECORD;

  /** Commits. If a topic refuses a record for its size, lowers its limit by one step and throws `LimitLearned`. */
  async commit(claim: Claim, transaction: Parameters<Claim['commit']>[0]): Promise<void> {
    try {
      await claim.commit(transaction);
    } catch (error) {
      if (!(error instanceof TributaryError) || error.code !== 'RECORD_TOO_LARGE') throw error;
      throw this.#refused(transaction.records, error);
    }
  }

  /** If the log does not name the topic, assumes the one with the largest record. The next refusal corrects a wrong guess. */
  #refused(records: readonly NewRecord[], cause: TributaryError): TributaryError {
    let [topic, size] = ['', 0];
    for (const record of records) {
      if (cause instanceof RecordTooLarge && record.topic !== cause.topic) continue;
      const its = largestSize(record);
      if (its > size) [topic, size] = [record.topic, its];
    }
    // The limit only ever goes down, so this ends.
    const limit = STEPS.find((step) => step < Math.min(size, this.of(topic)));
    if (limit !== undefined) {
      this.#learned.set(topic, limit);
      return new LimitLearned(topic, limit, cause);
    }
    const message = `${topic} does not take a record of ${size} bytes, and it cannot be made smaller; raise its max.message.bytes`;
    return new TributaryError('LOG_AWAY', `${message}: ${messageOf(cause)}`, { cause });
  }
}
