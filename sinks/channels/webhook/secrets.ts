/** The secrets that sign requests to a URL, by Standard Webhooks. */
import { Webhook } from 'standardwebhooks';
import { TributaryError } from '../../../core/errors.ts';

/** One secret, or two while receivers change from one to the other: each signs. `whsec_` and at least 24 bytes in base64. */
export type Secrets = string | readonly string[];
/** By the beginning of a URL, with whole segments of its path. `*` is for all other URLs. */
export type SecretsByUrl = Readonly<Record<string, Secrets>>;

const FEWEST_BYTES = 24;
const PREFIX = 'whsec_';

export interface Signer {
  /** Returns the value of the header `webhook-signature`. */
  sign(id: string, time: Date, body: string): string;
}

export function signerOf(secrets: Secrets): Signer {
  const keys = [secrets].flat().map(webhookOf);
  if (keys.length === 0)
    throw new TributaryError('CONFIG_INVALID', 'a secret of webhooks is missing; name at least one');
  return { sign: (id, time, body) => keys.map((key) => key.sign(id, time, body)).join(' ') };
}

/** Returns the signer of the longest beginning that fits a URL; undefined if none does. */
export function signersOf(byUrl: SecretsByUrl): (url: URL) => Signer | undefined {
  const signers = Object.entries(byUrl).map(([beginning, secrets]) => ({
    fits: beginning === '*' ? () => true : beginsWith(beginning),
    length: beginning === '*' ? 0 : beginning.length,
    signer: signerOf(secrets),
  }));
  signers.sort((a, b) => b.length - a.length);
  return (url) => signers.find(({ fits }) => fits(url))?.signer;
}

function beginsWith(beginning: string): (url: URL) => boolean {
  const start = URL.canParse(beginning) ? new URL(beginning) : undefined;
  if (start === undefined || start.search !== '' || start.hash !== '' || start.origin === 'null') {
    throw new TributaryError(
      'CONFIG_INVALID',
      `${JSON.stringify(beginning)} is not the beginning of a URL, which a secret of webhooks needs; write https://host/path, or *`,
    );
  }
  const path = start.pathname.replace(/\/$/, '');
  return ({ origin, pathname }) => origin === start.origin && (pathname === path || pathname.startsWith(`${path}/`));
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;

function webhookOf(secret: string): Webhook {
  const text = secret.startsWith(PREFIX) ? secret.slice(PREFIX.length) : secret;
  if (BASE64.test(text) && Buffer.from(text, 'base64').length >= FEWEST_BYTES) return new Webhook(secret);
  throw new TributaryError(
    'CONFIG_INVALID',
    `a secret of webhooks is not valid; it must be ${PREFIX} and at least ${FEWEST_BYTES} bytes in base64`,
  );
}
