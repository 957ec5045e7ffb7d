/** How far the members of a group are in its courses. */
import { groupProgress as board, groupMembership } from '../../schemas/rows/group-membership.ts';
import { defineReport } from '../define-report.ts';
import { entryOf, known } from './batch-learners.ts';
import * as columns from './columns.ts';
import { groupOf, groupOutlook } from './outlooks.ts';

export const groupProgress = defineReport({
  name: 'group-progress',
  title: 'Progress of a group',
  answers: 'How far is each member of a group in each of its courses?',
  version: 1,
  role: 'analyst',
  freshMs: 5 * 60_000,
  parameters: { groupId: { type: 'text', doc: 'The id of the group.' } },
  columns: {
    group_id: columns.string('Group id', 'The group.'),
    group_name: columns.string('Group', 'The name of the group. Null: not known.'),
    user_id: columns.string('Member id', 'The member. The courses of one member follow each other.'),
    role: columns.string('Role', 'What the member may do in the group: member or admin. Null: not known.'),
    member_since: columns.at('Member since', 'When the member joined the group. Null: not known.'),
    course_id: columns.courseId,
    enrolled: { title: 'Enrolled', type: 'boolean', doc: 'Whether the member is in a batch of the course.' },
    state: columns.string('State', 'not_started, in_progress or completed. Null: the member is not enrolled.'),
    progress: columns.count(
      'Progress',
      'percent',
      'The share of the required contents that are complete, rounded down. Null: the member is not enrolled.',
    ),
    completed_at: columns.completedAt,
  },
  outlook: ({ groupId }, reads) => groupOutlook(groupId, reads, ({ progress }) => Object.keys(progress).length),
  from: {
    reads: [board, groupMembership],
    async *rows({ groupId }, reads) {
      const group = await groupOf(groupId, reads);
      for await (const page of reads.pages(board, { groupId })) {
        yield page.map(({ userId, courseId, enrolled, state, progress, completedAt }) => ({
          group_id: groupId,
          group_name: known(group?.name),
          user_id: userId,
          role: entryOf(group?.members, userId)?.role ?? null,
          member_since: entryOf(group?.members, userId)?.since ?? null,
          course_id: courseId,
          enrolled,
          state: enrolled ? state : null,
          progress: enrolled ? progress : null,
          completed_at: enrolled ? completedAt : null,
        }));
      }
    },
  },
});
