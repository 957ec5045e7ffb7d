/** Light or dark colours: as the system has them, or as the reader chose. `scheme-early.js` applies the choice when the page is loaded. */

const KEY = 'tributary.scheme';

/** By what CSS calls them; the system's have no name. */
export const SCHEMES = { '': 'System', light: 'Light', dark: 'Dark' };

const system = matchMedia('(prefers-color-scheme: dark)');
const changes = new EventTarget();
system.addEventListener('change', () => changes.dispatchEvent(new Event('change')));

export const currentScheme = () => localStorage.getItem(KEY) ?? '';

/** @param {string} scheme */
export function chooseScheme(scheme) {
  if (scheme === '') localStorage.removeItem(KEY);
  else localStorage.setItem(KEY, scheme);
  document.documentElement.style.colorScheme = scheme;
  changes.dispatchEvent(new Event('change'));
}

/**
 * For what is painted, and so does not follow the style sheets.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export const followScheme = (changed, signal) => changes.addEventListener('change', changed, { signal });
