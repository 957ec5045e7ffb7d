/**
 * What is known of each user, as the platform tells it: what others look up.
 *
 * - A creation and an update both carry the whole account, and the newest by its time holds: one that is older and comes later
 *   changes nothing.
 * - Deleted is for good. The row forgets everything but that, so that what is told late does not bring the user back.
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
type Told = Pick<EventOf<typeof userUpdated>, 'data' | 'time'>;

export const projectUser = defineJob({
  name: 'project-user',
  doc: 'Keeps what is known of each user, until the account is deleted.',
  from: userEvents,
  on: [userCreated, userUpdated, userDeleted],
  to: [],
  row: userProfile,

  key: ({ data }) => ({ userId: data.userId }),

  fold: {
    'user.created': told,

    'user.updated': told,

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

function told(row: Profile | undefined, { data, time }: Told): Profile {
  if (row?.deleted || isOlder(time, row?.toldAt)) return row as Profile;
  const { userId, name, gender, region, ageBand, education, disability } = data;
  const after = { userId, name, gender, region, ageBand, education, disability, toldAt: time, deleted: false };
  return row !== undefined && same(row, after) ? row : after;
}
