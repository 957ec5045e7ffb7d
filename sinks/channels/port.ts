/**
 * The channels port: how a message is sent. One implementation serves one channel name.
 *
 * All implementations keep these rules, which `test/contracts/channels.ts` checks:
 *
 * - `send` settles with the outcome within a bounded time, and throws only for bugs. After `away` it may be tried again; after `refused`
 *   that never helps.
 * - A channel that says `repeats: 'honours-key'` delivers one message however often it is called with the same key.
 *   Otherwise the declared choice tells what the runtime does after a crash between a call and its answer:
 *   `at-least-once` calls again, `at-most-once` does not.
 * - The same choice holds for a call that ends without an answer after the message may have been accepted: `at-most-once` says
 *   `unknown`, which ends the message; the others say `away`.
 */
export interface Message {
  /** Equal for every call on behalf of the same message. Printable ASCII. */
  readonly key: string;
  readonly address: string;
  readonly title: string;
  readonly body: string;
  readonly link: string | null;
  /** The URL of a one-click unsubscribe from messages like this one (RFC 8058); absent if there is none. */
  readonly unsubscribe?: string | null;
  /** When the message was requested, in ms since 1970 UTC. */
  readonly time: number;
  /** When this call is made, in ms since 1970 UTC: the date of a mail. Another one at every attempt. */
  readonly sentAt: number;
}

export interface Answer {
  readonly outcome: 'sent' | 'away' | 'refused' | 'unknown';
  /** The answer of the channel, for people. It contains no secrets and nothing of the message. */
  readonly detail: string;
}

export interface Channel {
  readonly repeats: 'honours-key' | 'at-least-once' | 'at-most-once';
  send(message: Message): Promise<Answer>;
  close(): Promise<void>;
}
