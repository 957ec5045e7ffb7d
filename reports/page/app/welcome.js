/** The screen for users who are not signed in. */
import { html, nothing } from 'lit-html';
import { failed } from '../parts/states.js';
import { signInAt, signInWithKey } from './session.js';

/**
 * @param {import('./session.js').HowToSignIn} how
 * @param {unknown} error Why the last attempt failed.
 * @param {(error: unknown) => void} fail
 */
export function welcome({ providers }, error, fail) {
  const several = providers.length > 1;
  return html`<main id="main" class="welcome">
    <h1>Sign in to Tributary</h1>
    <p>See enrollments, activity, progress and reports of your learners.</p>
    ${error === undefined ? nothing : failed(error)}
    ${providers.map(
      (provider) => html`<p>
        <button type="button" class="primary" @click=${() => void signInAt(provider).catch(fail)}>
          Sign in${several ? ` with ${new URL(provider.issuer).host}` : ''}
        </button>
      </p>`,
    )}
    ${providers.length === 0 ? keyForm() : nothing}
  </main>`;
}

function keyForm() {
  /** @param {SubmitEvent} event */
  const submit = (event) => {
    event.preventDefault();
    const key = new FormData(/** @type {HTMLFormElement} */ (event.target)).get('key');
    if (typeof key === 'string' && key !== '') signInWithKey(key.trim());
  };
  return html`<form @submit=${submit} class="form">
    <div class="field">
      <label for="key">API key</label>
      <input id="key" name="key" type="password" autocomplete="off" required aria-describedby="key-help" />
      <p id="key-help" class="help">
        Administrators create keys with <code>tributary key add</code>. The key is forgotten when you close this tab.
      </p>
    </div>
    <button class="primary">Sign in</button>
  </form>`;
}
