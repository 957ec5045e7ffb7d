/**
 * Downloads of files, by links that are valid for a short time. A link of the page cannot carry a token, and a file fetched by the page would
 * have to fit into its memory. With such a link, the browser downloads the file itself, and can resume an interrupted download.
 */
import { html } from 'lit-html';
import { addressOf } from '../../app/api.js';
import { moment } from '../../app/format.js';
import { openDialog } from '../../parts/dialog.js';

/** @typedef {import('../../app/api-types.js').Request} Request */
/** @typedef {import('../../app/view.js').View} View */

/** @param {View} view @param {Pick<Request, 'id'>} request @returns {Promise<{ url: string, path: string | null, expiresAt: string }>} */
const linkTo = (view, { id }) => view.api.post(addressOf(['v1', 'requests', id, 'links']), {}, { signal: view.signal });

/** The full address: files of the service itself have the origin of the page. @param {{ url: string, path: string | null }} link */
const addressOfLink = ({ url, path }) => (path === null ? url : new URL(path, location.origin).href);

/** @param {View} view @param {Request} request */
export async function download(view, request) {
  const link = await linkTo(view, request);
  view.say(`Downloading ${request.file?.name}.`);
  location.assign(addressOfLink(link));
}

/** @param {View} view @param {Request} request */
export async function shareLink(view, request) {
  const link = await linkTo(view, request);
  const address = addressOfLink(link);
  const secret =
    request.protection === 'none'
      ? 'Anyone with this link can read the file without signing in.'
      : 'Anyone with this link can download the file, but needs the password or key to open it. Send that separately.';
  const chosen = await openDialog({
    title: 'Link to the file',
    body: html`<p>${secret} The link is valid until ${moment(link.expiresAt)} and cannot be revoked.</p>
      <label class="field"
        ><span class="visually-hidden">The link</span>
        <input readonly .value=${address} @focus=${(/** @type {Event} */ { target }) => /** @type {HTMLInputElement} */ (target).select()} />
      </label>`,
    actions: [{ value: 'copy', text: 'Copy link', kind: 'primary' }],
  });
  if (chosen !== 'copy') return;
  await navigator.clipboard.writeText(address);
  view.say('Link copied.');
}
