/**
 * A map field of a row, such as the contents of a course or the members of a group.
 *
 * It is an immutable map: `set` and `delete` return another `Entries` and leave this one unchanged, in constant time however many
 * entries there are. All versions of one history share a journal, and each version reads the journal up to its own number. Writing to
 * a version that is not the newest forks the history.
 *
 * The runtime calls `changes()` for the keys that differ from the store, and `settled()` after a write. So the cost of an event does
 * not grow with the size of its row.
 */
type Write<V> = readonly [version: number, value: V | undefined];

/** Shared by all maps that are still empty, because a process keeps many thousands of them. Never written to. */
// biome-ignore lint/suspicious/noExplicitAny: an empty map holds values of every type
const NONE: Map<string, any> = new Map();

class History<V> {
  /** The entries that the store holds. */
  base: Map<string, V>;
  /** The later writes of each key, oldest first; `undefined` is a deletion. */
  writes: Map<string, Write<V>[]>;
  /** The history from which all forks began, or this one: forks share its store contents. */
  readonly root: History<V>;
  newest = 0;

  constructor(base: Map<string, V>, writes: Map<string, Write<V>[]>, root?: History<V>) {
    this.base = base;
    this.writes = writes;
    this.root = root ?? this;
  }
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
    return new Entries<V>(new History<V>(NONE, NONE), 0, 0);
  }

  /** Entries that were read from a store: none of them counts as changed. */
  static stored<V>(entries: Iterable<readonly [string, V]>): Entries<V> {
    return Entries.held(new Map(entries));
  }

  /** The same without a copy: the caller must not use the map any more. */
  static held<V>(base: Map<string, V>): Entries<V> {
    return new Entries<V>(new History<V>(base.size === 0 ? NONE : base, NONE), 0, base.size);
  }

  /** Entries that no store holds yet: all of them count as changed. */
  static of<V>(entries: Iterable<readonly [string, V]>): Entries<V> {
    let result = Entries.empty<V>();
    for (const [key, value] of entries) result = result.set(key, value);
    return result;
  }

  get(key: string): V | undefined {
    const { base, writes } = this.#history;
    const written = writes.size === 0 ? undefined : writes.get(key);
    if (written !== undefined) {
      for (let i = written.length - 1; i >= 0; i--) {
        const [version, value] = written[i] as Write<V>;
        if (version <= this.#version) return value;
      }
    }
    return base.get(key);
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
    if (history.writes === NONE) history.writes = new Map();
    const written = history.writes.get(key);
    if (written === undefined) history.writes.set(key, [[history.newest, value]]);
    else written.push([history.newest, value]);
    return new Entries<V>(history, history.newest, size);
  }

  /** A new history with the entries of this version and the same store contents. */
  #fork(): History<V> {
    const { base, writes } = this.#history;
    const fork = new History<V>(new Map(base), new Map(), this.#history.root);
    for (const key of writes.keys()) fork.writes.set(key, [[0, this.get(key)]]);
    fork.newest = this.#version;
    return fork;
  }

  /** In the order in which keys were first set. Lists instead of generators, because rows are walked for every event. */
  [Symbol.iterator](): Iterator<[string, V]> {
    const { base, writes } = this.#history;
    if (writes.size === 0) return base.entries();
    const pairs: [string, V][] = [];
    this.forEach((value, key) => void pairs.push([key, value]));
    return pairs.values();
  }

  keys(): Iterable<string> {
    const { base, writes } = this.#history;
    if (writes.size === 0) return base.keys();
    const keys: string[] = [];
    this.forEach((_, key) => void keys.push(key));
    return keys;
  }

  values(): Iterable<V> {
    const { base, writes } = this.#history;
    if (writes.size === 0) return base.values();
    const values: V[] = [];
    this.forEach((value) => void values.push(value));
    return values;
  }

  some(test: (value: V) => boolean): boolean {
    let found = false;
    this.forEach((value) => {
      found ||= test(value);
    });
    return found;
  }

  /** In the same order, without a list of pairs: for work that is done for every event. `visit` may make new versions. */
  forEach(visit: (value: V, key: string) => void): void {
    const { base, writes } = this.#history;
    if (writes.size === 0) {
      base.forEach(visit);
      return;
    }
    base.forEach((_, key) => {
      const value = this.get(key);
      if (value !== undefined) visit(value, key);
    });
    writes.forEach((_, key) => {
      const value = base.has(key) ? undefined : this.get(key);
      if (value !== undefined) visit(value, key);
    });
  }

  /** One object for all versions of one history, by which callers can cache what they derive from the entries. */
  get identity(): object {
    return this.#history.root;
  }

  /** Whether both are versions of one map. Only then is `changes()` what a store that holds `other` lacks. */
  isVersionOf(other: Entries<V>): boolean {
    return this.#history.root === other.#history.root;
  }

  /** The entries that differ from the store, with the values of this version; `undefined` is a deletion. */
  changes(): ReadonlyMap<string, V | undefined> {
    const { base, writes } = this.#history;
    if (writes.size === 0) return NONE;
    const changes = new Map<string, V | undefined>();
    writes.forEach((_, key) => {
      const value = this.get(key);
      if (value !== base.get(key)) changes.set(key, value);
    });
    return changes;
  }

  /** The same entries, none of them changed: to call once the store holds this version. Older versions must not be used afterwards. */
  settled(): Entries<V> {
    const { base, writes, newest } = this.#history;
    if (writes.size === 0) return this;
    if (newest !== this.#version) return Entries.stored(this);
    const settled = base === NONE ? new Map<string, V>() : base;
    writes.forEach((_, key) => {
      const value = this.get(key);
      if (value === undefined) settled.delete(key);
      else settled.set(key, value);
    });
    this.#history.base = settled;
    this.#history.writes = NONE;
    this.#history.newest = 0;
    return new Entries<V>(this.#history, 0, this.size);
  }

  /** A plain object for people and tests, with keys in the order in which they were first set. */
  toJSON(): Record<string, V> {
    return Object.fromEntries(this);
  }
}
