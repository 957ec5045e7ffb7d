/** What `tributary doctor` checks about a bridge: whether anything answers there. It sends nothing that could be a message. */
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { ChannelName } from '../../../core/channel.ts';
import { messageOf, TributaryError } from '../../../core/errors.ts';
import { type Finding, ok, problem, warning } from '../../../core/finding.ts';
import { mixUpAt } from '../../../network/mix-up.ts';
import { addressOf, HTTP } from '../../../network/speaking.ts';

const TIMEOUT_MS = 8000;

export async function diagnoseBridge(channel: ChannelName, url: string, ca: string | undefined): Promise<Finding[]> {
  if (!URL.canParse(url)) {
    throw new TributaryError('CONFIG_INVALID', `the URL of the ${channel} bridge must be https://host/path`);
  }
  try {
    return [bridgeFinding(channel, await statusOf(new URL(url), ca))];
  } catch (error) {
    const { protocol } = new URL(url);
    const [addresses, tls] = [[addressOf(new URL(url))], protocol === 'https:'];
    const mixUp = await mixUpAt({ addresses, tls, hello: HTTP, plainly: 'http://', encrypted: 'https://' });
    if (mixUp !== undefined) return [problem(channel, mixUp, `correct the URL of ${channel}`)];
    const todo = 'see whether it runs and can be reached from here; its messages are sent when it is back';
    return [problem(channel, `the bridge does not answer: ${messageOf(error)}`, todo)];
  }
}

/** The bridge may well refuse a request without a signature: what counts is that it answers. */
export function bridgeFinding(channel: ChannelName, status: number): Finding {
  if (status < 500) return ok(channel, `the bridge answers (${status} to HEAD)`);
  return warning(channel, `the bridge answers ${status} to HEAD`, 'see what it logs');
}

function statusOf(url: URL, ca: string | undefined): Promise<number> {
  const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const request = send(url, { method: 'HEAD', signal, ...(ca === undefined ? {} : { ca }) }, (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    request.on('error', (error) => reject(signal.aborted ? new Error(`no answer within ${TIMEOUT_MS} ms`) : error));
    request.end();
  });
}
