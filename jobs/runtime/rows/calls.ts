/**
 * Calls of channels. The row said so before the call was made; what became of it is an event of the log. Between the two a
 * process may die, and then only the channel's own declaration says whether a second call is allowed.
 */

import type { ChannelName } from '../../../core/channel.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Channel } from '../../../sinks/channels/port.ts';
import type { OutboxCall } from './outbox.ts';

export interface CallResult {
  readonly outcome: 'sent' | 'away' | 'refused' | 'unknown';
  readonly detail: string;
}

/** What a server says may be long, and the answer has to fit a record. */
const LONGEST_DETAIL = 1000;

/** Tells the calls of one owner apart. */
export const callId = ({ row, offset, channel, message }: OutboxCall): string =>
  JSON.stringify([row, offset, channel, message.messageId]);

/** Which message it is, in printable ASCII. A part may have a slash, so that those within parts are told from those between. */
const keyOf = (parts: readonly string[]): string =>
  encodeURIComponent(parts.map((part) => part.toWellFormed().replace(/[%/]/g, encodeURIComponent)).join('/'));

/** `first`: this attempt folded the call, so that nobody can have made it before. `now`: when it is made. */
export async function answerCall(
  channels: Readonly<Partial<Record<ChannelName, Channel>>>,
  { channel: name, message, row, time }: OutboxCall,
  first: boolean,
  now: number,
): Promise<CallResult> {
  const channel = channels[name];
  if (channel === undefined) return { outcome: 'refused', detail: `no channel ${name} is configured` };
  if (!first && channel.repeats === 'at-most-once') {
    return {
      outcome: 'unknown',
      detail: 'the process ended during the call, and the channel must not be called twice',
    };
  }
  const { messageId, address, title, body, link, unsubscribe } = message;
  try {
    const { outcome, detail } = await channel.send({
      key: keyOf([...row, messageId]),
      address,
      title,
      body,
      link,
      unsubscribe,
      time,
      sentAt: now,
    });
    return { outcome, detail: detail.slice(0, LONGEST_DETAIL) };
  } catch (error) {
    return { outcome: 'away', detail: messageOf(error).slice(0, LONGEST_DETAIL) };
  }
}
