/** Starts the page: opens the session, then shows the screen for the address. */
import { render } from 'lit-html';
import { beginZone, chooseZone } from './app/format.js';
import { startRouter } from './app/router.js';
import { chooseScheme } from './app/scheme.js';
import { openSession } from './app/session.js';
import { shell, titleOf } from './app/shell.js';
import { welcome } from './app/welcome.js';
import { failed } from './parts/states.js';

const page = /** @type {HTMLElement} */ (document.getElementById('page'));
const status = /** @type {HTMLElement} */ (document.getElementById('status'));

const SAID_MS = 8000;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let silence;

/** @param {string} text */
function say(text) {
  clearTimeout(silence);
  status.textContent = text;
  silence = setTimeout(() => {
    status.textContent = '';
  }, SAID_MS);
}

/** @param {string} title */
const entitle = (title) => {
  document.title = title === '' ? 'Tributary' : `${title} · Tributary`;
};

async function begin() {
  const { how, session, error } = await openSession();
  if (session === undefined) {
    ask(how, error);
    return;
  }
  beginZone(session.zone);
  const router = startRouter({
    session,
    say,
    draw(shown) {
      render(
        shell(shown, {
          zone(zone) {
            chooseZone(zone);
            router.redraw();
            say(`Times are now shown in ${zone}.`);
          },
          scheme(scheme) {
            chooseScheme(scheme);
            router.redraw();
          },
        }),
        page,
      );
      entitle(titleOf(shown));
    },
    arrived() {
      scrollTo(0, 0);
      const heading = page.querySelector('h1');
      heading?.setAttribute('tabindex', '-1');
      heading?.focus({ preventScroll: true });
    },
  });
}

/**
 * @param {import('./app/session.js').HowToSignIn} how
 * @param {unknown} error
 */
function ask(how, error) {
  entitle('Sign in');
  render(
    welcome(how, error, (reason) => ask(how, reason)),
    page,
  );
}

begin().catch((error) => {
  entitle('Not available');
  render(
    failed(error, () => location.assign('/')),
    page,
  );
});
