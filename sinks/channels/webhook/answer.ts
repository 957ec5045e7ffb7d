/** The outcome of a message whose receiver answered, and for how long the receiver asks not to be called. */
import type { Answer } from '../port.ts';

/** Too slow, too early, too many requests. */
const PASSING = [408, 425, 429];
/** From one of our services, these mean that we or its URL are wrong. No message should be lost for that. */
const OUR_FAULT = [401, 403, 404, 405];

/**
 * 2xx is `sent`; 5xx, 408, 425 and 429 are `away`; anything else is `refused`, including redirects, which are not
 * followed. `ours`: the receiver is one of our services, not a user's URL.
 */
export function outcomeOf(status: number, ours: boolean): Answer['outcome'] {
  if (status >= 200 && status < 300) return 'sent';
  if (status >= 500 || PASSING.includes(status)) return 'away';
  return ours && (OUR_FAULT.includes(status) || (status >= 300 && status < 400)) ? 'away' : 'refused';
}

/** RFC 9110 section 10.2.3: seconds, or a date. Returned in ms from `now`; 0 if there is no valid header. */
export function retryAfterMs(header: string | undefined, now: number): number {
  const text = header?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const date = /^[A-Z][a-z]{2}, /.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? 0 : Math.max(0, date - now);
}
