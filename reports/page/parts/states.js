/** What is shown in place of content: loading, empty, failed, too large. */
import { html, nothing } from 'lit-html';
import { Problem } from '../app/problem.js';
import { sentence } from '../app/words.js';

/**
 * The content, once loaded. Space is reserved for the first load; during a reload, the previous content stays.
 * @template T
 * @param {import('../app/view.js').Loaded<T>} loaded
 * @param {(value: T) => unknown} draw
 * @param {{ space?: 'line' | 'tiles' | 'plot' | 'table' | 'page', empty?: (value: T) => unknown }} [options] `empty` answers a template if there is nothing to show.
 */
export function loaded({ state, value, error, again }, draw, { space = 'plot', empty } = {}) {
  if (state === 'failed') return html`<div class="space space-${space}">${failed(error, again)}</div>`;
  if (value === undefined && state === 'loading') return loading(space);
  const found = /** @type {T} */ (value);
  return html`<div class="content" aria-busy=${state === 'loading' ? 'true' : 'false'}>
    ${empty?.(found) || draw(found)}
  </div>`;
}

/** @param {'line' | 'tiles' | 'plot' | 'table' | 'page'} space */
export const loading = (space) =>
  html`<div class="space space-${space} loading" aria-busy="true"><span class="visually-hidden">Loading</span></div>`;

/**
 * @param {string} title Says what is missing.
 * @param {unknown} [what] What to do, or when to expect some.
 */
export const empty = (title, what = nothing) =>
  html`<div class="empty"><p class="empty-title">${title}</p>${what === nothing ? nothing : html`<p>${what}</p>`}</div>`;

/** @param {string} text Says what is too much, and how to ask for less. */
export const tooLarge = (text) => html`<div class="notice notice-large"><p>${text}</p></div>`;

/**
 * @param {unknown} error
 * @param {() => void} [again]
 */
export function failed(error, again) {
  const { title, text, problems, isHopeless } = told(error);
  return html`<div class="notice notice-failed" role="alert">
    <p class="notice-title">${title}</p>
    <p>${text}</p>
    ${
      problems.length > 1
        ? html`<ul>
            ${problems.map(({ message }) => html`<li>${message}</li>`)}
          </ul>`
        : nothing
    }
    ${again === undefined || isHopeless ? nothing : html`<button type="button" @click=${again}>Try again</button>`}
  </div>`;
}

/** @param {unknown} error */
function told(error) {
  if (!(error instanceof Problem)) {
    const text = error instanceof Error ? error.message : String(error);
    return { title: 'Something went wrong', text: sentence(text), problems: [], isHopeless: false };
  }
  const { status, problems } = error;
  const title =
    status === 0
      ? 'No connection'
      : status === 401
        ? 'Sign in again'
        : status === 403
          ? 'Not allowed'
          : status === 404
            ? 'Not found'
            : status === 429
              ? 'Too many requests'
              : status >= 500
                ? 'Temporarily unavailable'
                : 'This is not possible';
  return { title, text: sentence(error.message), problems, isHopeless: status === 403 || status === 404 };
}
