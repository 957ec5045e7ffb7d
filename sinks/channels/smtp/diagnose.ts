/** What `tributary doctor` finds out about a mail server: connects, encrypts and logs in, and sends nothing. */
import { createTransport } from 'nodemailer';
import { messageOf } from '../../../schemas/errors.ts';
import { type Finding, ok, problem } from '../../../schemas/finding.ts';
import { type SmtpOptions, smtpChannel } from './channel.ts';
import { connectionOf } from './request.ts';

/** Throws when the configuration is wrong: of the URL, the sender, or the DKIM key. */
export async function diagnoseSmtp(options: SmtpOptions): Promise<Finding[]> {
  await smtpChannel(options).close();
  const transport = createTransport(connectionOf(options));
  try {
    await transport.verify();
    return [
      ok('mail', options.dkim === undefined ? 'the server lets us in; mail is not signed' : 'the server lets us in'),
    ];
  } catch (error) {
    return [smtpFinding(error)];
  } finally {
    transport.close();
  }
}

export function smtpFinding(error: unknown): Finding {
  const { code } = error as { readonly code?: unknown };
  const message = `the server does not take us: ${messageOf(error).replace(/\s+/g, ' ')}`;
  if (code === 'EAUTH') return problem('mail', message, 'correct the user and password in the URL of mail');
  if (code === 'ETLS' || code === 'ESOCKET') {
    return problem('mail', message, 'see whether it runs, and what its TLS is: tlsCa, or ?tls= in the URL of mail');
  }
  return problem('mail', message, 'see whether it runs and can be reached from here');
}
