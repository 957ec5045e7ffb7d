/** Numbered pages of a search, so that links can name them. The service gives cursors: known ones lead to the pages near them. */
import { addressOf } from '../../app/api.js';
import { number } from '../../app/format.js';

/** Rows of a page. */
export const ROWS = 25;
/** The most results of one search, in pages: one call skips this many. */
const STEP = 8;
/** A link leads at most this many pages beyond the known ones, since every skip is a call. */
const FURTHEST = 20 * STEP;

/**
 * @template Row
 * @typedef {{ rows: Row[], total: number, page: number }} Page
 */

/** @typedef {Record<string, string | number | undefined>} Query */

export class Pages {
  /** Of each query, the cursor before each page. @type {Map<string, (string | undefined)[]>} */
  #cursors = new Map();
  #api;
  #index;

  /**
   * @param {import('../../app/api.js').Api} api
   * @param {string} index
   */
  constructor(api, index) {
    this.#api = api;
    this.#index = index;
  }

  /**
   * Reads a page, or the first one if the page does not exist.
   * @template Row
   * @param {Query} query
   * @param {number} page From 1.
   * @param {AbortSignal} signal
   * @returns {Promise<Page<Row>>}
   */
  async read(query, page, signal) {
    const key = JSON.stringify(query);
    const cursors = this.#cursors.get(key) ?? [undefined];
    this.#cursors.set(key, cursors);
    if (page > cursors.length + FURTHEST) return this.read(query, 1, signal);
    let at = page - 1;
    while (at > 0 && cursors[at] === undefined) at -= 1;
    while (at < page - 1) {
      const steps = Math.min(page - 1 - at, STEP);
      const { next } = await this.#search(query, { limit: steps * ROWS, cursor: cursors[at] }, signal);
      if (next === null) return this.read(query, 1, signal);
      at += steps;
      cursors[at] = next;
    }
    const { items, total, next } = await this.#search(query, { limit: ROWS, cursor: cursors[page - 1] }, signal);
    if (next !== null) cursors[page] = next;
    return { rows: items, total, page };
  }

  /**
   * @param {Query} query
   * @param {{ limit: number, cursor: string | undefined }} part
   * @param {AbortSignal} signal
   * @returns {Promise<{ items: any[], total: number, next: string | null }>}
   */
  #search(query, part, signal) {
    return this.#api.get(addressOf(['v1', 'projections', this.#index], { ...query, ...part }), { signal });
  }
}

/** The page that the address names. @param {URLSearchParams} query */
export function pageIn(query) {
  const page = Number(query.get('page') ?? 1);
  return Number.isSafeInteger(page) && page > 0 ? page : 1;
}

/**
 * The pager below the table.
 * @param {Pick<Page<unknown>, 'rows' | 'total' | 'page'>} shown
 * @param {(page: number | undefined) => void} go Undefined: the first.
 */
export function pagesText({ rows, total, page }, go) {
  const before = (page - 1) * ROWS;
  const last = before + rows.length;
  return {
    text: total === 0 ? 'None' : `${number(before + 1)} to ${number(last)} of ${number(total)}`,
    previous: page > 1 ? () => go(page === 2 ? undefined : page - 1) : undefined,
    next: last < total ? () => go(page + 1) : undefined,
  };
}
