/** The one rule by which consents are compared. A consent belongs to one person and one thing, which mostly is a course. */
import type { RecordOf } from '../core/target.ts';
import { userProfile } from '../schemas/rows/user-profile.ts';
import type { Reads } from './define-report.ts';

type Profile = RecordOf<typeof userProfile>;

/** The consent that holds now; undefined where none was given, it was withdrawn, or the account is gone. */
export function heldConsent(profile: Profile | undefined, objectId: string): { readonly at: number } | undefined {
  if (profile === undefined || profile.deleted || !Object.hasOwn(profile.consents, objectId)) return undefined;
  const consent = profile.consents[objectId];
  return consent?.given === true ? consent : undefined;
}

/** For each person: whether the consent to the thing holds now. */
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
