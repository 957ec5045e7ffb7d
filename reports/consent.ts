/** The one rule for comparing consents. A consent belongs to one person and one object, usually a course. */
import type { RecordOf } from '../core/target.ts';
import { userProfile } from '../schemas/rows/user-profile.ts';
import type { Reads } from './define-report.ts';

type Profile = RecordOf<typeof userProfile>;

/** The consent in force. Undefined if none was given, if it was withdrawn, or if the account is gone. */
export function heldConsent(profile: Profile | undefined, objectId: string): { readonly at: number } | undefined {
  if (profile === undefined || profile.deleted || !Object.hasOwn(profile.consents, objectId)) return undefined;
  const consent = profile.consents[objectId];
  return consent?.given === true ? consent : undefined;
}

/** For each person: whether their consent to the object is in force. */
export async function consenting(
  userIds: readonly string[],
  objectId: string,
  reads: Pick<Reads, 'rows'>,
): Promise<readonly boolean[]> {
  const profiles = await reads.rows(
    userProfile,
    userIds.map((userId) => ({ userId })),
  );
  return profiles.map((profile) => heldConsent(profile, objectId) !== undefined);
}
