/** Native dialogs, which keep the focus inside, close on Escape, and then restore the focus. */
import { html, nothing, render } from 'lit-html';

/**
 * Returns the value of the button that closed the dialog; empty after Escape or Cancel.
 * @param {object} parts
 * @param {string} parts.title
 * @param {unknown} parts.body
 * @param {readonly { value: string, text: string, kind?: 'primary' | 'danger' }[]} parts.actions Besides Cancel.
 * @returns {Promise<string>}
 */
export function openDialog({ title, body, actions }) {
  const dialog = document.createElement('dialog');
  // Cancel does not submit the form: Enter in a field must not press it.
  dialog.setAttribute('aria-labelledby', 'dialog-title');
  render(
    html`<form method="dialog">
      <h2 id="dialog-title">${title}</h2>
      <div class="dialog-body">${body}</div>
      <div class="actions">
        <button type="button" @click=${() => dialog.close()}>${actions.length === 0 ? 'Close' : 'Cancel'}</button>
        ${actions.map(({ value, text, kind }) => html`<button value=${value} class=${kind ?? nothing}>${text}</button>`)}
      </div>
    </form>`,
    dialog,
  );
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
  });
}

/**
 * Asks the reader for confirmation, and returns whether it was given.
 * @param {object} parts
 * @param {string} parts.title
 * @param {unknown} parts.text What will happen.
 * @param {string} parts.act What the button says.
 * @param {boolean} [parts.isDangerous]
 */
export async function confirmed({ title, text, act, isDangerous = false }) {
  const body = html`<p>${text}</p>`;
  const kind = isDangerous ? 'danger' : 'primary';
  return (await openDialog({ title, body, actions: [{ value: 'yes', text: act, kind }] })) === 'yes';
}
