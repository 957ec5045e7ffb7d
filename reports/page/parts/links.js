/** Links to courses and batches. */
import { html, nothing } from 'lit-html';
import { addressOf } from '../app/api.js';

/** A linked name with the id below it; only the id if no name is known. @param {string} href @param {string} name @param {string} id */
export const linkAndId = (href, name, id) =>
  html`<a href=${href}>${name || id}</a>${name === '' || name === id ? nothing : html`<span class="id">${id}</span>`}`;

/** @param {string} courseId */
export const courseAddress = (courseId) => addressOf(['courses', courseId]);

/** @param {string} batchId @param {Record<string, string>} [query] */
export const batchAddress = (batchId, query) => addressOf(['batches', batchId], query);

/** @param {string} courseId @param {string} name */
export const courseLink = (courseId, name) =>
  courseId === '' ? nothing : html`<a href=${courseAddress(courseId)}>${name || courseId}</a>`;
