/**
 * What each user is told: the feed, the number of unread notifications, and which messages go out by which channel, when.
 *
 * - Every notification comes into the feed, once: the same id again is a repeat, as far as the feed and the latest 200
 *   requests tell. The feed keeps the newest 100.
 * - By a channel goes what is not expired and of no muted category, to every channel that has an address.
 * - In quiet hours it is held back, unless it is urgent. When they end it goes out, if it is still wanted by then: not read
 *   meanwhile, not expired, not muted. Each held notification has its own end, so that a timer that comes late changes nothing. Of more
 *   than 100 the newest are held, and the others stay in the feed alone.
 * - For channels that carry digests it is collected, unless it is urgent, and goes out with the next digest, if it is still wanted by
 *   then: one message for all, of the newest 100 and how many more there were. Digests are numbered, which makes each one message.
 * - New preferences hold for what waits too: it is judged as if it were asked for now.
 */

import { Entries } from '../schemas/entries.ts';
import { type EventOf, timerFired } from '../schemas/event.ts';
import { LONGEST_KEY_PART } from '../schemas/key-part.ts';
import {
  DIGEST_PREFIX,
  messageDue,
  notificationRead,
  notificationRequested,
  preferencesChanged,
} from '../schemas/notification.ts';
import { notificationFeed, recipient, unreadCounts } from '../schemas/rows/recipient.ts';
import { notificationEvents } from '../topics/index.ts';
import { defineJob, emit, reject, sleep, view, viewEach, wakeAt } from './define.ts';
import { digestMessage, digestProblem } from './digest.ts';
import { problemOf, quietEnd } from './quiet-hours.ts';
import { same } from './same.ts';
import {
  awaiting,
  direct,
  goesOut,
  judgedAgain,
  leftTogether,
  type Message,
  newest,
  nextDue,
  type Recipient,
  withoutMore,
} from './waiting.ts';

type Feed = Recipient['feed'];
type Requested = EventOf<typeof notificationRequested>['data'];

const FEED_SIZE = 100;
const RECENT_REQUESTS = 200;
/** The id of a message is longer by the name of its channel, and part of a key too. */
const LONGEST_ID = LONGEST_KEY_PART - 12;
const WAITED = 'waited';

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
      if (notificationId.length > LONGEST_ID || notificationId.startsWith(DIGEST_PREFIX)) {
        const problem = `an id must be a text of 1 to ${LONGEST_ID} characters that does not begin with ${DIGEST_PREFIX}`;
        return reject('KEY_INVALID', `data.notificationId: ${problem}`);
      }
      const before = row ?? newRecipient(data);
      if (before.feed.has(notificationId) || before.recent.includes(notificationId)) return before;
      const { unsubscribe: _, ...shown } = messageOf(data);
      const recent = [...before.recent, notificationId].slice(-RECENT_REQUESTS);
      const told = withFeed({ ...before, recent }, before.feed.set(notificationId, { ...shown, time, read: false }));
      return urgent ? told : awaiting(told, notificationId, messageOf(data), time);
    },

    'notification.read': (row, { data }) => {
      if (row === undefined) return row;
      let { feed, held, collected } = row;
      for (const id of data.notificationIds.length > 0 ? data.notificationIds : [...feed.keys()]) {
        const item = feed.get(id);
        if (item !== undefined && !item.read) feed = feed.set(id, { ...item, read: true });
        held = held.delete(id);
        collected = collected.delete(id);
      }
      if (feed === row.feed && held === row.held && collected === row.collected) return row;
      return withFeed(withoutMore({ ...row, held, collected }), feed);
    },

    'notification.preferences-changed': (row, { data, time }) => {
      const problem = problemOf(data) ?? digestProblem(data.digest);
      if (problem !== undefined) return reject('FACT_IMPOSSIBLE', problem);
      const { muted, timeZone, quietFrom, quietUntil, digest } = data;
      // One address a channel: the last one named.
      const reached = new Map(data.addresses.map(({ channel, address }) => [channel, address]));
      const addresses = [...reached].flatMap(([channel, address]) => (address === '' ? [] : { channel, address }));
      const before = row ?? newRecipient(data);
      const after = { ...before, addresses, muted, timeZone, quietFrom, quietUntil, digest };
      return same(row, after) ? row : judgedAgain(after, time, true);
    },

    'timer.fired': (row, { time }) => row && judgedAgain(row, time, false),
  },

  react: (before, after, event) => {
    if (after === undefined || after === before) return [];
    const { type, data, time } = event;
    const wake = nextDue(after);
    const anew = type === 'notification.preferences-changed';
    return [
      ...(type === 'notification.requested' ? askedFor(after, data, time) : []),
      ...(anew || type === 'timer.fired' ? noLongerHeld(before, after, time, anew) : []),
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

function newRecipient({ recipientId }: { recipientId: string }): Recipient {
  const nothing = {
    addresses: [],
    muted: [],
    timeZone: 'UTC',
    quietFrom: null,
    quietUntil: null,
    digest: null,
    recent: [],
  };
  const counts = { unread: 0, uncollected: 0, digests: 0 };
  return {
    recipientId,
    ...nothing,
    ...counts,
    feed: Entries.empty(),
    held: Entries.empty(),
    collected: Entries.empty(),
  };
}

function messageOf({ category, title, body, link, expiresAt, unsubscribe }: Message): Message {
  return { category, title, body, link, expiresAt, unsubscribe };
}

/** The recipient with the newest of the feed. */
function withFeed(row: Recipient, all: Feed): Recipient {
  const feed = newest(all, FEED_SIZE);
  return { ...row, feed, unread: [...feed.values()].filter(({ read }) => !read).length };
}

/** What goes out of a notification at once. */
function askedFor(row: Recipient, data: Requested, time: number) {
  const id = data.notificationId;
  // Held back, or too old to be.
  if (!data.urgent && quietEnd(row, time) !== null) return [];
  if (!goesOut(row, data, time)) return [];
  return (data.urgent ? row.addresses : direct(row)).map((to) => messageTo(to, row, id, data));
}

/** What goes out since it need not wait any more: first each for itself, then the digest. */
function noLongerHeld(before: Recipient | undefined, after: Recipient, time: number, anew: boolean) {
  if (before === undefined) return [];
  const left = [...before.held].filter(([id, message]) => !after.held.has(id) && goesOut(after, message, time));
  const together = leftTogether(before, after, anew, time);
  return [
    ...left.flatMap(([id, message]) => direct(after).map((to) => messageTo(to, after, id, message))),
    ...after.addresses.flatMap((to) => {
      const [newest, ...older] = together.filter(({ channels }) => channels.includes(to.channel));
      if (newest === undefined) return [];
      const message = digestMessage([newest, ...older], before.uncollected);
      return messageTo(to, after, `${DIGEST_PREFIX}${after.digests}`, message);
    }),
  ];
}

function messageTo(
  { channel, address }: Recipient['addresses'][number],
  { recipientId }: Recipient,
  notificationId: string,
  { title, body, link, expiresAt, unsubscribe }: Omit<Message, 'category'>,
) {
  const ids = { recipientId, messageId: `${notificationId}/${channel}`, notificationId };
  return emit(messageDue, { ...ids, channel, address, title, body, link, expiresAt, unsubscribe });
}

/** Smaller the later the time: 16 digits for every time from the year 0 to 9999. */
function placeOf(time: number): string {
  return String(1e15 - time).padStart(16, '0');
}
