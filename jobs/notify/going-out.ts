/** Which messages go out of what was asked for, at once or when they need not wait any more. */
import type { EventOf } from '../../core/event.ts';
import { DIGEST_PREFIX, messageDue, type notificationRequested } from '../../schemas/notification.ts';
import { emit } from '../define.ts';
import { derivedId } from '../derived-id.ts';
import { digestMessage } from './digest.ts';
import { quietEnd } from './quiet-hours.ts';
import { direct, goesOut, leftTogether, type Message, type Recipient } from './waiting.ts';

const DAY_MS = 24 * 60 * 60_000;

type Told = Pick<EventOf<typeof notificationRequested>, 'time' | 'loggedAt'>;

/** When the record came into the log: what was told late is judged as late as it is. */
export function momentOf({ time, loggedAt }: Told): number {
  return Math.max(time, loggedAt);
}

/** Whether it is so old when it is told that nobody needs a mail of it. */
export function isHistory({ time, loggedAt }: Told, historyDays: number): boolean {
  return loggedAt - time > historyDays * DAY_MS;
}

/** What goes out of a notification at once. */
export function askedFor(
  before: Recipient | undefined,
  row: Recipient,
  event: EventOf<typeof notificationRequested>,
  historyDays: number,
) {
  const { data } = event;
  const [id, now] = [data.notificationId, momentOf(event)];
  if (isHistory(event, historyDays) || before?.readAhead.includes(id)) return [];
  // Held back, or too old to be.
  if (!data.urgent && quietEnd(row, now) !== null) return [];
  if (!goesOut(row, data, now)) return [];
  return (data.urgent ? row.addresses : direct(row)).map((to) => messageTo(to, row, id, data));
}

/** What goes out since it need not wait any more: first each for itself, then the digest. */
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
