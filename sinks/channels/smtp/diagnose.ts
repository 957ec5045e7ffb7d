/** What `tributary doctor` checks about a mail server: it connects, encrypts and logs in, and sends nothing. */
import { createTransport } from 'nodemailer';
import { messageOf } from '../../../core/errors.ts';
import { type Finding, ok, problem } from '../../../core/finding.ts';
import { mixUpAt, type UrlForm } from '../../../network/mix-up.ts';
import { type SmtpOptions, smtpChannel } from './channel.ts';
import { connectionOf } from './request.ts';

const [SMTPS_PORT, SUBMISSION_PORT] = [465, 587];

/** Throws if the configuration is wrong: the URL, the sender, or the DKIM key. */
export async function diagnoseSmtp(options: SmtpOptions): Promise<Finding[]> {
  await smtpChannel(options).close();
  const transport = createTransport(connectionOf(options));
  try {
    await transport.verify();
    return [
      ok(
        'mail',
        options.dkim === undefined
          ? 'the server accepts the connection; mail is not signed'
          : 'the server accepts the connection',
      ),
    ];
  } catch (error) {
    const mixUp = await mixUpAt(urlFormOf(options));
    if (mixUp !== undefined) return [problem('mail', mixUp, 'correct the URL of mail')];
    return [smtpFinding(error)];
  } finally {
    transport.close();
  }
}

/** An SMTP server greets first. A server that speaks TLS from the beginning waits for the client. */
function urlFormOf(options: SmtpOptions): UrlForm {
  const { host, port, secure } = connectionOf(options);
  return {
    addresses: [{ host, port: port ?? (secure ? SMTPS_PORT : SUBMISSION_PORT) }],
    tls: secure,
    hello: { say: new Uint8Array(), isKnown: (answer) => answer.subarray(0, 3).toString() === '220' },
    plainly: 'smtp://',
    encrypted: 'smtps://',
  };
}

export function smtpFinding(error: unknown): Finding {
  const { code } = error as { readonly code?: unknown };
  const message = `the server cannot be used: ${messageOf(error).replace(/\s+/g, ' ')}`;
  if (code === 'EAUTH') return problem('mail', message, 'correct the user and password in the URL of mail');
  if (code === 'ETLS' || code === 'ESOCKET') {
    return problem('mail', message, 'see whether it runs, and what its TLS is: tlsCa, or ?tls= in the URL of mail');
  }
  return problem('mail', message, 'see whether it runs and can be reached from here');
}
