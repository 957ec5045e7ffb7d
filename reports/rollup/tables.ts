/** Two hash tables of whole numbers in typed arrays: their size is known, and no object stands behind an entry. */

const FIRST_CAPACITY = 64;
const FREE = 0;

/** Twice as much, and half as much again where that would be many: so a fold does not double its memory with one event. */
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

/** The least power of two that leaves half of the slots free. */
const slotsFor = (capacity: number): number => 2 ** Math.ceil(Math.log2(capacity * 2));

/** Tuples of `width` numbers, numbered from 0 in the order in which they came. */
export class Tuples {
  readonly width: number;
  size = 0;
  capacity = FIRST_CAPACITY;
  #parts: Int32Array;
  /** The number of a tuple and one; 0 is free. */
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

  /** Its number; undefined if it is not there. */
  find(parts: Int32Array): number | undefined {
    const found = this.#slots[this.#slotOf(parts)] as number;
    return found === FREE ? undefined : found - 1;
  }

  /** Its number: that of a new one if it is not there. */
  add(parts: Int32Array): number {
    if (this.size === this.capacity) this.#grow();
    const slot = this.#slotOf(parts);
    const found = this.#slots[slot] as number;
    if (found !== FREE) return found - 1;
    this.#parts.set(parts, this.size * this.width);
    this.#slots[slot] = ++this.size;
    return this.size - 1;
  }

  /** Where it is, or would be. */
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

/** Different numbers for each of many groups, and for each how often it came. */
export class Bags {
  #size = 0;
  #capacity = FIRST_CAPACITY;
  #group = new Int32Array(FIRST_CAPACITY);
  #member = new Int32Array(FIRST_CAPACITY);
  #times = new Float64Array(FIRST_CAPACITY);
  /** The entry of the same group before it, and one; 0 is none. */
  #before = new Int32Array(FIRST_CAPACITY);
  #slots = new Int32Array(slotsFor(FIRST_CAPACITY));
  /** By group: its latest entry, and one; how many it has. */
  #latest = new Int32Array(FIRST_CAPACITY);
  #sizes = new Int32Array(FIRST_CAPACITY);

  get bytes(): number {
    return this.#capacity * 20 + this.#slots.byteLength + this.#latest.byteLength * 2;
  }

  /** How many different numbers the group has. */
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
    const found = this.#slots[slot] as number;
    if (found !== FREE) {
      (this.#times[found - 1] as number)++;
      return;
    }
    const entry = this.#size++;
    this.#slots[slot] = entry + 1;
    this.#group[entry] = group;
    this.#member[entry] = member;
    this.#times[entry] = 1;
    this.#before[entry] = this.#latest[group] as number;
    this.#latest[group] = entry + 1;
    (this.#sizes[group] as number)++;
  }

  /** Every number of the group, in no order. */
  each(group: number, visit: (member: number, times: number) => void): void {
    for (let next = this.#latest[group] as number; next !== FREE; next = this.#before[next - 1] as number) {
      visit(this.#member[next - 1] as number, this.#times[next - 1] as number);
    }
  }

  #slotOf(group: number, member: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    for (let slot = mixed(mixed(0, group), member) & mask; ; slot = (slot + 1) & mask) {
      const found = slots[slot] as number;
      if (found === FREE || (this.#group[found - 1] === group && this.#member[found - 1] === member)) return slot;
    }
  }

  #grow(): void {
    this.#capacity = grownTo(this.#capacity);
    this.#group = grown(this.#group, this.#capacity);
    this.#member = grown(this.#member, this.#capacity);
    this.#times = grown(this.#times, this.#capacity);
    this.#before = grown(this.#before, this.#capacity);
    const slots = slotsFor(this.#capacity);
    if (slots === this.#slots.length) return;
    this.#slots = new Int32Array(slots);
    for (let entry = 0; entry < this.#size; entry++) {
      this.#slots[this.#slotOf(this.#group[entry] as number, this.#member[entry] as number)] = entry + 1;
    }
  }
}
