/** Light or dark colours: the system's, or the reader's choice, which `scheme-early.js` applies when the page loads. */

const KEY = 'tributary.scheme';

/** By their names in CSS; the system's have none. */
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
 * For drawings on a canvas, which do not follow the style sheets.
 * @param {() => void} changed
 * @param {AbortSignal} signal
 */
export const followScheme = (changed, signal) => changes.addEventListener('change', changed, { signal });
