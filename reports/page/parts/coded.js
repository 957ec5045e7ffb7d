/** Texts of declarations and findings, in which names and commands stand between backticks. */
import { html } from 'lit-html';

/** @param {string} text */
export const coded = (text) => text.split('`').map((part, at) => (at % 2 === 1 ? html`<code>${part}</code>` : part));
