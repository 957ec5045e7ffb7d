/**
 * What each user is told: the feed, the number of unread notifications, and which messages go out by which channel, when.
 *
 * - Every notification comes into the feed, once: the same id again is a repeat, as far as the feed and the latest 200
 *   requests tell. The feed keeps the newest 100. One that was read before it was asked for, as far as the latest 200 such readings
 *   tell, is read at once.
 * - History is not mailed: what is more than `historyDays` older than its record comes into the feed alone.
 * - By a channel goes what is not expired and of no muted category, to every channel that has an address.
 * - In quiet hours it is held back, unless it is urgent. When they end it goes out, if it is still wanted by then: not read
 *   meanwhile, not expired, not muted. Each held notification has its own end, so that a timer that comes late changes nothing. Of more
 *   than 100 the newest are held, and the others stay in the feed alone.
 * - For channels that carry digests it is collected, unless it is urgent, and goes out with the next digest, if it is still wanted by
 *   then: one message for all, of the newest 100 and how many more there were. Digests are numbered, which makes each one message.
 * - New preferences hold for what waits too: it is judged as if it were asked for now. Older ones change nothing, and what of them
 *   cannot be understood is said (`preferences.ts`).
 * - Whether it is quiet, or too late, is asked at the moment of the record: an event may be told long after its time.
 */

import { Entries } from '../../core/entries.ts';
import { timerFired } from '../../core/event.ts';
import {
  DIGEST_PREFIX,
  notificationRead,
  notificationRequested,
  preferencesChanged,
  preferencesRefused,
} from '../../schemas/notification.ts';
import { notificationFeed, recipient, unreadCounts } from '../../schemas/rows/recipient.ts';
import { notificationEvents } from '../../topics/index.ts';
import { defineJob, emit, reject, sleep, view, viewEach, wakeAt } from '../define.ts';
import { DEFAULT_OPTIONS, type JobOptions } from '../options.ts';
import { same } from '../same.ts';
import { isUnknown, seenBy, withFeed, withRead } from './feed.ts';
import { askedFor, isHistory, momentOf, noLongerHeld } from './going-out.ts';
import { preferring } from './preferences.ts';
import { awaiting, judgedAgain, type Message, nextDue, type Recipient } from './waiting.ts';

const RECENT_REQUESTS = 200;
const READ_AHEAD = 200;
const WAITED = 'waited';

export const notifyWith = ({ historyDays }: Pick<JobOptions, 'historyDays'>) =>
  defineJob({
    name: 'notify',
    doc: 'Keeps the feed and the preferences of each user, and says which message is to go out when.',
    from: notificationEvents,
    on: [notificationRequested, notificationRead, preferencesChanged, timerFired],
    to: [notificationEvents],
    row: recipient,

    key: ({ data }) => ({ recipientId: data.recipientId }),

    fold: {
      'notification.requested': (row, event) => {
        const { data, time } = event;
        const { notificationId, urgent } = data;
        if (notificationId.startsWith(DIGEST_PREFIX)) {
          return reject('KEY_INVALID', `data.notificationId: an id must not begin with ${DIGEST_PREFIX}`);
        }
        const before = row ?? newRecipient(data);
        if (before.feed.has(notificationId) || before.recent.includes(notificationId)) return before;
        const { unsubscribe: _, ...shown } = messageOf(data);
        const read = before.readAhead.includes(notificationId);
        const recent = [...before.recent, notificationId].slice(-RECENT_REQUESTS);
        const readAhead = read ? before.readAhead.filter((id) => id !== notificationId) : before.readAhead;
        const told = withFeed(
          { ...before, recent, readAhead },
          before.feed.set(notificationId, { ...shown, time, read }),
        );
        if (urgent || read || isHistory(event, historyDays)) return told;
        return awaiting(told, notificationId, messageOf(data), time, momentOf(event));
      },

      'notification.read': (row, { data, time }) => {
        const named = data.notificationIds;
        if (named.length === 0) return row && withRead(row, seenBy(row.feed, time));
        const before = row ?? newRecipient(data);
        const after = withRead(before, named);
        const unknown = named.filter((id) => isUnknown(before, id));
        if (unknown.length === 0) return after === before ? row : after;
        return { ...after, readAhead: [...before.readAhead, ...new Set(unknown)].slice(-READ_AHEAD) };
      },

      'notification.preferences-changed': (row, event) => {
        const before = row ?? newRecipient(event.data);
        const after = preferring(before, event);
        if (same(before, after)) return row ?? after;
        return same(before, asOf(after, before)) ? after : judgedAgain(after, momentOf(event), true);
      },

      'timer.fired': (row, { time }) => row && judgedAgain(row, time, false),
    },

    react: (before, after, event) => {
      if (after === undefined || after === before) return [];
      const { type } = event;
      const wake = nextDue(after);
      const anew = type === 'notification.preferences-changed';
      const now = type === 'timer.fired' ? event.time : momentOf(event);
      return [
        ...(type === 'notification.requested' ? askedFor(before, after, event, historyDays) : []),
        ...(anew && after.refused.length > 0 && after.refused !== before?.refused ? [refusal(after)] : []),
        ...(anew || type === 'timer.fired' ? noLongerHeld(before, after, now, anew) : []),
        ...(wake === nextDue(before) ? [] : [wake === undefined ? sleep(WAITED) : wakeAt(WAITED, wake)]),
      ];
    },

    views: [
      viewEach(recipient, notificationFeed, 'feed', ['recipientId'], ({ recipientId }, item, notificationId) => ({
        ...item,
        recipientId,
        notificationId,
        place: placeOf(item.time),
      })),
      view(recipient, unreadCounts, ({ recipientId, unread }) => ({ recipientId, unread })),
    ],
  });

export const notify = notifyWith(DEFAULT_OPTIONS);

function newRecipient({ recipientId }: { recipientId: string }): Recipient {
  const nothing = {
    addresses: [],
    muted: [],
    timeZone: 'UTC',
    quietFrom: null,
    quietUntil: null,
    digest: null,
    refused: [],
    recent: [],
    readAhead: [],
  };
  const unknown = {
    preferencesAt: null,
    addressesAt: null,
    mutedAt: null,
    timeZoneAt: null,
    quietAt: null,
    digestAt: null,
  };
  const counts = { unread: 0, uncollected: 0, digests: 0 };
  return {
    recipientId,
    ...nothing,
    ...unknown,
    ...counts,
    feed: Entries.empty(),
    held: Entries.empty(),
    collected: Entries.empty(),
  };
}

function messageOf({ category, title, body, link, expiresAt, unsubscribe }: Message): Message {
  return { category, title, body, link, expiresAt, unsubscribe };
}

/** The preferences of `after`, as old as those of `before`. */
function asOf(after: Recipient, before: Recipient): Recipient {
  const { preferencesAt, addressesAt, mutedAt, timeZoneAt, quietAt, digestAt, refused } = before;
  return { ...after, preferencesAt, addressesAt, mutedAt, timeZoneAt, quietAt, digestAt, refused };
}

function refusal({ recipientId, refused }: Recipient) {
  return emit(preferencesRefused, { recipientId, problems: refused });
}

/** Smaller the later the time: 16 digits for every time from the year 0 to 9999. */
function placeOf(time: number): string {
  return String(1e15 - time).padStart(16, '0');
}
