/** Fields for how a file is protected. Secrets stay in their inputs, and never get into an address, a store or the state of the page. */
import { html, nothing } from 'lit-html';
import { cards } from '../../parts/choices.js';
import { input, textarea } from '../../parts/fields.js';
import { problemOf } from './problems.js';

/** @typedef {import('./form.js').Filled} Filled */

const KINDS = [
  { value: 'none', text: 'None', doc: 'Anyone with the file can read it.' },
  {
    value: 'zip',
    text: 'Zip archive with a password',
    doc: 'Opens in 7-Zip, WinZip, WinRAR, Keka and The Unarchiver, but not in Windows Explorer or by a double click on a Mac.',
  },
  { value: 'passphrase', text: 'age with a passphrase', doc: 'Opens with the program age or rage.' },
  {
    value: 'recipients',
    text: 'age with public keys',
    doc: 'Opens with the secret key of any of them. Safest, since no password is sent.',
  },
];

/** @param {Filled} filled */
export function protectionFields({ report, fields, wrong }) {
  const kind = fields['file.protection'];
  const isRequired = report.protection === 'required';
  const problem = problemOf(wrong, 'file.protection');
  const kinds = KINDS.filter(({ value }) => !isRequired || value !== 'none');
  return html`<details class="fold" ?open=${isRequired || kind !== 'none' || problem !== undefined}>
    <summary>Protection${isRequired ? ' (required for personal data)' : nothing}</summary>
    <div class="fold-body">
      ${cards({ name: 'file.protection', legend: 'Protection', isLegendHidden: true, value: kind, options: kinds })}
      ${kind === 'zip' ? secretField('password', 'Password', problem) : nothing}
      ${kind === 'passphrase' ? secretField('passphrase', 'Passphrase', problem) : nothing}
      ${kind === 'recipients' ? recipientsField(problem) : nothing}
      ${kind === 'none' && problem !== undefined ? html`<p class="problem" id="field-file.protection" tabindex="-1">${problem}</p>` : nothing}
    </div>
  </details>`;
}

const SECRET_HELP =
  'At least 16 characters, 8 of them different. Keep it: it cannot be shown again, and without it nobody can open the file.';

/**
 * @param {string} kind
 * @param {string} label
 * @param {string | undefined} problem
 */
const secretField = (kind, label, problem) => html`${input({
  name: 'file.protection',
  label,
  help: SECRET_HELP,
  problem,
  as: `secret.${kind}`,
  type: 'password',
  autocomplete: 'new-password',
})}
  <div class="actions secret-actions">
    <button type="button" @click=${suggest}>Suggest</button>
    <button type="button" @click=${reveal}>Show or hide</button>
  </div>`;

/** @param {string | undefined} problem */
const recipientsField = (problem) =>
  textarea({
    name: 'file.protection',
    label: 'Public keys',
    help: 'One per line, starting with age1, as printed by age-keygen. Never enter a secret key.',
    problem,
    as: 'secret.recipients',
    rows: 3,
  });

/** Without characters that are easily confused. */
const SIGNS = 'abcdefghijkmnpqrstuvwxyz23456789';
const GROUPS = 4;
const GROUP = 5;

/** 100 random bits. */
function suggestion() {
  const drawn = crypto.getRandomValues(new Uint8Array(GROUPS * GROUP));
  const signs = [...drawn].map((byte) => SIGNS[byte % SIGNS.length]);
  return Array.from({ length: GROUPS }, (_, at) => signs.slice(at * GROUP, (at + 1) * GROUP).join('')).join('-');
}

/** @param {Event} event */
function suggest(event) {
  const input = secretInput(event);
  input.type = 'text';
  input.value = suggestion();
  input.select();
}

/** @param {Event} event */
function reveal(event) {
  const input = secretInput(event);
  input.type = input.type === 'password' ? 'text' : 'password';
}

/** @param {Event} event */
const secretInput = ({ target }) =>
  /** @type {HTMLInputElement} */ (
    /** @type {HTMLElement} */ (target).closest('form')?.querySelector('input[name^="secret."]')
  );
