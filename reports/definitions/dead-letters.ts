/** What jobs could not apply, by topic, job and reason. */
import { defineReport } from '../define-report.ts';
import * as columns from './columns.ts';

export const deadLetters = defineReport({
  name: 'dead-letters',
  title: 'Dead letters',
  answers: 'Which records could jobs not apply, and why?',
  version: 1,
  role: 'operator',
  freshMs: 60_000,
  parameters: {},
  columns: {
    topic: columns.string('Topic', 'The topic of the records.'),
    job: columns.string('Job', 'The job that could not apply them.'),
    code: columns.string('Code', 'The reason, as one of the codes listed in docs/operate.md.'),
    records: columns.count('Records', 'records', 'The number of records, of all tenants.'),
    oldest_at: columns.at('Oldest', 'When the oldest of them was written.'),
    newest_at: columns.at('Newest', 'When the newest of them was written.'),
  },
  from: {
    reads: [],
    async *rows(_, reads) {
      const counts = await reads.deadLetters();
      yield counts.map(({ topic, job, code, count, oldestAt, newestAt }) => ({
        topic,
        job,
        code,
        records: count,
        oldest_at: oldestAt,
        newest_at: newestAt,
      }));
    },
  },
});
