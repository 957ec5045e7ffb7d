/** The test kit runs jobs of any module. */
import { test } from 'node:test';
import { defineTable } from '../../core/target.ts';
import { defineJob, lookup } from '../../jobs/define.ts';
import { notificationRequested } from '../../schemas/notification.ts';
import { jobSpec, type SpecEvent } from '../../testing/job-spec.ts';
import { countLogins, loggedIn, loginCount, loginEvents } from './logins.ts';

const ada: SpecEvent = [loggedIn, { userId: 'ada' }];

test('a job of an own module can be tested with the kit', async (t) => {
  const spec = await jobSpec(t, countLogins);
  await spec.given(ada, ada);
  await spec.when(ada);
  await spec.thenRow(['ada'], { logins: 3 });
  await spec.thenView('logins', { userId: 'ada', logins: 3 });
  await spec.thenEmits([
    notificationRequested,
    {
      recipientId: 'ada',
      notificationId: 'logins-ada',
      category: 'logins',
      title: 'Three logins',
      body: 'You logged in three times.',
      link: null,
      urgent: false,
      expiresAt: null,
      unsubscribe: null,
    },
  ]);
});

const userId = { name: 'userId', type: 'string', doc: 'The user.' } as const;
const seen = { name: 'seen', type: 'int', doc: 'How many logins the lookup had.' } as const;
const looking = defineJob({
  name: 'look',
  doc: 'Looks up the logins of another job.',
  from: loginEvents,
  on: [loggedIn],
  to: [],
  row: defineTable({
    name: 'looks',
    doc: 'What was seen.',
    key: ['userId'],
    record: { type: 'record', name: 'Looks', fields: [userId, seen] },
  }),
  key: ({ data }) => ({ userId: data.userId }),
  lookups: ({ userId }) => ({ count: lookup(loginCount, { userId }) }),
  fold: { 'login.logged-in': (_, { data }, { count }) => ({ userId: data.userId, seen: count?.logins ?? -1 }) },
});

test('a lookup returns a row of another job of any module, or nothing while there is none', async (t) => {
  const spec = await jobSpec(t, looking);
  await spec.when(ada);
  await spec.thenRow(['ada'], { seen: -1 });
  await spec.lookups([loginCount, { userId: 'ada', logins: 5 }]);
  await spec.when(ada);
  await spec.thenRow(['ada'], { seen: 5 });
});
