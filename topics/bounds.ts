/**
 * Whether an Avro body can be what it says it is, before anything is made of it.
 *
 * `avsc` checks that it did not read past the end only when it is done, so that a flipped bit in the count of an array makes it
 * build millions of items first. Bodies without arrays and maps cannot do that and need no look.
 */
import type { Type, types } from 'avsc';

const DEEPEST = 64;

/** Whether decoding can be led astray by a count: it has an array, a map, or itself within. */
export function needsBounds(type: Type, seen = new Set<Type>()): boolean {
  if (seen.has(type)) return true;
  switch (type.typeName) {
    case 'array':
    case 'map':
      return true;
    case 'record': {
      const inner = new Set(seen).add(type);
      return (type as types.RecordType).fields.some((field) => needsBounds(field.type, inner));
    }
    case 'union:unwrapped':
    case 'union:wrapped':
      return (type as types.UnwrappedUnionType).types.some((branch) => needsBounds(branch, seen));
    default:
      return false;
  }
}

class Overrun extends Error {}

/** Throws when the body, read as `type` from `start`, would go beyond its end, count more than it holds, or nest too deep. */
export function checkBounds(type: Type, body: Buffer, start: number): void {
  let at = start;
  const overrun = (): never => {
    throw new Overrun('the record counts more than it holds');
  };
  const skip = (bytes: number): void => {
    if (bytes < 0 || bytes > body.length - at) overrun();
    at += bytes;
  };
  const long = (): number => {
    let result = 0;
    let factor = 1;
    for (let i = 0; i < 10; i++) {
      if (at >= body.length) overrun();
      const byte = body[at++] as number;
      result += (byte & 0x7f) * factor;
      if (byte < 0x80) return result % 2 === 0 ? result / 2 : -(result + 1) / 2;
      factor *= 128;
    }
    return overrun();
  };
  const blocks = (item: () => void): void => {
    for (;;) {
      let count = long();
      if (count === 0) return;
      if (count < 0) {
        count = -count;
        long();
      }
      if (count > body.length - at) overrun();
      for (let i = 0; i < count; i++) item();
    }
  };
  const walk = (node: Type, depth: number): void => {
    if (depth > DEEPEST) overrun();
    switch (node.typeName) {
      case 'null':
        return;
      case 'boolean':
        skip(1);
        return;
      case 'float':
        skip(4);
        return;
      case 'double':
        skip(8);
        return;
      case 'bytes':
      case 'string':
        skip(long());
        return;
      case 'fixed':
        skip((node as types.FixedType).size);
        return;
      case 'array':
        blocks(() => walk((node as types.ArrayType).itemsType, depth + 1));
        return;
      case 'map':
        blocks(() => {
          skip(long());
          walk((node as types.MapType).valuesType, depth + 1);
        });
        return;
      case 'record':
        for (const field of (node as types.RecordType).fields) walk(field.type, depth + 1);
        return;
      case 'union:unwrapped':
      case 'union:wrapped': {
        const branch = (node as types.UnwrappedUnionType).types[long()];
        if (branch === undefined) overrun();
        else walk(branch, depth + 1);
        return;
      }
      default: // int, long, enum
        long();
    }
  };
  walk(type, 0);
}
