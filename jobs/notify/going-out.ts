/** Which messages are sent for the requested notifications: at once, or when their wait is over. */
import type { EventOf } from '../../core/event.ts';
import { DIGEST_PREFIX } from '../../schemas/digest.ts';
import { messageDue, type notificationRequested } from '../../schemas/notification.ts';
import { emit } from '../define.ts';
import { derivedId } from '../derived-id.ts';
import { digestMessage } from './digest.ts';
import { quietEnd } from './quiet-hours.ts';
import { direct, goesOut, leftTogether, type Message, type Recipient } from './waiting.ts';

const DAY_MS = 24 * 60 * 60_000;

type Requested = Pick<EventOf<typeof notificationRequested>, 'time' | 'loggedAt'>;

/** The time of the record, or of the event if that is later. A notification that is requested late is judged as of this time. */
export function momentOf({ time, loggedAt }: Requested): number {
  return Math.max(time, loggedAt);
}

/** Whether the notification was so old when it was requested that no channel sends it. */
export function isHistory({ time, loggedAt }: Requested, historyDays: number): boolean {
  return loggedAt - time > historyDays * DAY_MS;
}

/** The messages that are sent at once for a notification. */
export function askedFor(
  before: Recipient | undefined,
  row: Recipient,
  event: EventOf<typeof notificationRequested>,
  historyDays: number,
) {
  const { data } = event;
  const [id, now] = [data.notificationId, momentOf(event)];
  if (isHistory(event, historyDays) || before?.readAhead.includes(id)) return [];
  // Held back during quiet hours.
  if (!data.urgent && quietEnd(row, now) !== null) return [];
  if (!goesOut(row, data, now)) return [];
  return (data.urgent ? row.addresses : direct(row)).map((to) => messageTo(to, row, id, data));
}

/** The messages whose wait is over: first single ones, then the digest. */
export function noLongerHeld(before: Recipient | undefined, after: Recipient, time: number, anew: boolean) {
  if (before === undefined) return [];
  const left = [...before.held].filter(([id, message]) => !after.held.has(id) && goesOut(after, message, time));
  const together = leftTogether(before, after, anew, time);
  return [
    ...left.flatMap(([id, message]) => direct(after).map((to) => messageTo(to, after, id, message))),
    ...after.addresses.flatMap((to) => {
      const [newest, ...older] = together.filter(({ channels }) => channels.includes(to.channel));
      if (newest === undefined) return [];
      const message = digestMessage([newest, ...older], before.uncollected);
      return messageTo(to, after, `${DIGEST_PREFIX}${after.digests}`, { category: '', ...message });
    }),
  ];
}

function messageTo(
  { channel, address }: Recipient['addresses'][number],
  { recipientId }: Recipient,
  notificationId: string,
  { category, title, body, link, expiresAt, unsubscribe }: Message,
) {
  const ids = { recipientId, messageId: derivedId('', notificationId, `/${channel}`), notificationId };
  return emit(messageDue, { ...ids, channel, address, category, title, body, link, expiresAt, unsubscribe });
}
