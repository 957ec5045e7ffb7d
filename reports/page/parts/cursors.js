/** Pages of a list for which the service gives only cursors. The address has the cursor of the page shown. */

/**
 * The buttons below the list. After a link into the middle, the previous page is unknown, and Previous leads to the first.
 * @param {import('../app/view.js').View} view
 * @param {string | null} next
 */
export function cursorPages(view, next) {
  const cursor = view.query.get('cursor') ?? '';
  const kept = view.remember('cursors', /** @type {readonly string[]} */ ([]));
  const before = cursor === '' ? [] : kept.value;
  /** @param {readonly string[]} cursors @param {string | undefined} to */
  const go = (cursors, to) => {
    kept.set(cursors);
    view.change({ cursor: to });
  };
  return {
    isFirst: cursor === '',
    previous: cursor === '' ? undefined : () => go(before.slice(0, -1), before.at(-1)),
    next: next === null ? undefined : () => go([...before, cursor], next),
  };
}
