/** JSON Merge Patch (RFC 7396): fields that a patch leaves out stay, and null removes a field. */

/** Schemas do not nest this deep. Deeper objects are replaced as a whole, so that no patch exhausts the stack. */
const DEEPEST = 50;

export function mergePatch(target: unknown, patch: unknown, depth = 0): unknown {
  if (!isObject(patch) || depth > DEEPEST) return patch;
  const merged = new Map(isObject(target) ? Object.entries(target) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value, depth + 1));
  }
  return Object.fromEntries(merged);
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
