/**
 * The profile of each user, as the platform reports it. Others look it up.
 *
 * - A creation and an update both carry the whole account. The one with the newest time holds: an older one that arrives later changes
 *   nothing.
 * - A deletion is final. The row keeps only that the user was deleted, so that a late event does not bring the user back.
 */
import type { EventOf } from '../../core/event.ts';
import type { RowOf } from '../../core/target.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { userCreated, userDeleted, userUpdated } from '../../schemas/user.ts';
import { userEvents } from '../../topics/index.ts';
import { defineJob } from '../define.ts';
import { isOlder } from '../older.ts';
import { same } from '../same.ts';

type Profile = RowOf<typeof userProfile>;
type Account = Pick<EventOf<typeof userUpdated>, 'data' | 'time'>;

export const projectUser = defineJob({
  name: 'project-user',
  doc: 'Keeps the profile of each user, until the account is deleted.',
  from: userEvents,
  on: [userCreated, userUpdated, userDeleted],
  to: [],
  row: userProfile,

  key: ({ data }) => ({ userId: data.userId }),

  fold: {
    'user.created': withAccount,

    'user.updated': withAccount,

    'user.deleted': (row, { data: { userId } }) => (row?.deleted ? row : { ...NOTHING, userId, deleted: true }),
  },
});

const NOTHING = {
  name: null,
  gender: null,
  region: null,
  ageBand: null,
  education: null,
  disability: null,
  toldAt: null,
} as const;

function withAccount(row: Profile | undefined, { data, time }: Account): Profile {
  if (row?.deleted || isOlder(time, row?.toldAt)) return row as Profile;
  const { userId, name, gender, region, ageBand, education, disability } = data;
  const after = { userId, name, gender, region, ageBand, education, disability, toldAt: time, deleted: false };
  return row !== undefined && same(row, after) ? row : after;
}
