/** What is known before a report runs: whether its batch, course or group exists, and what to do if not. */
import type { RecordOf } from '../../core/target.ts';
import { batchSummary } from '../../schemas/rows/batch-summary.ts';
import { courseStructure } from '../../schemas/rows/course-structure.ts';
import { groupMembership } from '../../schemas/rows/group-membership.ts';
import type { Outlook, Reads } from '../define-report.ts';

export type Batch = RecordOf<typeof batchSummary>;
export type Course = RecordOf<typeof courseStructure>;
export type Group = RecordOf<typeof groupMembership>;

/** The row found, or why the report cannot run. */
type Found<T> = { readonly found: T } | { readonly problem: string };

const RETIRED = 'set the parameter retired to true to have it all the same';

/** Likely corrections of a mistyped id: without the surrounding spaces, in upper or lower case. */
function similar(id: string): string[] {
  const trimmed = id.trim();
  const all = new Set([trimmed, trimmed.toUpperCase(), trimmed.toLowerCase()]);
  all.delete(id);
  return [...all].filter((each) => each !== '');
}

/** The first of these ids that exists in the table, to suggest it. */
async function meant<T extends Batch | Course | Group>(
  ids: readonly string[],
  read: (ids: readonly string[]) => Promise<readonly (T | undefined)[]>,
): Promise<string | undefined> {
  const rows = ids.length === 0 ? [] : await read(ids);
  return ids.find((_, i) => rows[i] !== undefined);
}

const batches = (reads: Reads) => (ids: readonly string[]) =>
  reads.rows(
    batchSummary,
    ids.map((batchId) => ({ batchId })),
  );
const courses = (reads: Reads) => (ids: readonly string[]) =>
  reads.rows(
    courseStructure,
    ids.map((courseId) => ({ courseId })),
  );
const groups = (reads: Reads) => (ids: readonly string[]) =>
  reads.rows(
    groupMembership,
    ids.map((groupId) => ({ groupId })),
  );

export async function batchOf(batchId: string, reads: Reads): Promise<Batch | undefined> {
  return (await batches(reads)([batchId]))[0];
}

export async function courseOf(courseId: string, reads: Reads): Promise<Course | undefined> {
  return (await courses(reads)([courseId]))[0];
}

export async function groupOf(groupId: string, reads: Reads): Promise<Group | undefined> {
  return (await groups(reads)([groupId]))[0];
}

async function findBatch(batchId: string, retired: boolean, reads: Reads): Promise<Found<Batch>> {
  const found = await batchOf(batchId, reads);
  if (found !== undefined) {
    return found.status === 'retired' && !retired
      ? { problem: `the batch ${batchId} was retired: ${RETIRED}` }
      : { found };
  }
  const other = await meant(similar(batchId), batches(reads));
  if (other !== undefined) return { problem: `there is no batch ${batchId}: there is ${other}` };
  const isCourse = (await courseOf(batchId, reads)) !== undefined;
  const instead = isCourse ? `${batchId} is a course, so give the id of one of its batches` : SEARCH.batch;
  return { problem: `there is no batch ${batchId}: ${instead}` };
}

async function findCourse(courseId: string, retired: boolean, reads: Reads): Promise<Found<Course>> {
  const found = await courseOf(courseId, reads);
  if (found !== undefined) {
    return found.retired && !retired ? { problem: `the course ${courseId} was retired: ${RETIRED}` } : { found };
  }
  const other = await meant(similar(courseId), courses(reads));
  return { problem: `there is no course ${courseId}: ${other === undefined ? SEARCH.course : `there is ${other}`}` };
}

const SEARCH = {
  batch: 'look for it with `tributary search batches`, and give its id',
  course: 'look for it with `tributary search courses`, and give its id',
  group: 'give the id that the platform has for it, such as that of `group.created`',
} as const;

/** For a report about one batch. `rows` estimates the number of rows; null if unknown. */
export async function batchOutlook(
  { batchId, retired }: { readonly batchId: string; readonly retired: boolean },
  reads: Reads,
  rows: (batch: Batch) => number | null,
): Promise<Outlook> {
  const batch = await findBatch(batchId, retired, reads);
  return 'found' in batch ? { problems: [], rows: rows(batch.found) } : { problems: [batch.problem], rows: null };
}

/** For a report about one course, one batch, or all. */
export async function filterOutlook(
  {
    courseId,
    batchId = null,
    retired,
  }: { readonly courseId: string | null; readonly batchId?: string | null; readonly retired: boolean },
  reads: Reads,
): Promise<Outlook> {
  const course = courseId === null ? undefined : await findCourse(courseId, retired, reads);
  const batch = batchId === null ? undefined : await findBatch(batchId, retired, reads);
  const problems = [course, batch].flatMap((each) => (each !== undefined && 'problem' in each ? [each.problem] : []));
  const own = batch !== undefined && 'found' in batch ? batch.found.courseId : '';
  if (own !== '' && courseId !== null && own !== courseId)
    problems.push(`the batch ${batchId} is of the course ${own}, not of ${courseId}: give one of them`);
  return { problems, rows: null };
}

export async function groupOutlook(
  groupId: string,
  reads: Reads,
  rows: (group: Group) => number | null,
): Promise<Outlook> {
  const found = await groupOf(groupId, reads);
  if (found === undefined) {
    const other = await meant(similar(groupId), groups(reads));
    const instead = other === undefined ? SEARCH.group : `there is ${other}`;
    return { problems: [`there is no group ${groupId}: ${instead}`], rows: null };
  }
  const { deletedAt, members } = found;
  if (deletedAt !== null && Object.keys(members).length === 0)
    return { problems: [`the group ${groupId} was deleted, and nothing is known of it any more`], rows: null };
  return { problems: [], rows: rows(found) };
}
