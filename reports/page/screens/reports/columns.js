/** What each column of a report means. */
import { html, nothing } from 'lit-html';
import { coded } from '../../parts/coded.js';
import { typeName } from './wording.js';

/** @typedef {import('../../app/api-types.js').Report['columns'][number]} Column */

/** @param {readonly Column[]} columns */
export const columnsList = (columns) => html`<dl class="columns">
  ${columns.map(
    ({ name, title, type, unit, doc, personal }) => html`<div>
      <dt>
        <span class="column-title">${title}</span>
        <code>${name}</code>
      </dt>
      <dd>
        <span>${coded(doc)}</span>
        <span class="column-type"
          >${typeName(type)}${unit === undefined ? nothing : `, in ${unit}`}${
            personal ? html` <span class="badge">Personal</span>` : nothing
          }</span
        >
      </dd>
    </div>`,
  )}
</dl>`;
