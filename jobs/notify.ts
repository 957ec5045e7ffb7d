/**
 * What each user is told: the feed, the number of unread notifications, and which messages go out by which channel, when.
 *
 * - Every notification comes into the feed, once: the same id again is a repeat, as far as the feed and the latest 200
 *   requests tell. The feed keeps the newest 100.
 * - By a channel goes what is not expired and of no muted category, to every channel that has an address.
 * - In quiet hours it is held back, unless it is urgent. When they end it goes out, if it is still wanted by then: not read
 *   meanwhile, not expired, not muted. Each held notification has its own end, so that a timer that comes late changes nothing.
 * - New preferences hold for what is held back too: it is judged as if it were asked for now.
 */

import { Entries } from '../schemas/entries.ts';
import { type EventOf, timerFired } from '../schemas/event.ts';
import { LONGEST_KEY_PART } from '../schemas/key-part.ts';
import { messageDue, notificationRead, notificationRequested, preferencesChanged } from '../schemas/notification.ts';
import { notificationFeed, recipient, unreadCounts } from '../schemas/rows/recipient.ts';
import type { RowOf } from '../schemas/target.ts';
import { notificationEvents } from '../topics/index.ts';
import { defineJob, emit, reject, sleep, view, viewEach, wakeAt } from './define.ts';
import { problemOf, quietEnd } from './quiet-hours.ts';
import { same } from './same.ts';

type Recipient = RowOf<typeof recipient>;
type Feed = Recipient['feed'];
type Message = Pick<
  EventOf<typeof notificationRequested>['data'],
  'category' | 'title' | 'body' | 'link' | 'expiresAt'
>;

const FEED_SIZE = 100;
const RECENT_REQUESTS = 200;
/** The id of a message is longer by the name of its channel, and part of a key too. */
const LONGEST_ID = LONGEST_KEY_PART - 12;
const QUIET_OVER = 'quiet-over';

export const notify = defineJob({
  name: 'notify',
  doc: 'Keeps the feed and the preferences of each user, and says which message is to go out when.',
  from: notificationEvents,
  on: [notificationRequested, notificationRead, preferencesChanged, timerFired],
  to: [notificationEvents],
  row: recipient,

  key: ({ data }) => ({ recipientId: data.recipientId }),

  fold: {
    'notification.requested': (row, { data, time }) => {
      const { notificationId, urgent } = data;
      if (notificationId.length > LONGEST_ID) {
        return reject('KEY_INVALID', `data.notificationId: an id must be a text of 1 to ${LONGEST_ID} characters`);
      }
      const before = row ?? newRecipient(data);
      if (before.feed.has(notificationId) || before.recent.includes(notificationId)) return before;
      const message = messageOf(data);
      const recent = [...before.recent, notificationId].slice(-RECENT_REQUESTS);
      const told = withFeed({ ...before, recent }, before.feed.set(notificationId, { ...message, time, read: false }));
      const until = urgent || !goesOut(before, message, time) ? null : quietEnd(before, time);
      return until === null ? told : { ...told, held: told.held.set(notificationId, { ...message, until }) };
    },

    'notification.read': (row, { data }) => {
      if (row === undefined) return row;
      let { feed, held } = row;
      for (const id of data.notificationIds.length > 0 ? data.notificationIds : [...feed.keys()]) {
        const item = feed.get(id);
        if (item !== undefined && !item.read) feed = feed.set(id, { ...item, read: true });
        held = held.delete(id);
      }
      return feed === row.feed && held === row.held ? row : withFeed({ ...row, held }, feed);
    },

    'notification.preferences-changed': (row, { data, time }) => {
      const problem = problemOf(data);
      if (problem !== undefined) return reject('FACT_IMPOSSIBLE', problem);
      const { muted, timeZone, quietFrom, quietUntil } = data;
      // One address a channel: the last one named.
      const reached = new Map(data.addresses.map(({ channel, address }) => [channel, address]));
      const addresses = [...reached].flatMap(([channel, address]) => (address === '' ? [] : { channel, address }));
      const before = row ?? newRecipient(data);
      const after = { ...before, addresses, muted, timeZone, quietFrom, quietUntil };
      return same(row, after) ? row : judgedAgain(after, time, () => true);
    },

    'timer.fired': (row, { time }) => row && judgedAgain(row, time, (until) => until <= time),
  },

  react: (before, after, event) => {
    if (after === undefined || after === before) return [];
    const { type, data, time } = event;
    const due = new Map<string, Message>();
    if (type === 'notification.requested') due.set(data.notificationId, messageOf(data));
    else if (type !== 'notification.read') for (const [id, message] of before?.held ?? []) due.set(id, message);
    const wake = wakingOf(after);
    return [
      ...[...due].flatMap(([id, message]) => {
        return !after.held.has(id) && goesOut(after, message, time) ? messages(after, id, message) : [];
      }),
      ...(wake === wakingOf(before) ? [] : [wake === undefined ? sleep(QUIET_OVER) : wakeAt(QUIET_OVER, wake)]),
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

function newRecipient({ recipientId }: { recipientId: string }): Recipient {
  const nothing = { addresses: [], muted: [], timeZone: 'UTC', quietFrom: null, quietUntil: null, recent: [] };
  return { recipientId, ...nothing, unread: 0, feed: Entries.empty(), held: Entries.empty() };
}

function messageOf({ category, title, body, link, expiresAt }: Message): Message {
  return { category, title, body, link, expiresAt };
}

function goesOut({ muted, addresses }: Recipient, { category, expiresAt }: Message, time: number): boolean {
  return addresses.length > 0 && !muted.includes(category) && (expiresAt === null || time < expiresAt);
}

/** The recipient with the newest of the feed; of two at the same time, the one with the greater id is the newer one. */
function withFeed(row: Recipient, feed: Feed): Recipient {
  let kept = feed;
  while (kept.size > FEED_SIZE) {
    const [oldest] = [...kept].reduce((a, b) => ((a[1].time - b[1].time || (a[0] < b[0] ? -1 : 1)) < 0 ? a : b));
    kept = kept.delete(oldest);
  }
  return { ...row, feed: kept, unread: [...kept.values()].filter(({ read }) => !read).length };
}

/** Holds back what must wait on, and lets go of the rest, of what was held until a time that is asked about. */
function judgedAgain(row: Recipient, time: number, isAsked: (until: number) => boolean): Recipient {
  const until = quietEnd(row, time);
  let { held } = row;
  for (const [id, message] of row.held) {
    if (!isAsked(message.until)) continue;
    if (until === null || !goesOut(row, message, time)) held = held.delete(id);
    else if (until !== message.until) held = held.set(id, { ...message, until });
  }
  return held === row.held ? row : { ...row, held };
}

function wakingOf(row: Recipient | undefined): number | undefined {
  let first: number | undefined;
  for (const { until } of row?.held.values() ?? []) first = Math.min(first ?? until, until);
  return first;
}

function messages({ recipientId, addresses }: Recipient, notificationId: string, message: Message) {
  const { title, body, link, expiresAt } = message;
  return addresses.map(({ channel, address }) => {
    const messageId = `${notificationId}/${channel}`;
    const ids = { recipientId, messageId, notificationId };
    return emit(messageDue, { ...ids, channel, address, title, body, link, expiresAt });
  });
}

/** Smaller the later the time: 16 digits for every time from the year 0 to 9999. */
function placeOf(time: number): string {
  return String(1e15 - time).padStart(16, '0');
}
