/** JSON merge patches (RFC 7396): what must change to make one value another. */

/**
 * Undefined if nothing must change.
 * @param {unknown} before
 * @param {unknown} after
 * @returns {unknown}
 */
export function mergePatch(before, after) {
  if (!isObject(before) || !isObject(after)) return isEqual(before, after) ? undefined : after;
  /** @type {Record<string, unknown>} */
  const patch = {};
  for (const name of Object.keys(before)) if (!Object.hasOwn(after, name)) patch[name] = null;
  for (const [name, value] of Object.entries(after)) {
    const part = Object.hasOwn(before, name) ? mergePatch(before[name], value) : value;
    if (part !== undefined) patch[name] = part;
  }
  return Object.keys(patch).length === 0 ? undefined : patch;
}

/** @param {unknown} value @returns {value is Record<string, unknown>} */
export const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * For values of JSON. The order of members does not matter.
 * @param {unknown} one
 * @param {unknown} other
 * @returns {boolean}
 */
function isEqual(one, other) {
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((each, at) => isEqual(each, other[at]));
  if (isObject(one) && isObject(other)) return mergePatch(one, other) === undefined;
  return one === other;
}
