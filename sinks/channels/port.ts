/**
 * The channels port: how a message is sent. One implementation serves one channel name.
 *
 * Every implementation guarantees the following, which `test/contracts/channels.ts` checks:
 *
 * - `send` settles with the outcome within a limited time, and throws only for bugs. After `away` the message may be
 *   sent again; after `refused`, that never helps.
 * - A channel with `repeats: 'honours-key'` delivers one message however often it is called with the same key. For
 *   other channels, `repeats` determines what the runtime does after a crash between a call and its answer: with
 *   `at-least-once` it calls again, with `at-most-once` it does not.
 * - The same holds for a call that ends without an answer after the message may have been accepted. With `at-most-once`
 *   the outcome is `unknown`, which ends the message; otherwise it is `away`.
 */
export interface Message {
  /** The same for every call for one message. Printable ASCII. */
  readonly key: string;
  readonly address: string;
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  /** The URL of a one-click unsubscribe from messages like this one (RFC 8058); absent if there is none. */
  readonly unsubscribe?: string | null;
  /** When the message was requested, in ms since 1970 UTC. */
  readonly time: number;
  /** When this call is made, in ms since 1970 UTC: the date of a mail. It differs for every attempt. */
  readonly sentAt: number;
}

export interface Answer {
  readonly outcome: 'sent' | 'away' | 'refused' | 'unknown';
  /** The channel's answer, for people. It contains no secrets and nothing from the message. */
  readonly detail: string;
}

export interface Channel {
  readonly repeats: 'honours-key' | 'at-least-once' | 'at-most-once';
  send(message: Message): Promise<Answer>;
  close(): Promise<void>;
}
