/** Dead letters in addresses and bodies. A letter is named by its record and the job that rejected it. */

/** @typedef {{ id: string, job: string }} LetterName */

/** @param {LetterName} name */
export const letterAddress = ({ id, job }) =>
  `/operate/dead-letters/${encodeURIComponent(id)}?${new URLSearchParams({ job })}`;

/** Its address in the API. @param {LetterName} name */
export const letterPath = ({ id, job }) => ['v1', 'operate', 'dead-letters', ...id.split('/'), job];
