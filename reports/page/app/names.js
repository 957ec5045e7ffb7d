/** Finds courses and batches by words, and their names by id. */
import { addressOf } from './api.js';

/** @typedef {import('./api.js').Api} Api */
/** @typedef {{ index: string, id: 'courseId' | 'batchId' }} Kind */
/** @typedef {{ value: string, text: string, more?: string }} Option */

/** @type {Kind} */
export const COURSES = { index: 'courses', id: 'courseId' };
/** @type {Kind} */
const BATCHES = { index: 'batches', id: 'batchId' };

/** The kind of an id, by the name of its parameter or dimension. */
const KINDS = new Map([
  ['courseId', COURSES],
  ['course_id', COURSES],
  ['batchId', BATCHES],
  ['batch_id', BATCHES],
]);

/** @param {string} name Of a parameter or a dimension. */
export const kindOf = (name) => KINDS.get(name);

/** The most results of one search. */
const MOST = 200;

/**
 * @param {Api} api
 * @param {Kind} kind
 * @param {{ words: string, limit: number }} asked
 * @param {AbortSignal} signal
 * @returns {Promise<{ items: Record<string, any>[], next: string | null }>}
 */
const search = (api, { index }, asked, signal) => api.get(addressOf(['v1', 'projections', index], asked), { signal });

/**
 * Finds items whose name or id contains the words, as options of a search field.
 * @param {Api} api
 * @param {Kind} kind
 * @param {{ words: string, limit?: number }} asked The last word may be incomplete.
 * @param {AbortSignal} signal
 * @returns {Promise<Option[]>}
 */
export async function find(api, kind, { words, limit = 8 }, signal) {
  const { items } = await search(api, kind, { words: beginnings(words.trim()), limit }, signal);
  return items.map((item) => ({ value: item[kind.id], text: item['name'] || item[kind.id], more: item[kind.id] }));
}

/**
 * Names by id. Items without a name are left out.
 * @param {Api} api
 * @param {Kind} kind
 * @param {readonly string[]} ids
 * @param {AbortSignal} signal
 * @returns {Promise<Map<string, string>>}
 */
export async function namesOf(api, kind, ids, signal) {
  /** @type {Map<string, string>} */
  const names = new Map();
  const wanted = new Set(ids.filter((id) => id !== ''));
  /** @param {string} words */
  const look = async (words) => {
    const { items, next } = await search(api, kind, { words, limit: MOST }, signal);
    for (const item of items) if (item['name'] && wanted.has(item[kind.id])) names.set(item[kind.id], item['name']);
    return next === null;
  };
  if (wanted.size === 0 || (await look(''))) return names;
  await Promise.all([...wanted].filter((id) => !names.has(id)).map(look));
  return names;
}

/** Search words, of which the last may be incomplete. @param {string} words */
export const beginnings = (words) => (/[\p{L}\p{N}]$/u.test(words) ? `${words}*` : words);
