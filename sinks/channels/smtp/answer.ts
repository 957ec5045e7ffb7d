/** The outcome of a mail that could not be sent. */
import { messageOf } from '../../../core/errors.ts';
import type { Answer, Channel } from '../port.ts';

/** The properties of nodemailer's errors besides the message. */
interface Failure {
  readonly code?: unknown;
  readonly responseCode?: unknown;
}

/** Errors that are about this mail: its sender, its recipient or its text. All others are about the connection. */
const ABOUT_THE_MAIL: readonly unknown[] = ['EENVELOPE', 'EMESSAGE'];
/** RFC 4954: asked to log in, or to log in otherwise. It is no fault of the mail, in whatever step it is said. */
const ABOUT_US: readonly unknown[] = [503, 530, 534, 535, 538];
const LONGEST_DETAIL = 300;

/**
 * - A final refusal of sender, recipient or text (5xx) never helps to try again. Neither does a mail that the server's limit of size
 *   forbids, or that could not be addressed.
 * - Any other answer (4xx), and a connection that cannot be made or ends, is away; a login that fails, too: nobody's mail is to be lost
 *   for a password that is changed.
 * - Without an answer to a text that has left, the mail may have been accepted: see the port.
 */
export function answerTo(error: unknown, textHasLeft: boolean, repeats: Channel['repeats']): Answer {
  const { code, responseCode } = error as Failure;
  const detail = messageOf(error).replace(/\s+/g, ' ').slice(0, LONGEST_DETAIL);
  if (typeof responseCode === 'number') {
    const isFinal = responseCode >= 500 && !ABOUT_US.includes(responseCode) && ABOUT_THE_MAIL.includes(code);
    return { outcome: isFinal ? 'refused' : 'away', detail };
  }
  if (ABOUT_THE_MAIL.includes(code)) return { outcome: 'refused', detail };
  if (!textHasLeft) return { outcome: 'away', detail };
  const unanswered = `the server did not say whether it took the mail: ${detail}`;
  return { outcome: repeats === 'at-most-once' ? 'unknown' : 'away', detail: unanswered };
}
