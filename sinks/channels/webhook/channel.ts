/**
 * Messages as signed HTTP calls, by Standard Webhooks (https://www.standardwebhooks.com): to the URL of the recipient,
 * or to a bridge, a service of ours that passes them on to a provider of push messages or SMS.
 *
 * Headers: `webhook-id`, the same for every attempt at one message, by which a receiver recognises repeats; `webhook-timestamp`;
 * `webhook-signature`, with one signature for each secret. The body is JSON: see `payload.ts`. A 2xx answer means that the receiver has the
 * message.
 *
 * A receiver that fails three times in a row, or asks for a pause by Retry-After, is not called for a while: messages are `away` without a
 * call. So a dead receiver does not delay others. Failed connections count for all URLs of a host, answers for one URL.
 */

import { isIP } from 'node:net';
import type { ChannelName } from '../../../core/channel.ts';
import { TributaryError } from '../../../core/errors.ts';
import { problemOf } from '../message.ts';
import type { Channel } from '../port.ts';
import { Addresses } from './addresses.ts';
import { type CommonOptions, SignedCalls } from './calls.ts';
import { bridgeRequest, webhookRequest } from './payload.ts';
import { type Secrets, type SecretsByUrl, signerOf, signersOf } from './secrets.ts';

export interface WebhookOptions extends CommonOptions {
  readonly secrets: SecretsByUrl;
  /** Networks such as `10.1.0.0/16` that URLs may lead to although they are not public. */
  readonly networks?: readonly string[];
  /** Whether URLs may use http: others on the network can read what is sent there. */
  readonly http?: boolean;
}

export interface BridgeOptions extends CommonOptions {
  /** `https://user:password@host/path`, or http within your own network. */
  readonly url: string;
  readonly channel: ChannelName;
  /** The sender of messages in the provider's form: a sender's name or number, or an application. */
  readonly from: string;
  readonly secrets: Secrets;
}

const CALLS_AT_ONCE = 8;
const BRIDGE_CALLS_AT_ONCE = 32;

/** Calls the URL that is the address of the message: only on the public internet, unless `networks` includes its address. */
export function webhookChannel(options: WebhookOptions): Channel {
  const { networks = [], http = false, secrets } = options;
  const addresses = new Addresses(networks);
  const signerFor = signersOf(secrets);
  return new SignedCalls(options, { ours: false, callsAtOnce: CALLS_AT_ONCE, lookup: addresses.lookup }, (message) => {
    const problem = problemOf('webhook', message.address);
    if (problem !== undefined) return { outcome: 'refused', detail: problem };
    const url = new URL(message.address);
    if (url.protocol === 'http:' && !http)
      return { outcome: 'refused', detail: 'the address is an http URL, so others could read the message' };
    // A numeric address is not looked up.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !addresses.mayReach(host)) {
      return { outcome: 'refused', detail: `${host} is not an address that may be reached` };
    }
    const signer = signerFor(url);
    // A secret may still be configured: no message should be lost meanwhile.
    if (signer === undefined) return { outcome: 'away', detail: `no secret is configured for ${url.origin}` };
    return { url, signer, request: webhookRequest(message) };
  });
}

/** Calls one URL, whatever the address of the message: the bridge has to reach that. */
export function bridgeChannel(options: BridgeOptions): Channel {
  const { channel, from } = options;
  const url = URL.canParse(options.url) ? new URL(options.url) : undefined;
  if (url === undefined || !['http:', 'https:'].includes(url.protocol)) {
    throw new TributaryError(
      'CONFIG_INVALID',
      `the URL of the ${channel} bridge must be https://host/path or http://host/path`,
    );
  }
  const signer = signerOf(options.secrets);
  return new SignedCalls(options, { ours: true, callsAtOnce: BRIDGE_CALLS_AT_ONCE }, (message) => {
    const problem = problemOf(channel, message.address);
    if (problem !== undefined) return { outcome: 'refused', detail: problem };
    return { url, signer, request: bridgeRequest(message, channel, from) };
  });
}
