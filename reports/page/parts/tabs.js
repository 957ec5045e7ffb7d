/** Tabs: links between several screens, or parts of one. */
import { html, nothing } from 'lit-html';

/**
 * @param {string} label
 * @param {readonly { name: string, text: string, href: string }[]} all
 * @param {string} current The name of the current tab.
 */
export const tabs = (label, all, current) => html`<nav aria-label=${label}>
  <ul class="tabs">
    ${all.map(
      ({ name, text, href }) =>
        html`<li><a href=${href} aria-current=${name === current ? 'page' : nothing}>${text}</a></li>`,
    )}
  </ul>
</nav>`;
