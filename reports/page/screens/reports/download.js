/**
 * Files by links that hold for a short time. A link of the page cannot carry a token, and a file that was fetched into the memory of the page
 * first would have to fit in there; by a link the browser downloads it itself, and can go on where it was interrupted.
 */
import { html } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { moment } from '../../app/format.js';
import { openDialog } from '../../parts/dialog.js';

/** @typedef {import('../../app/api-types.js').Request} Request */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view @param {Pick<Request, 'id'>} request @returns {Promise<{ url: string, path: string | null, expiresAt: string }>} */
const linkTo = (view, { id }) => view.api.post(addressOf(['v1', 'requests', id, 'links']), {}, { signal: view.signal });

/** Where the reader has it: a file of the service itself is where the page is. @param {{ url: string, path: string | null }} link */
const addressOfLink = ({ url, path }) => (path === null ? url : new URL(path, location.origin).href);

/** @param {View} view @param {Request} request */
export async function download(view, request) {
  const link = await linkTo(view, request);
  view.say(`The download of ${request.file?.name} begins.`);
  location.assign(addressOfLink(link));
}

/** @param {View} view @param {Request} request */
export async function shareLink(view, request) {
  const link = await linkTo(view, request);
  const address = addressOfLink(link);
  const secret =
    request.protection === 'none'
      ? 'Whoever has it can read the file, without signing in.'
      : 'Whoever has it can fetch the file, and needs the password or the key to open it. Send that another way.';
  const chosen = await openDialog({
    title: 'Link to the file',
    body: html`<p>${secret} It holds until ${moment(link.expiresAt)}, and cannot be taken back before.</p>
      <label class="field"
        ><span class="visually-hidden">The link</span>
        <input readonly .value=${address} @focus=${(/** @type {Event} */ { target }) => /** @type {HTMLInputElement} */ (target).select()} />
      </label>`,
    actions: [{ value: 'copy', text: 'Copy the link', kind: 'primary' }],
  });
  if (chosen !== 'copy') return;
  await navigator.clipboard.writeText(address);
  view.say('The link is copied.');
}
