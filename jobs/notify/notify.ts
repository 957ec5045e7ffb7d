/**
 * What each user is notified of: the feed, the number of unread notifications, and which messages are sent by which channel, and when.
 *
 * - Every notification goes into the feed once. A second request with the same id is a repeat, if the id is in the feed or among the latest
 *   200 requests. The feed keeps the newest 100. If a notification is read before it is requested, it counts as read at once; the latest 200
 *   such ids are remembered.
 * - History is not sent: a notification that is more than `historyDays` older than its record only goes into the feed.
 * - A notification is sent by every channel with an address, unless it is expired or of a muted category.
 * - In quiet hours it is held back, unless it is urgent. When they end it is sent, if it is still wanted: not read meanwhile, not expired,
 *   not muted. Each held notification has its own end, so a timer that fires late changes nothing. The newest 100 are held; others stay in
 *   the feed only.
 * - For channels with digests it is collected, unless it is urgent. It is sent with the next digest, if it is still wanted: one message
 *   for all, with the newest 100 and the number of the others. Digests are numbered, so that each is one message.
 * - New preferences also apply to what waits: it is judged as if it were requested now. Older preferences change nothing. Those that
 *   cannot be understood are reported (`preferences.ts`).
 * - Whether it is quiet, or too late, is judged as of the time of the record, because an event may be produced long after its own time.
 */

import { Entries } from '../../core/entries.ts';
import { timerFired } from '../../core/event.ts';
import { DIGEST_PREFIX } from '../../schemas/digest.ts';
import {
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
    doc: 'Keeps the feed and the preferences of each user, and decides which messages are sent, and when.',
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
        const after = withFeed(
          { ...before, recent, readAhead },
          before.feed.set(notificationId, { ...shown, time, read }),
        );
        if (urgent || read || isHistory(event, historyDays)) return after;
        return awaiting(after, notificationId, { ...messageOf(data), time }, momentOf(event));
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
        place: newestFirst(item.time),
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

/** The preferences of `after` with the times of those of `before`. */
function asOf(after: Recipient, before: Recipient): Recipient {
  const { preferencesAt, addressesAt, mutedAt, timeZoneAt, quietAt, digestAt, refused } = before;
  return { ...after, preferencesAt, addressesAt, mutedAt, timeZoneAt, quietAt, digestAt, refused };
}

function refusal({ recipientId, refused }: Recipient) {
  return emit(preferencesRefused, { recipientId, problems: refused });
}

/** A text that sorts later times first: 16 digits, for times from the year 0 to 9999. */
function newestFirst(time: number): string {
  return String(1e15 - time).padStart(16, '0');
}
