/** The outcome of a message whose receiver answered, and how long the receiver asks not to be called. */
import type { Answer } from '../port.ts';

/** Too slow, too early, too many. */
const PASSING = [408, 425, 429];
/** From a service of ours these say that we or its URL are wrong, and no message is to be lost for that. */
const OUR_FAULT = [401, 403, 404, 405];

/**
 * 2xx: sent; 5xx, 408, 425 and 429: away; anything else, redirects among it, which are not followed: refused. `ours`: the receiver is a
 * service of ours and not somebody's URL.
 */
export function outcomeOf(status: number, ours: boolean): Answer['outcome'] {
  if (status >= 200 && status < 300) return 'sent';
  if (status >= 500 || PASSING.includes(status)) return 'away';
  return ours && (OUR_FAULT.includes(status) || (status >= 300 && status < 400)) ? 'away' : 'refused';
}

/** RFC 9110 section 10.2.3: seconds, or a date. In ms from `now`; 0 if it says nothing. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
