/** The user of the page: the local user, one signed in at a provider, or the holder of an API key. */
import { createApi } from './api.js';
import { Problem } from './problem.js';

/** @typedef {{ user: string, tenant: string, roles: readonly string[], scopes: readonly string[], zone: string | null, version: string }} Who */
/** @typedef {{ access: 'local' | 'signed-in', providers: readonly import('./sign-in.js').Provider[] }} HowToSignIn */
/** @typedef {Who & { api: import('./api.js').Api, access: string, has(role: string): boolean }} Session */

const KEY = 'tributary.key';
const BACK = '/signed-in';

/**
 * Without a session nobody is signed in: `how` says what to offer, and `error` why signing in failed. Throws a Problem.
 * @returns {Promise<{ how: HowToSignIn, session?: Session, error?: unknown }>}
 */
export async function openSession() {
  /** @type {HowToSignIn} */
  const how = await createApi(NOBODY).get('/v1/sign-in');
  const isLocal = how.access === 'local';
  if (location.pathname === BACK) {
    try {
      await comeBack();
    } catch (error) {
      return { how, error };
    }
  }
  const given = isLocal ? NOBODY : await credentials(how);
  if (!isLocal && given.token() === undefined) return { how };
  const api = createApi(given);
  try {
    /** @type {Who} */
    const who = await api.get('/v1/session');
    return {
      how,
      session: { ...who, api, access: how.access, has: (/** @type {string} */ role) => who.roles.includes(role) },
    };
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return { how };
    throw error;
  }
}

/** @type {import('./api.js').Credentials} */
const NOBODY = { token: () => undefined, renew: async () => false };

/** @param {HowToSignIn} how */
async function credentials(how) {
  if (how.providers.length === 0)
    return { token: () => sessionStorage.getItem(KEY) ?? undefined, renew: async () => false };
  const { isOver, keptTokens, renew } = await import('./sign-in.js');
  /** Calls refused at the same time renew once. @type {Promise<boolean> | undefined} */
  let renewing;
  const renewed = async () => {
    const tokens = keptTokens();
    if (tokens === undefined) return false;
    renewing ??= renew(tokens).finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  const tokens = keptTokens();
  if (tokens !== undefined && isOver(tokens)) await renewed();
  return { token: () => keptTokens()?.access, renew: renewed };
}

async function comeBack() {
  const { comeBack } = await import('./sign-in.js');
  let back = '/';
  try {
    back = await comeBack();
  } finally {
    // The code cannot be used again.
    history.replaceState(null, '', back);
  }
}

/** @param {import('./sign-in.js').Provider} provider */
export async function signInAt(provider) {
  const { goToProvider } = await import('./sign-in.js');
  await goToProvider(provider, location.pathname + location.search);
}

/** @param {string} key */
export function signInWithKey(key) {
  sessionStorage.setItem(KEY, key);
  location.reload();
}

export async function signOut() {
  sessionStorage.removeItem(KEY);
  const { signOut } = await import('./sign-in.js');
  await signOut();
}
