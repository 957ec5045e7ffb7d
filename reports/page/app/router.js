/** Shows the screen for an address. Links, Back and Forward change the screen without reloading the page. */
import { addressAt } from './screens.js';
import { View } from './view.js';

/** @typedef {import('./screens.js').Screen} Screen */
/** @typedef {{ path: string, section: string | undefined, view: View, screen: Screen | undefined, error: unknown, isMissing: boolean }} Shown */

/**
 * @param {object} parts
 * @param {import('./session.js').Session} parts.session
 * @param {(shown: Shown) => void} parts.draw
 * @param {(shown: Shown) => void} parts.arrived Called when another screen is first shown.
 * @param {(text: string) => void} parts.say
 */
export function startRouter({ session, draw, arrived, say }) {
  /** @type {Shown | undefined} */
  let shown;

  /** @param {boolean} isFirst */
  async function show(isFirst) {
    const { pathname, search } = location;
    const query = new URLSearchParams(search);
    if (shown !== undefined && shown.path === pathname) {
      shown.view.query = query;
      shown.view.redraw();
      return;
    }
    shown?.view.leave();
    const found = addressAt(pathname);
    const redraw = () => draw(now);
    const view = new View({ session, params: found?.params ?? {}, query, draw: redraw, navigate, say });
    /** @type {Shown} */
    const now = {
      path: pathname,
      section: found?.address.section,
      view,
      screen: undefined,
      error: undefined,
      isMissing: found === undefined,
    };
    shown = now;
    if (found !== undefined) {
      try {
        now.screen = await found.address.load();
      } catch (error) {
        now.error = error;
      }
      if (shown !== now) return;
    }
    draw(now);
    if (!isFirst) arrived(now);
  }

  /**
   * @param {string} address
   * @param {boolean} replace
   */
  function navigate(address, replace) {
    if (replace) history.replaceState(null, '', address);
    else history.pushState(null, '', address);
    void show(false);
  }

  addEventListener('popstate', () => void show(false));
  addEventListener('click', (event) => {
    const address = addressOfClick(event);
    if (address === undefined) return;
    event.preventDefault();
    if (address !== location.pathname + location.search) navigate(address, false);
  });
  void show(true);
  return {
    redraw: () => shown?.view.redraw(),
  };
}

/** The address on this page that a plain click leads to, if any. @param {MouseEvent} event */
function addressOfClick(event) {
  if (event.defaultPrevented || event.button !== 0) return undefined;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return undefined;
  const link = event.target instanceof Element ? event.target.closest('a[href]') : null;
  if (!(link instanceof HTMLAnchorElement) || link.target !== '' || link.hasAttribute('download')) return undefined;
  const { origin, pathname, search, hash } = new URL(link.href);
  if (origin !== location.origin || hash !== '' || addressAt(pathname) === undefined) return undefined;
  return pathname + search;
}
