/** The dedupe positions of one partition: the last origin seen of each line. They are committed with the offset. */
import { type Line, lineOf, type Origin, parseLine } from './origin.ts';

type Position = readonly [offset: number, index: number];

export class DedupePositions {
  readonly #seen: Map<string, Position>;

  private constructor(seen: Map<string, Position>) {
    this.#seen = seen;
  }

  static none(): DedupePositions {
    return new DedupePositions(new Map());
  }

  /** Parses a text from `toString`, or one of version 1: a JSON list of lines and positions. */
  static parse(text: string): DedupePositions {
    return new DedupePositions(
      new Map(text.startsWith('[') ? (JSON.parse(text) as [string, Position][]) : decoded(text)),
    );
  }

  /** From lines with the last offset seen, and the index within it. */
  static of(positions: Iterable<readonly [line: string, offset: number, index: number]>): DedupePositions {
    return new DedupePositions(new Map([...positions].map(([line, offset, index]) => [line, [offset, index]])));
  }

  /** In the form that `of` takes. */
  *positions(): Generator<readonly [line: string, offset: number, index: number]> {
    for (const [line, [offset, index]] of this.#seen) yield [line, offset, index];
  }

  copy(): DedupePositions {
    return new DedupePositions(new Map(this.#seen));
  }

  get size(): number {
    return this.#seen.size;
  }

  lines(): Line[] {
    return [...this.#seen.keys()].map(parseLine);
  }

  /** Whether the origin is new; from now on it counts as seen. */
  pass({ line, offset, index }: Origin): boolean {
    const prefix = this.#knownLineOf(line);
    const seen = prefix === undefined ? undefined : this.#seen.get(prefix);
    if (seen !== undefined && compare([offset, index], seen) <= 0) return false;
    if (prefix !== undefined && prefix !== line) this.#seen.delete(prefix);
    this.#seen.set(line, [offset, index]);
    return true;
  }

  /** The line itself if it is known, or the same line without the topic's id, which earlier releases of the upstream job left out. */
  #knownLineOf(line: string): string | undefined {
    if (this.#seen.has(line)) return line;
    const plain = line.replace(/@\w+\//, '/');
    return this.#seen.has(plain) ? plain : undefined;
  }

  /** Keeps the later position of both for each line. */
  merge(others: DedupePositions): void {
    for (const [line, position] of others.#seen) {
      const seen = this.#seen.get(line);
      if (seen === undefined || compare(position, seen) > 0) this.#seen.set(line, position);
    }
  }

  /** Drops the lines of upstream jobs that are no longer known. */
  prune(isKnown: (line: Line) => boolean): void {
    for (const line of [...this.#seen.keys()]) if (!isKnown(parseLine(line))) this.#seen.delete(line);
  }

  /**
   * The text is empty if there are no positions. Otherwise each upstream job has `job/topic@id=` and its partitions in order. A partition
   * is `[partition:]difference[.index]` in base 36: its number unless it follows the one before, the difference to the offset before,
   * and the index unless it is 0. 300 partitions of one upstream job take some 2,000 characters.
   */
  toString(): string {
    const lines = [...this.#seen].map(([line, position]) => ({ ...parseLine(line), position }));
    const groups = Map.groupBy(lines, ({ upstream, topicId }) =>
      topicId === '' ? upstream : `${upstream}@${topicId}`,
    );
    return [...groups]
      .map(([name, group]) => `${name}=${encoded(group.sort((a, b) => a.partition - b.partition))}`)
      .join(' ');
  }
}

const compare = (a: Position, b: Position): number => a[0] - b[0] || a[1] - b[1];

function encoded(group: readonly { readonly partition: number; readonly position: Position }[]): string {
  let next = 0;
  let before = 0;
  return group
    .map(({ partition, position: [offset, index] }) => {
      const prefix = partition === next ? '' : `${partition.toString(36)}:`;
      const text = `${prefix}${(offset - before).toString(36)}${index === 0 ? '' : `.${index.toString(36)}`}`;
      next = partition + 1;
      before = offset;
      return text;
    })
    .join(',');
}

function* decoded(text: string): Iterable<[string, Position]> {
  for (const group of text === '' ? [] : text.split(' ')) {
    const [name, list] = group.split('=') as [string, string];
    const [upstream, topicId = ''] = name.split('@') as [string, string?];
    const [job, topic] = upstream.split('/') as [string, string];
    let next = 0;
    let before = 0;
    for (const each of list.split(',')) {
      const [prefix, position] = each.includes(':') ? (each.split(':') as [string, string]) : [undefined, each];
      const [difference, index = '0'] = position.split('.') as [string, string?];
      const partition = prefix === undefined ? next : Number.parseInt(prefix, 36);
      before += Number.parseInt(difference, 36);
      next = partition + 1;
      yield [lineOf(job, topic, topicId, partition), [before, Number.parseInt(index, 36)]];
    }
  }
}
