/** A custom module beside `learning`. It counts logins, and notifies the user of the third. */
import { defineEvent } from '../../core/event.ts';
import { defineIndex, defineTable } from '../../core/target.ts';
import { defineJob, emit, view } from '../../jobs/define.ts';
import { defineModule } from '../../modules/define.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { defineTopic } from '../../topics/define.ts';
import { notificationEvents } from '../../topics/index.ts';

const userId = { name: 'userId', type: 'string', doc: 'The user.' } as const;

export const loggedIn = defineEvent(
  'login.logged-in',
  { type: 'record', name: 'LoggedIn', namespace: 'org.example.login', doc: 'A user logged in.', fields: [userId] },
  { userId: 'ada' },
);

export const loginEvents = defineTopic({
  name: 'login.events',
  doc: 'The logins of one user.',
  key: 'userId',
  events: [loggedIn],
  partitions: 2,
});

const record = {
  type: 'record',
  name: 'LoginCount',
  fields: [userId, { name: 'logins', type: 'int', doc: 'Logins so far.' }],
} as const;

export const loginCount = defineTable({ name: 'login_count', doc: 'Logins by user.', key: ['userId'], record });
const loginIndex = defineIndex({
  name: 'logins',
  doc: 'Users by their logins.',
  key: ['userId'],
  text: [],
  record,
});

export const countLogins = defineJob({
  name: 'count-logins',
  doc: 'Counts how often each user logged in.',
  from: loginEvents,
  on: [loggedIn],
  to: [notificationEvents],
  row: loginCount,
  key: ({ data }) => ({ userId: data.userId }),
  fold: {
    'login.logged-in': (row, { data }) => ({ userId: data.userId, logins: (row?.logins ?? 0) + 1 }),
  },
  react: (_, after) =>
    after?.logins === 3
      ? [
          emit(notificationRequested, {
            recipientId: after.userId,
            notificationId: `logins-${after.userId}`,
            category: 'logins',
            title: 'Three logins',
            body: 'You logged in three times.',
            link: null,
            expiresAt: null,
          }),
        ]
      : [],
  views: [view(loginCount, loginIndex, (row) => row)],
});

export const logins = defineModule({ name: 'logins', topics: [loginEvents], jobs: [countLogins] });
