/**
 * The profile of each user and their consents, as the platform reports them. Other jobs look them up.
 *
 * - A creation and an update both carry the whole account. The one with the newest time holds: an older one that arrives later changes
 *   nothing.
 * - Of the facts about consent to one object, given or withdrawn, the newest holds. They may arrive before the account does.
 * - A deletion is final. The row keeps only that the user was deleted, so that a late event does not bring the user back.
 */
import { Entries } from '../../core/entries.ts';
import type { EventOf } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { userConsentGiven, userConsentWithdrawn, userCreated, userDeleted, userUpdated } from '../../schemas/user.ts';
import { userEvents } from '../../topics/index.ts';
import { defineJob } from '../define.ts';
import { isOlder } from '../older.ts';
import { same } from '../same.ts';

type Profile = RowOf<typeof userProfile>;
type Account = Pick<EventOf<typeof userUpdated>, 'data' | 'time'>;
type Agreement = Pick<EventOf<typeof userConsentGiven>, 'data' | 'time'>;

export const projectUser = defineJob({
  name: 'project-user',
  doc: 'Keeps the profile of each user and their consents, until the account is deleted.',
  from: userEvents,
  on: [userCreated, userUpdated, userDeleted, userConsentGiven, userConsentWithdrawn],
  to: [],
  row: userProfile,

  key: ({ data }) => ({ userId: data.userId }),

  fold: {
    'user.created': withAccount,

    'user.updated': withAccount,

    'user.deleted': (row, { data: { userId } }) => (row?.deleted ? row : { ...unknown(userId), deleted: true }),

    'user.consent-given': (row, event) => withConsent(row, event, true),

    'user.consent-withdrawn': (row, event) => withConsent(row, event, false),
  },
});

/** The profile of a user before any event. */
const unknown = (userId: string): Profile => ({
  userId,
  name: null,
  gender: null,
  region: null,
  ageBand: null,
  education: null,
  disability: null,
  toldAt: null,
  deleted: false,
  consents: Entries.empty(),
});

function withAccount(row: Profile | undefined, { data, time }: Account): Profile {
  const before = row ?? unknown(data.userId);
  if (before.deleted || isOlder(time, before.toldAt)) return before;
  const { name, gender, region, ageBand, education, disability } = data;
  const after = { ...before, name, gender, region, ageBand, education, disability, toldAt: time };
  return row !== undefined && same(row, after) ? row : after;
}

function withConsent(row: Profile | undefined, { data, time }: Agreement, given: boolean): Profile {
  const before = row ?? unknown(data.userId);
  const known = before.consents.get(data.objectId);
  if (before.deleted || isOlder(time, known?.at)) return before;
  if (known?.given === given && known.at === time) return before;
  return { ...before, consents: before.consents.set(data.objectId, { given, at: time }) };
}
