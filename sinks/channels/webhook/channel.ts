/**
 * Messages as signed HTTP calls, by Standard Webhooks (https://www.standardwebhooks.com): to the URL of the recipient, or to a
 * bridge, a service of ours that passes them on to a provider of push messages or SMS.
 *
 * Headers: `webhook-id`, the same for every attempt at one message, by which a receiver knows a repeat; `webhook-timestamp`;
 * `webhook-signature`, one for each secret. The body is JSON: see `payload.ts`. An answer of 2xx says that the receiver has it.
 *
 * A receiver that fails three times in a row, or asks for it by Retry-After, is not called for a while: calls are answered "away"
 * without being made. So a dead receiver does not delay others. Failed connections count for all URLs of a host, answers for one URL.
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
  /** Networks such as `10.1.0.0/16` that URLs may lead to although they are not of the public internet. */
  readonly networks?: readonly string[];
  /** Whether URLs may be of http: what is sent there can be read on its way. */
  readonly http?: boolean;
}

export interface BridgeOptions extends CommonOptions {
  /** `https://user:password@host/path`, or http within one's own network. */
  readonly url: string;
  readonly channel: ChannelName;
  /** Who messages are from, as the provider wants it: a sender's name or number, an application. */
  readonly from: string;
  readonly secrets: Secrets;
}

const CALLS_AT_ONCE = 8;
const BRIDGE_CALLS_AT_ONCE = 32;

/** To the URL that is the address of the message: only of the public internet, unless `networks` has it. */
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
    // An address in numbers is not looked up.
    const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
    if (isIP(host) !== 0 && !addresses.mayReach(host)) {
      return { outcome: 'refused', detail: `${host} is not an address that may be reached` };
    }
    const signer = signerFor(url);
    // Nobody's message is lost for a secret that is still to come.
    if (signer === undefined) return { outcome: 'away', detail: `no secret is configured for ${url.origin}` };
    return { url, signer, request: webhookRequest(message) };
  });
}

/** To one URL, whatever the address: that is for the bridge to reach. */
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
