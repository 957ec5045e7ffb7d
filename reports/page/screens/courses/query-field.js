/** Fields whose choice is in the address. A change leads to the first page. */
import { optionsIn, select } from '../../parts/fields.js';

/** @typedef {import('../../app/view.js').View} View */

/**
 * @param {View} view
 * @param {object} parts
 * @param {string} parts.name
 * @param {string} parts.label
 * @param {Readonly<Record<string, string>>} parts.texts By value.
 * @param {string} [parts.preset] What no choice means.
 */
export const queryField = (view, { name, label, texts, preset = 'Any' }) =>
  select({
    name,
    label,
    value: view.query.get(name) ?? '',
    options: [{ value: '', text: preset }, ...optionsIn(texts)],
    onChange: (value) => view.change({ [name]: value, page: undefined }),
  });
