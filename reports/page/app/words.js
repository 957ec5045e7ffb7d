/** Names, sentences and counts in words. */

/** `batchId` is `Batch id`. @param {string} name */
export const labelOf = (name) =>
  capital(name.replaceAll(/[_-]+/g, ' ').replaceAll(/([a-z])([A-Z])/g, (_, a, b) => `${a} ${b.toLowerCase()}`));

/** The name of what an id stands for: `course_id` is `Course`. @param {string} name */
export const nameOf = (name) => labelOf(name).replace(/ id$/, '');

/** @param {string} text */
export const capital = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

/** A message of the service as a sentence. @param {string} text */
export const sentence = (text) => `${capital(text)}${/[.!?]$/.test(text) ? '' : '.'}`;

/** The form of a verb or a pronoun that a count needs. @param {number} count @param {string} one @param {string} many */
export const either = (count, one, many) => (count === 1 ? one : many);
