/** Two hash tables of integers in typed arrays: their size is known, and no entry is an object. */

const FIRST_CAPACITY = 64;
const FREE = 0;

/** Doubles the capacity, or from 65,536 on grows it by half, so that one event does not double the memory of a large fold. */
export const grownTo = (capacity: number): number => Math.ceil(capacity * (capacity < 65_536 ? 2 : 1.5));

export function grown<T extends Int32Array | Float64Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(length);
  larger.set(array as never);
  return larger;
}

const mixed = (hash: number, part: number): number => {
  const mixed = Math.imul(hash ^ part, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
};

/** The smallest power of two that leaves half of the slots free. */
const slotsFor = (capacity: number): number => 2 ** Math.ceil(Math.log2(capacity * 2));

/** Tuples of `width` numbers. They are numbered from 0 in the order of arrival. */
export class Tuples {
  readonly width: number;
  size = 0;
  capacity = FIRST_CAPACITY;
  #parts: Int32Array;
  /** The number of a tuple plus one; 0 means free. */
  #slots = new Int32Array(slotsFor(FIRST_CAPACITY));

  constructor(width: number) {
    this.width = width;
    this.#parts = new Int32Array(FIRST_CAPACITY * width);
  }

  get bytes(): number {
    return this.#parts.byteLength + this.#slots.byteLength;
  }

  part(tuple: number, i: number): number {
    return this.#parts[tuple * this.width + i] as number;
  }

  /** The number of the tuple; undefined if it is not in the table. */
  find(parts: Int32Array): number | undefined {
    const found = this.#slots[this.#slotOf(parts)] as number;
    return found === FREE ? undefined : found - 1;
  }

  /** The number of the tuple; a new one if it is not in the table. */
  add(parts: Int32Array): number {
    if (this.size === this.capacity) this.#grow();
    const slot = this.#slotOf(parts);
    const found = this.#slots[slot] as number;
    if (found !== FREE) return found - 1;
    this.#parts.set(parts, this.size * this.width);
    this.#slots[slot] = ++this.size;
    return this.size - 1;
  }

  /** The slot of the tuple, or a free one for it. */
  #slotOf(parts: Int32Array): number {
    const { width } = this;
    const slots = this.#slots;
    const mask = slots.length - 1;
    let hash = 0;
    for (let i = 0; i < width; i++) hash = mixed(hash, parts[i] as number);
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number;
      if (found === FREE) return slot;
      const from = (found - 1) * width;
      let i = 0;
      while (i < width && this.#parts[from + i] === parts[i]) i++;
      if (i === width) return slot;
    }
  }

  #grow(): void {
    this.capacity = grownTo(this.capacity);
    this.#parts = grown(this.#parts, this.capacity * this.width);
    const slots = slotsFor(this.capacity);
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots);
    for (let tuple = 0; tuple < this.size; tuple++) {
      const from = tuple * this.width;
      this.#slots[this.#slotOf(this.#parts.subarray(from, from + this.width))] = tuple + 1;
    }
  }
}

/** Offsets within an entry of `Bags`. Its numbers are adjacent, so that they share a cache line. */
const GROUP = 0;
const MEMBER = 1;
const TIMES = 2;
/** The previous entry of the same group, plus one; 0 means none. */
const BEFORE = 3;
const WIDTH = 4;

/** Distinct numbers for each of many groups, with a count for each number: less than 2^31. */
export class Bags {
  #size = 0;
  #capacity = FIRST_CAPACITY;
  #entries = new Int32Array(FIRST_CAPACITY * WIDTH);
  /** The number of an entry plus one; 0 means free. */
  #slots = new Int32Array(slotsFor(FIRST_CAPACITY));
  /** By group: its latest entry plus one, and the number of its entries. */
  #latest = new Int32Array(FIRST_CAPACITY);
  #sizes = new Int32Array(FIRST_CAPACITY);

  get bytes(): number {
    return this.#entries.byteLength + this.#slots.byteLength + this.#latest.byteLength * 2;
  }

  /** How many distinct numbers the group has. */
  sizeOf(group: number): number {
    return this.#sizes[group] as number;
  }

  growGroups(groups: number): void {
    this.#latest = grown(this.#latest, groups);
    this.#sizes = grown(this.#sizes, groups);
  }

  add(group: number, member: number): void {
    if (this.#size === this.#capacity) this.#grow();
    const slot = this.#slotOf(group, member);
    const entries = this.#entries;
    const found = this.#slots[slot] as number;
    if (found !== FREE) {
      (entries[(found - 1) * WIDTH + TIMES] as number)++;
      return;
    }
    const at = this.#size * WIDTH;
    this.#slots[slot] = ++this.#size;
    entries[at + GROUP] = group;
    entries[at + MEMBER] = member;
    entries[at + TIMES] = 1;
    entries[at + BEFORE] = this.#latest[group] as number;
    this.#latest[group] = this.#size;
    (this.#sizes[group] as number)++;
  }

  /** Visits every number of the group, in no particular order. */
  each(group: number, visit: (member: number, times: number) => void): void {
    const entries = this.#entries;
    for (let next = this.#latest[group] as number; next !== FREE; ) {
      const at = (next - 1) * WIDTH;
      visit(entries[at + MEMBER] as number, entries[at + TIMES] as number);
      next = entries[at + BEFORE] as number;
    }
  }

  #slotOf(group: number, member: number): number {
    const slots = this.#slots;
    const entries = this.#entries;
    const mask = slots.length - 1;
    for (let slot = mixed(mixed(0, group), member) & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number;
      if (found === FREE) return slot;
      const at = (found - 1) * WIDTH;
      if (entries[at + GROUP] === group && entries[at + MEMBER] === member) return slot;
    }
  }

  #grow(): void {
    this.#capacity = grownTo(this.#capacity);
    this.#entries = grown(this.#entries, this.#capacity * WIDTH);
    const slots = slotsFor(this.#capacity);
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots);
    for (let entry = 0; entry < this.#size; entry++) {
      const at = entry * WIDTH;
      const slot = this.#slotOf(this.#entries[at + GROUP] as number, this.#entries[at + MEMBER] as number);
      this.#slots[slot] = entry + 1;
    }
  }
}
