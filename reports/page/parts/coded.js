/** Shows parts of a text between backticks as code, for texts of declarations and findings. */
import { html } from 'lit-html';

/** @param {string} text */
export const coded = (text) => text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
