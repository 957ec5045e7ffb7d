/** Tokens for SASL OAUTHBEARER, from the client credentials grant (RFC 6749, section 4.4). */

export interface ClientCredentials {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
}

const ANSWER_MS = 5000;
/** A token is renewed this long before it expires. */
const MARGIN_MS = 60_000;
const DEFAULT_LIFE_S = 300;

/**
 * The returned function gives a valid token: the last one until shortly before it expires, then a new one. Messages never contain the
 * secret.
 */
export function tokenSource(credentials: ClientCredentials): () => Promise<string> {
  /** `validUntil` is a time of `performance.now`, which does not change when the clock is set. */
  let last: { readonly token: string; readonly validUntil: number } | undefined;
  let asking: Promise<string> | undefined;
  return async () => {
    if (last !== undefined && performance.now() < last.validUntil) return last.token;
    // Several connections are often opened at once, and share one request.
    asking ??= ask(credentials)
      .then((answer) => {
        last = answer;
        return answer.token;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}

async function ask({ tokenUrl, clientId, clientSecret, scope }: ClientCredentials) {
  const basic = [clientId, clientSecret].map(encodeURIComponent).join(':');
  const response = await fetch(tokenUrl, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(basic).toString('base64')}`, accept: 'application/json' },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) }),
    signal: AbortSignal.timeout(ANSWER_MS),
  });
  const { host } = new URL(tokenUrl);
  if (!response.ok) throw new Error(`${host} gave no token: status ${response.status}`);
  const { access_token: token, expires_in: seconds = DEFAULT_LIFE_S } = (await response.json()) as {
    access_token?: unknown;
    expires_in?: number;
  };
  if (typeof token !== 'string') throw new Error(`${host} answered without an access_token`);
  return { token, validUntil: performance.now() + seconds * 1000 - Math.min(MARGIN_MS, (seconds * 1000) / 2) };
}
