/**
 * The dead letters of the current batch, by partition. They are logged with the batch, as counts by code. The reason is in the dead letter
 * itself and is not logged, because it may quote the record, and so a person's data.
 */
import type { PartitionEvent } from '../../jobs/runtime/telemetry.ts';

type DeadLetter = Extract<PartitionEvent, { kind: 'dead-letter' }>;
type Where = Pick<PartitionEvent, 'job' | 'topic' | 'partition'>;

export interface BatchLetters {
  /** By code. */
  readonly deadLetters: Readonly<Record<string, number>>;
  /** The offset of the first dead letter. */
  readonly firstDeadLetter: number;
}

export class LettersAtHand {
  readonly #letters = new Map<string, { deadLetters: Record<string, number>; firstDeadLetter: number }>();

  add(letter: DeadLetter): void {
    const { offset, code } = letter;
    const known = this.#letters.get(keyOf(letter)) ?? { deadLetters: {}, firstDeadLetter: offset };
    known.deadLetters[code] = (known.deadLetters[code] ?? 0) + 1;
    known.firstDeadLetter = Math.min(known.firstDeadLetter, offset);
    this.#letters.set(keyOf(letter), known);
  }

  /** Undefined if there are none. */
  take(where: Where): BatchLetters | undefined {
    const letters = this.#letters.get(keyOf(where));
    this.#letters.delete(keyOf(where));
    return letters;
  }
}

export function lettersText({ deadLetters, firstDeadLetter }: BatchLetters): string {
  const counts = Object.entries(deadLetters).map(([code, count]) => `${count} ${code}`);
  return `dead letters: ${counts.join(', ')}; the first is at offset ${firstDeadLetter}: \`tributary dead-letters list\` shows why`;
}

const keyOf = ({ job, topic, partition }: Where): string => `${job} ${topic} ${partition}`;
