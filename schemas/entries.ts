/**
 * A map field of a row: the contents of a course, the members of a group.
 *
 * It reads as an immutable map: `set` and `delete` answer another `Entries` and leave this one as it was, in
 * constant time, however many entries there are. All versions of one history share a journal; each version
 * knows how much of it is its own. Writing to a version that is not the newest starts a history of its own.
 *
 * The runtime asks `changes()` which keys differ from what the store holds, and calls `settled()` after a
 * write, so that the cost of an event does not grow with the size of its row.
 */
interface Slot<V> {
  /** [version, value] pairs, oldest first; `undefined` is a deletion. */
  readonly writes: [version: number, value: V | undefined][];
}

class History<V> {
  readonly slots = new Map<string, Slot<V>>();
  readonly dirty = new Set<string>();
  newest = 0;
}

export class Entries<V> implements Iterable<[string, V]> {
  readonly #history: History<V>;
  readonly #version: number;
  readonly size: number;

  private constructor(history: History<V>, version: number, size: number) {
    this.#history = history;
    this.#version = version;
    this.size = size;
  }

  static empty<V>(): Entries<V> {
    return new Entries<V>(new History<V>(), 0, 0);
  }

  /** Entries as a store holds them: none of them counts as changed. */
  static stored<V>(entries: Iterable<readonly [string, V]>): Entries<V> {
    const history = new History<V>();
    for (const [key, value] of entries) history.slots.set(key, { writes: [[0, value]] });
    return new Entries<V>(history, 0, history.slots.size);
  }

  /** Entries that no store holds yet: all of them count as changed. */
  static of<V>(entries: Iterable<readonly [string, V]>): Entries<V> {
    let result = Entries.empty<V>();
    for (const [key, value] of entries) result = result.set(key, value);
    return result;
  }

  get(key: string): V | undefined {
    const slot = this.#history.slots.get(key);
    if (slot === undefined) return undefined;
    for (let i = slot.writes.length - 1; i >= 0; i--) {
      const write = slot.writes[i] as [number, V | undefined];
      if (write[0] <= this.#version) return write[1];
    }
    return undefined;
  }

  has(key: string): boolean {
    return this.get(key) !== undefined;
  }

  set(key: string, value: V): Entries<V> {
    const before = this.get(key);
    if (before === value) return this;
    return this.#write(key, value, before === undefined ? this.size + 1 : this.size);
  }

  delete(key: string): Entries<V> {
    return this.has(key) ? this.#write(key, undefined, this.size - 1) : this;
  }

  #write(key: string, value: V | undefined, size: number): Entries<V> {
    const history = this.#history.newest === this.#version ? this.#history : this.#fork();
    history.newest += 1;
    history.dirty.add(key);
    const slot = history.slots.get(key);
    if (slot === undefined) history.slots.set(key, { writes: [[history.newest, value]] });
    else slot.writes.push([history.newest, value]);
    return new Entries<V>(history, history.newest, size);
  }

  /** A history of its own, with what this version sees and the same idea of what the store holds. */
  #fork(): History<V> {
    const fork = new History<V>();
    fork.newest = this.#version;
    for (const [key, value] of this) fork.slots.set(key, { writes: [[0, value]] });
    for (const key of this.#history.dirty) fork.dirty.add(key);
    return fork;
  }

  *[Symbol.iterator](): Iterator<[string, V]> {
    for (const key of this.#history.slots.keys()) {
      const value = this.get(key);
      if (value !== undefined) yield [key, value];
    }
  }

  *keys(): Iterable<string> {
    for (const [key] of this) yield key;
  }

  *values(): Iterable<V> {
    for (const [, value] of this) yield value;
  }

  /** Keys written since the last `settled()`, with the value this version sees; `undefined` is a deletion. */
  changes(): Map<string, V | undefined> {
    const changes = new Map<string, V | undefined>();
    for (const key of this.#history.dirty) changes.set(key, this.get(key));
    return changes;
  }

  /** The same entries, none of them changed: called when a store holds this version. Older versions end here. */
  settled(): Entries<V> {
    const history = this.#history;
    if (history.dirty.size === 0) return this;
    if (history.newest !== this.#version) return Entries.stored(this);
    for (const key of history.dirty) {
      const value = this.get(key);
      if (value === undefined) history.slots.delete(key);
      else history.slots.set(key, { writes: [[0, value]] });
    }
    history.dirty.clear();
    history.newest = 0;
    return new Entries<V>(history, 0, this.size);
  }

  /** A plain object for people and tests; keys in the order of their first entry. */
  toJSON(): Record<string, V> {
    return Object.fromEntries(this);
  }
}
