/**
 * Calls of channels. The row, with the call in its outbox, is written before the call is made, and the result is written to the log as an
 * event. If the process dies in between, it is unknown whether the call was made; the channel declares whether it may be repeated.
 */

import type { ChannelName } from '../../../core/channel.ts';
import { messageOf } from '../../../core/errors.ts';
import type { Channel } from '../../../sinks/channels/port.ts';
import type { OutboxCall } from './outbox.ts';

export interface CallResult {
  readonly outcome: 'sent' | 'away' | 'refused' | 'unknown';
  readonly detail: string;
}

/** In characters. Answers of servers may be long, and the detail has to fit into a record. */
const LONGEST_DETAIL = 1000;

/** Identifies a call among the calls of one owner. */
export const callId = ({ row, offset, channel, message }: OutboxCall): string =>
  JSON.stringify([row, offset, channel, message.messageId]);

/** Identifies the message, in printable ASCII. Slashes within parts are escaped, so that they differ from those between parts. */
const keyOf = (parts: readonly string[]): string =>
  encodeURIComponent(parts.map((part) => part.toWellFormed().replace(/[%/]/g, encodeURIComponent)).join('/'));

/** `first`: this attempt folded the call, so it cannot have been made before. `now`: the time of the call, in ms since 1970 UTC. */
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
