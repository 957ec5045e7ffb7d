/** Events of one recipient, for the tests of notify. */
import { messageDue, notificationRead, notificationRequested, preferencesChanged } from '../../schemas/notification.ts';
import { minute, type SpecEvent } from '../../testing/job-spec.ts';

export const key = ['ada'];
const recipientId = 'ada';
const text = (notificationId: string) => ({ title: `About ${notificationId}`, body: '', link: null, expiresAt: null });

export const asks = (notificationId: string, rest: object = {}): SpecEvent => [
  notificationRequested,
  { recipientId, notificationId, category: 'course', urgent: false, ...text(notificationId), ...rest },
];
export const reads = (...notificationIds: string[]): SpecEvent => [notificationRead, { recipientId, notificationIds }];

export const MAIL = { channel: 'mail', address: 'ada@example.org' };
export const PUSH = { channel: 'push', address: 'device-1' };

/** All preferences. Without `rest`, everything goes to one mail address at any time. */
export const prefers = (rest: object = {}): SpecEvent => [
  preferencesChanged,
  {
    recipientId,
    addresses: [MAIL],
    muted: [],
    timeZone: 'UTC',
    quietFrom: null,
    quietUntil: null,
    digest: null,
    ...rest,
  },
];

/** The event of a notification that goes out. */
export const goesOut = (notificationId: string, { channel, address } = MAIL, rest: object = {}) =>
  [
    messageDue,
    {
      recipientId,
      messageId: `${notificationId}/${channel}`,
      notificationId,
      channel,
      address,
      category: 'course',
      ...text(notificationId),
      unsubscribe: null,
      ...rest,
    },
  ] as const;

/** An entry of the feed. */
export const inFeed = (notificationId: string, time: number, rest: object = {}) => ({
  [notificationId]: { category: 'course', ...text(notificationId), time, read: false, ...rest },
});
/** A held-back notification. Without `rest`, the second event asked for it. */
export const heldBack = (notificationId: string, until: number, rest: object = {}) => ({
  [notificationId]: { category: 'course', ...text(notificationId), unsubscribe: null, time: minute(1), until, ...rest },
});

/** A notification collected for a digest by mail. */
export const collectedFor = (notificationId: string, time: number, until: number, rest: object = {}) => ({
  [notificationId]: {
    category: 'course',
    ...text(notificationId),
    unsubscribe: null,
    time,
    channels: ['mail'],
    until,
    ...rest,
  },
});

/** The event of a digest that goes out. */
export const digestGoesOut = (
  number: number,
  title: string,
  body: string,
  { channel, address } = MAIL,
  rest: object = {},
) =>
  [
    messageDue,
    {
      recipientId,
      messageId: `digest/${number}/${channel}`,
      notificationId: `digest/${number}`,
      channel,
      address,
      category: '',
      title,
      body,
      link: null,
      expiresAt: null,
      unsubscribe: null,
      ...rest,
    },
  ] as const;
