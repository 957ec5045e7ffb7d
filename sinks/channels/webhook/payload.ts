/** The request for a message. Nothing is sent here. */
import type { ChannelName } from '../../../core/channel.ts';
import { nameOf, textOf, titleLine } from '../message.ts';
import type { Message } from '../port.ts';

export interface WebhookRequest {
  /** The same for every attempt at one message: receivers recognise repeats by it. */
  readonly id: string;
  /** JSON: `type`, `timestamp` and `data`, as Standard Webhooks recommends. */
  readonly body: string;
}

/** `title`, `body` and `link` as they were given, and `text`: body and link as a reader sees them. */
const contentOf = (message: Message) => ({
  title: titleLine(message),
  body: message.body.toWellFormed(),
  link: message.link,
  text: textOf(message),
});

const requestOf = (message: Message, type: string, data: object): WebhookRequest => ({
  id: `msg_${nameOf(message.key)}`,
  body: JSON.stringify({ type, timestamp: new Date(message.time).toISOString(), data }),
});

/** For the recipient itself, at the recipient's URL. */
export const webhookRequest = (message: Message): WebhookRequest =>
  requestOf(message, 'notification.message', contentOf(message));

/** For a bridge, which passes the message on to `to` by the channel. */
export const bridgeRequest = (message: Message, channel: ChannelName, from: string): WebhookRequest =>
  requestOf(message, `${channel}.message`, { channel, from, to: message.address, ...contentOf(message) });
