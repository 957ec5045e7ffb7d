/**
 * Where a derived event comes from: the record that made a job say it, and the how-manieth thing it said about it. It
 * travels as the CloudEvents extension `origin`, and is the event's id too, since it is unique for ever.
 *
 * One job says what it derives from one partition in the order of (offset, index). So whoever reads keeps a *mark* per
 * job, topic and partition, the last position seen, and knows everything at or before it for a repeat.
 */
export interface Origin {
  /** The job, topic and partition: what a mark is kept for. */
  readonly line: string;
  readonly offset: number;
  readonly index: number;
}

/**
 * The pseudo-job of records that lay in a wrong partition and were sent on. Each job that reads the topic sends them on for itself.
 */
export const ROUTED = 'routed';

export const lineOf = (job: string, topic: string, partition: number): string => `${job}/${topic}/${partition}`;

/** The job and the topic of a line, without the partition. */
export const speakerOf = (line: string): string => line.slice(0, line.lastIndexOf('/'));

export const formatOrigin = (line: string, offset: number, index: number): string => `${line}/${offset}/${index}`;

/** Job and topic in the characters and at most the length that Kafka has for names: a mark is kept for each of them. */
const ORIGIN = /^([\w.-]{1,249}\/[\w.-]{1,249}\/\d{1,6})\/(\d{1,15})\/(\d{1,9})$/;

export function parseOrigin(text: string): Origin | undefined {
  const match = ORIGIN.exec(text);
  return match === null ? undefined : { line: match[1] as string, offset: Number(match[2]), index: Number(match[3]) };
}

/** The marks of one partition: the last position seen of each line. Kept with the committed offset. */
export class Marks {
  readonly #seen: Map<string, readonly [offset: number, index: number]>;

  private constructor(seen: Map<string, readonly [number, number]>) {
    this.#seen = seen;
  }

  static parse(text: string): Marks {
    return new Marks(new Map(text === '' ? [] : (JSON.parse(text) as [string, [number, number]][])));
  }

  copy(): Marks {
    return new Marks(new Map(this.#seen));
  }

  /** Whether the position is new; then it is seen from now on. */
  pass({ line, offset, index }: Origin): boolean {
    const seen = this.#seen.get(line);
    if (seen !== undefined && (offset < seen[0] || (offset === seen[0] && index <= seen[1]))) return false;
    this.#seen.set(line, [offset, index]);
    return true;
  }

  toString(): string {
    return this.#seen.size === 0 ? '' : JSON.stringify([...this.#seen]);
  }
}
