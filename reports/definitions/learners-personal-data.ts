/** Who the learners of a batch are and how to reach them. Only learners who consented to show these data to the course are listed. */
import type { RecordOf } from '../../core/target.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { batchLearners } from '../../schemas/rows/learner-progress.ts';
import { recipient } from '../../schemas/rows/recipient.ts';
import { userProfile } from '../../schemas/rows/user-profile.ts';
import { heldConsent } from '../consent.ts';
import { defineReport, type Outlook, type Reads } from '../define-report.ts';
import { type BatchLearner, entryOf, known, learnersIn } from './batch-learners.ts';
import * as columns from './columns.ts';
import { batchOutlook } from './outlooks.ts';
import { batchId, learners, retired } from './parameters.ts';

type Profile = RecordOf<typeof userProfile>;
type Recipient = RecordOf<typeof recipient>;

/** The number of consents is estimated after counting this many learners. */
const COUNTED = 10_000;

const personal = (title: string, doc: string) => ({ ...columns.string(title, doc), personal: true }) as const;

export const learnersPersonalData = defineReport({
  name: 'learners-personal-data',
  title: 'Personal data of learners',
  answers:
    'Who are the learners of a batch, and how can they be reached? Only learners who consented to show their data to the course are listed.',
  version: 1,
  role: 'personal-data',
  protection: 'required',
  freshMs: 0,
  parameters: { batchId, learners, retired },
  columns: {
    course_id: columns.courseId,
    batch_id: columns.batchId,
    batch_name: columns.batchName,
    user_id: columns.userId,
    consented_at: columns.at('Consented', 'When the learner consented to show these data to the course.'),
    name: personal('Name', 'The display name. Null: not known.'),
    gender: personal('Gender', 'The gender, as the platform reports it. Null: not known.'),
    region: personal('Region', 'Where the learner lives, as the platform names it. Null: not known.'),
    age_band: personal('Age', 'The age range. Null: not known.'),
    education: personal('Education', 'The highest level of education. Null: not known.'),
    disability: {
      title: 'Disability',
      type: 'boolean',
      doc: 'Whether the learner declared a disability. Null: not known.',
      personal: true,
    },
    mail: personal('Mail address', 'The mail address for notifications. Null: none.'),
    phone: personal('Phone number', 'The phone number for notifications by SMS. Null: none.'),
  },
  async outlook(values, reads) {
    const outlook = await batchOutlook(values, reads, (batch) =>
      values.learners === 'all' ? batch.ever : batch.learners,
    );
    return outlook.problems.length > 0 ? outlook : consentOutlook(values, reads, outlook.rows ?? 0);
  },
  async fileProblems(values, reads, { rows, asOf }) {
    let held = 0;
    let isWithdrawn = false;
    for await (const { page } of learnersIn({ ...values, learners: 'all' }, reads)) {
      const agreed = await consenting(page, reads);
      const isWanted = ({ learner }: Agreed) => values.learners === 'all' || learner.active;
      held += agreed.filter((each) => each.consentedAt <= asOf && isWanted(each)).length;
      isWithdrawn ||= await anyWithdrawn(page, reads, asOf);
    }
    if (!isWithdrawn && held >= rows) return [];
    return ['somebody in it has since left, or withdrawn the consent: ask for the report again'];
  },
  from: {
    reads: [batchLearners, userProfile, recipient, batchSummary],
    async *rows(values, reads) {
      for await (const { batch, page } of learnersIn(values, reads)) {
        const agreed = await consenting(page, reads);
        const reached = await reads.rows(
          recipient,
          agreed.map(({ learner }) => ({ recipientId: learner.userId })),
        );
        yield agreed.map((each, i) => rowOf(each, { batchName: known(batch?.name), reached: reached[i] }));
      }
    },
  },
});

interface Agreed {
  readonly learner: BatchLearner;
  readonly profile: Profile;
  readonly consentedAt: number;
}

/** The learners of the page whose consent to the course is in force. */
async function consenting(page: readonly BatchLearner[], reads: Reads): Promise<Agreed[]> {
  const profiles = await reads.rows(
    userProfile,
    page.map(({ userId }) => ({ userId })),
  );
  return page.flatMap((learner, i) => {
    const profile = profiles[i];
    const consent = heldConsent(profile, learner.courseId);
    return profile === undefined || consent === undefined ? [] : [{ learner, profile, consentedAt: consent.at }];
  });
}

/** Whether any of these learners withdrew a consent to the course after a moment. */
async function anyWithdrawn(page: readonly BatchLearner[], reads: Reads, since: number): Promise<boolean> {
  const profiles = await reads.rows(
    userProfile,
    page.map(({ userId }) => ({ userId })),
  );
  return page.some(({ courseId }, i) => {
    const consent = entryOf(profiles[i]?.consents, courseId);
    return consent !== undefined && !consent.given && consent.at > since;
  });
}

async function consentOutlook(
  values: { readonly batchId: string; readonly learners: 'active' | 'all' },
  reads: Reads,
  expected: number,
): Promise<Outlook> {
  let asked = 0;
  let agreed = 0;
  let isWhole = true;
  for await (const { page } of learnersIn(values, reads)) {
    asked += page.length;
    agreed += (await consenting(page, reads)).length;
    if (asked < COUNTED || agreed === 0) continue;
    isWhole = asked >= expected;
    break;
  }
  if (agreed === 0) {
    const who = asked === 0 ? 'it has no learners' : `none of its ${asked} learners has consented`;
    const what = `nothing can be shown of the learners of the batch ${values.batchId}, since ${who}`;
    return { problems: [`${what}: ask them to consent, and produce user.consent-given for the course`], rows: null };
  }
  const notes = [
    `${agreed} of ${isWhole ? '' : 'the first '}${asked} learners have consented; the others are left out`,
  ];
  return { problems: [], rows: isWhole ? agreed : Math.round((expected * agreed) / asked), notes };
}

function rowOf(
  { learner, profile, consentedAt }: Agreed,
  { batchName, reached }: { readonly batchName: string | null; readonly reached: Recipient | undefined },
) {
  const { name, gender, region, ageBand, education, disability } = profile;
  const addressOf = (channel: 'mail' | 'sms'): string | null =>
    reached?.addresses.find((each) => each.channel === channel)?.address ?? null;
  return {
    course_id: learner.courseId,
    batch_id: learner.batchId,
    batch_name: batchName,
    user_id: learner.userId,
    consented_at: consentedAt,
    name,
    gender,
    region,
    age_band: ageBand,
    education,
    disability,
    mail: addressOf('mail'),
    phone: addressOf('sms'),
  };
}
