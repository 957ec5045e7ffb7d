/** The frame around every screen: a header with navigation and time zone, and the main part. */
import { html, nothing } from 'lit-html';
import { radio } from '../parts/choices.js';
import { changed, optionsOf } from '../parts/fields.js';
import { failed } from '../parts/states.js';
import { zoneGroups } from '../parts/zones.js';
import { currentZone } from './format.js';
import { currentScheme, SCHEMES } from './scheme.js';
import { SECTIONS } from './screens.js';
import { signOut } from './session.js';

/** @typedef {import('./router.js').Shown} Shown */

/**
 * @param {Shown} shown
 * @param {{ zone: (zone: string) => void, scheme: (scheme: string) => void }} choose
 */
export function shell(shown, choose) {
  const { session } = shown.view;
  const entries = SECTIONS.filter(({ role }) => role === undefined || session.has(role));
  return html`
    <a class="skip" href="#main">Skip to content</a>
    <header class="header">
      <a class="brand" href="/">${mark()}<span>Tributary</span></a>
      <nav aria-label="Screens">
        <ul>
          ${entries.map(
            ({ name, text, href }) => html`<li>
              <a href=${href} aria-current=${name === shown.section ? 'page' : nothing}>${text}</a>
            </li>`,
          )}
        </ul>
      </nav>
      <div class="header-end">${zoneControl(choose.zone)} ${account(session, choose.scheme)}</div>
    </header>
    <main id="main" tabindex="-1">${content(shown)}</main>
  `;
}

/** @param {Shown} shown */
function content({ screen, section, view, error, isMissing }) {
  if (isMissing)
    return html`<h1>Page not found</h1>
      <p>The address may be old or mistyped. <a href="/">Go to the overview</a>.</p>`;
  if (error !== undefined) return html`<h1>This screen did not load</h1>${failed(error, () => location.reload())}`;
  const role = SECTIONS.find(({ name }) => name === section)?.role;
  if (role !== undefined && !view.session.has(role))
    return html`<h1>No access</h1>
      <p>This screen needs the role ${role}. Ask an administrator for it.</p>`;
  return screen === undefined ? nothing : screen.show(view);
}

/** @param {(zone: string) => void} choose */
function zoneControl(choose) {
  const value = currentZone();
  return html`<label class="zone">
    <span class="visually-hidden">Time zone</span>
    <select @change=${changed(choose)}>
      ${optionsOf({ options: zoneGroups(value), value })}
    </select>
  </label>`;
}

/**
 * @param {import('./session.js').Session} session
 * @param {(scheme: string) => void} chooseScheme
 */
function account({ user, tenant, roles, access, version }, chooseScheme) {
  return html`<details class="account">
    <summary><span class="account-name">${user}</span></summary>
    <div class="account-more">
      <dl>
        <dt>Tenant</dt>
        <dd>${tenant}</dd>
        <dt>Roles</dt>
        <dd>${roles.length === 0 ? 'none' : roles.join(', ')}</dd>
        <dt>Tributary</dt>
        <dd>${version}</dd>
      </dl>
      <fieldset class="schemes">
        <legend>Theme</legend>
        ${Object.entries(SCHEMES).map(([value, text]) =>
          radio({ name: 'scheme', value, text, isChosen: value === currentScheme(), onChoose: chooseScheme }),
        )}
      </fieldset>
      ${
        access === 'local'
          ? html`<p>This service is for this machine only and needs no sign-in.</p>`
          : html`<button type="button" @click=${() => void signOut()}>Sign out</button>`
      }
    </div>
  </details>`;
}

const mark = () => html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
  <path d="M16 29V18M16 18C16 11 7 12 7 3M16 18c0-7 9-6 9-15" />
</svg>`;

/** @param {Shown} shown */
export function titleOf({ screen, view, isMissing }) {
  if (isMissing) return 'Page not found';
  if (screen === undefined) return '';
  return typeof screen.title === 'string' ? screen.title : screen.title(view);
}
