/**
 * Checks an Avro body before it is decoded.
 *
 * `avsc` checks only at the end that it did not read past the body, so a flipped bit in the count of an array makes it build millions
 * of items first. It also trusts the size of a block that it skips: a negative size makes it go back and skip for ever. Bodies without
 * arrays, maps and recursive types have neither problem and are not checked.
 */
import type { Type, types } from 'avsc';

const DEEPEST = 64;

/** Whether a wrong count can mislead the decoder: the type contains an array, a map, or itself. */
export function needsBounds(type: Type, above: readonly Type[] = []): boolean {
  if (above.includes(type)) return true;
  switch (type.typeName) {
    case 'array':
    case 'map':
      return true;
    case 'record':
    case 'error':
      return (type as types.RecordType).fields.some((field) => needsBounds(field.type, [...above, type]));
    case 'union:unwrapped':
    case 'union:wrapped':
      return (type as types.UnwrappedUnionType).types.some((branch) => needsBounds(branch, above));
    default:
      return false;
  }
}

class Overrun extends Error {}

/** Throws if the body, read as `type`, would pass its end, count more items than it holds, or nest too deep. */
export function checkBounds(type: Type, body: Uint8Array): void {
  new Walk(body).value(type, 0);
}

class Walk {
  readonly #body: Uint8Array;
  #at = 0;
  /** At most as many items as the body has bytes. Without this limit, items of zero bytes could be counted for ever. */
  #items = 0;

  constructor(body: Uint8Array) {
    this.#body = body;
  }

  value(type: Type, depth: number): void {
    if (depth > DEEPEST) throw new Overrun(`the record nests deeper than ${DEEPEST} levels`);
    switch (type.typeName) {
      case 'null':
        break;
      case 'boolean':
        this.#skip(1);
        break;
      case 'float':
        this.#skip(4);
        break;
      case 'double':
        this.#skip(8);
        break;
      case 'bytes':
      case 'string':
        this.#skip(this.#long());
        break;
      case 'fixed':
        this.#skip((type as types.FixedType).size);
        break;
      case 'array':
        this.#blocks((type as types.ArrayType).itemsType, false, depth + 1);
        break;
      case 'map':
        this.#blocks((type as types.MapType).valuesType, true, depth + 1);
        break;
      case 'record':
      case 'error':
        for (const field of (type as types.RecordType).fields) this.value(field.type, depth + 1);
        break;
      case 'union:unwrapped':
      case 'union:wrapped': {
        const branch = (type as types.UnwrappedUnionType).types[this.#long()];
        if (branch === undefined) throw new Overrun('a union names a branch that it does not have');
        this.value(branch, depth + 1);
        break;
      }
      default: // int, long, enum
        this.#long();
    }
  }

  #blocks(item: Type, keyed: boolean, depth: number): void {
    for (;;) {
      let count = this.#long();
      if (count === 0) return;
      let end: number | undefined;
      if (count < 0) {
        count = -count;
        const size = this.#long();
        end = this.#at + size;
      }
      this.#items += count;
      if (this.#items > this.#body.length) this.#overrun();
      for (let i = 0; i < count; i++) {
        if (keyed) this.#skip(this.#long());
        this.value(item, depth);
      }
      if (end !== undefined && end !== this.#at) throw new Overrun('a block is not as long as it says');
    }
  }

  #skip(bytes: number): void {
    if (bytes < 0 || bytes > this.#body.length - this.#at) this.#overrun();
    this.#at += bytes;
  }

  #long(): number {
    let result = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      const byte = this.#body[this.#at];
      if (byte === undefined) break;
      this.#at += 1;
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
      factor *= 128;
    }
    return this.#overrun();
  }

  #overrun(): never {
    throw new Overrun('the record announces more items than it holds');
  }
}
