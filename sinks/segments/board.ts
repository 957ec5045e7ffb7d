/** A folder with hard links to cached segments, which several pins may share. */
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** After this time new links are made, which shows that the segments are in use: folders that are idle for an hour may be swept. */
const KEPT_MS = 10 * 60_000;

interface Linked {
  readonly name: string;
  readonly bytes: number;
  readonly folder: string;
}

interface BoardOptions<S extends Linked> {
  readonly keepBytes: number;
  readonly now: () => number;
  /** Links the segment to the path. */
  readonly linked: (segment: S, path: string) => Promise<void>;
}

export class Board<S extends Linked> {
  /** The number of pins that use it. */
  users = 0;
  readonly #folder: string;
  readonly #options: BoardOptions<S>;
  readonly #begunAt: number;
  readonly #links = new Map<string, Promise<string>>();
  readonly #folders = new Map<string, Promise<unknown>>();
  #bytes = 0;
  #made = 0;

  constructor(folder: string, options: BoardOptions<S>) {
    this.#folder = folder;
    this.#options = options;
    this.#begunAt = options.now();
  }

  /** Whether further pins may use its links. */
  get isKept(): boolean {
    return this.#bytes <= this.#options.keepBytes && this.#options.now() - this.#begunAt < KEPT_MS;
  }

  pathOf(segment: S): Promise<string> {
    const known = this.#links.get(segment.name);
    if (known !== undefined) return known;
    const link = this.#link(segment);
    this.#links.set(segment.name, link);
    link.catch(() => this.#links.delete(segment.name));
    return link;
  }

  async #link(segment: S): Promise<string> {
    this.#bytes += segment.bytes;
    // The names of segments are unique only within a table.
    this.#made += 1;
    const file = `${this.#made}.parquet`;
    const folder = join(this.#folder, segment.folder);
    let made = this.#folders.get(folder);
    if (made === undefined) {
      made = mkdir(folder, { recursive: true });
      this.#folders.set(folder, made);
    }
    await made;
    const path = join(folder, file);
    await this.#options.linked(segment, path);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}
