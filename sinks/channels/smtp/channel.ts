/**
 * Mail by SMTP, through a relay with a queue. A mail that the relay has accepted counts as sent.
 *
 * A mail has the same Message-ID however often it is sent, so most mailboxes show repeats once. SMTP itself does not
 * recognise repeats: if a connection ends after the text and before the answer, it is unknown whether the mail was
 * accepted. `repeats` determines whether it is then sent again.
 */
import { createPrivateKey, type KeyObject } from 'node:crypto';
import { PassThrough, pipeline, type Readable } from 'node:stream';
import { createTransport } from 'nodemailer';
import DKIM from 'nodemailer/lib/dkim';
import { TributaryError } from '../../../core/errors.ts';
import { mailOf, problemOf, senderOf } from '../message.ts';
import type { Answer, Channel } from '../port.ts';
import { answerTo } from './answer.ts';
import { type ConnectionOptions, connectionOf } from './request.ts';

export interface SmtpOptions extends ConnectionOptions {
  /** The sender of mail: an address, with or without a name: "Campus <campus@example.org>". */
  readonly from: string;
  readonly dkim?: DkimOptions | undefined;
  /** Whether a mail that may have been accepted is sent again. */
  readonly repeats?: 'at-least-once' | 'at-most-once';
  /** How long one mail may take once a connection is free for it, in ms. */
  readonly timeoutMs?: number;
}

/** `<selector>._domainkey.<domain>` has the public key. */
export interface DkimOptions {
  readonly domain: string;
  readonly selector: string;
  /** RSA, as PEM. */
  readonly privateKey: string;
}

const TIMEOUT_MS = 30_000;
/** RFC 6376 section 5.4.1, and both headers that RFC 8058 requires to be signed. Headers that a mail lacks are left out. */
const SIGNED = [
  ...['from', 'to', 'subject', 'date', 'message-id', 'auto-submitted'],
  ...['mime-version', 'content-type', 'content-transfer-encoding', 'list-unsubscribe', 'list-unsubscribe-post'],
].join(':');

/** One mail that is being sent. */
interface Sending {
  readonly stop: AbortController;
  /** Undefined until a connection is free for the mail. Has ended once the connection has taken all of it. */
  text: Readable | undefined;
}

export function smtpChannel(options: SmtpOptions): Channel {
  const { repeats = 'at-least-once', timeoutMs = TIMEOUT_MS } = options;
  const sender = senderOf(options.from);
  const dkim = options.dkim && signer(options.dkim);
  const transport = createTransport({ pool: true, ...connectionOf(options) });
  // A failed mail gets the error, too; errors of idle connections are ignored.
  transport.on('error', () => {});
  const waiting = new Set<Sending>();
  const running = new Set<Promise<Answer>>();

  // Called when a connection is free for the mail.
  transport.use('stream', (mail, done) => {
    const { sending } = mail.data as typeof mail.data & { sending: Sending };
    mail.message.processFunc((input) => {
      waiting.delete(sending);
      const timer = setTimeout(() => sending.stop.abort(new Error(`it took longer than ${timeoutMs} ms`)), timeoutMs);
      sending.stop.signal.addEventListener('abort', () => clearTimeout(timer));
      // It has no buffer of its own, so it ends only when the connection has taken everything.
      const text = new PassThrough();
      // nodemailer reports its errors as errors of the mail.
      pipeline(dkim === undefined ? input : dkim.sign(input), text, () => {});
      sending.text = text;
      return text;
    });
    done();
  });

  async function deliver(sending: Sending, mail: ReturnType<typeof mailOf>): Promise<Answer> {
    const { stop } = sending;
    waiting.add(sending);
    try {
      // SMTP ends lines with CR LF anyway; a stream for that would come between `text` and the connection.
      const extra = { newline: undefined, signal: stop.signal, sending };
      const { response } = await transport.sendMail({ ...mail, ...extra });
      return { outcome: 'sent', detail: response };
    } catch (error) {
      const reason: unknown = stop.signal.aborted ? stop.signal.reason : error;
      const answer = answerTo(reason, sending.text?.readableEnded ?? false, repeats);
      const isDown = sending.text === undefined || stop.signal.aborted;
      if (isDown && answer.outcome !== 'refused') for (const { stop } of waiting) stop.abort(reason);
      return answer;
    } finally {
      waiting.delete(sending);
      // Clears the timer.
      stop.abort();
    }
  }

  return {
    repeats,
    async send(message) {
      const problem = problemOf('mail', message.address);
      if (problem !== undefined) return { outcome: 'refused', detail: problem };
      const sent = deliver({ stop: new AbortController(), text: undefined }, mailOf(message, sender));
      running.add(sent);
      return sent.finally(() => running.delete(sent));
    },
    /** Waits for the mails that are being sent; those still waiting for a connection become `away`. */
    async close() {
      for (const { stop } of waiting) stop.abort(new Error('the channel was closed'));
      transport.close();
      await Promise.all(running);
    },
  };
}

function signer({ domain, selector, privateKey }: DkimOptions): DKIM {
  let key: KeyObject;
  try {
    key = createPrivateKey(privateKey);
  } catch {
    throw new TributaryError('CONFIG_INVALID', 'the DKIM key cannot be read; it must be a private key as PEM');
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new TributaryError('CONFIG_INVALID', `the DKIM key is of type ${key.asymmetricKeyType}; it must be RSA`);
  }
  const names = { domain, selector };
  for (const [name, value] of Object.entries(names)) {
    if (/^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/i.test(value)) continue;
    throw new TributaryError('CONFIG_INVALID', `the DKIM ${name} ${JSON.stringify(value)} is not a DNS name`);
  }
  return new DKIM({ domainName: domain, keySelector: selector, privateKey, headerFieldNames: SIGNED });
}
