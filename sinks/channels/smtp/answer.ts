/** The outcome of a mail that could not be sent. */
import { messageOf } from '../../../core/errors.ts';
import type { Answer, Channel } from '../port.ts';

/** The properties of nodemailer's errors besides the message. */
interface Failure {
  readonly code?: unknown;
  readonly responseCode?: unknown;
}

/** Errors about this mail: its sender, its recipient or its text. All others are about the connection. */
const ABOUT_THE_MAIL: readonly unknown[] = ['EENVELOPE', 'EMESSAGE'];
/** RFC 4954: the server asks for a login, or for another one. In whatever step this happens, it is not the mail's fault. */
const ABOUT_US: readonly unknown[] = [503, 530, 534, 535, 538];
const LONGEST_DETAIL = 300;

/**
 * - A final refusal of the sender, recipient or text (5xx) is `refused`: trying again never helps. So is a mail that is
 *   larger than the server allows, or that could not be addressed.
 * - Any other answer (4xx), and a connection that cannot be made or ends, is `away`. So is a failed login: nobody's
 *   mail should be lost because a password was changed.
 * - If the server does not answer after the whole text was sent, it may have accepted the mail: see the port.
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
