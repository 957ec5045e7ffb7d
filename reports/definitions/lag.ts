/** How far jobs and rollups are behind their topics. */
import { defineReport } from '../define-report.ts';
import * as columns from './columns.ts';

export const lag = defineReport({
  name: 'lag',
  title: 'Lag of jobs',
  answers: 'How many records does each job and each rollup still have to read?',
  version: 1,
  role: 'operator',
  freshMs: 0,
  parameters: {
    behindOnly: {
      type: 'boolean',
      default: false,
      doc: 'Whether to leave out partitions that have been read to their end.',
    },
  },
  columns: {
    job: columns.string('Job', 'The job or rollup, by the name of its consumer group.'),
    topic: columns.string('Topic', 'The topic that it reads.'),
    partition: columns.count('Partition', 'number', 'The partition of the topic.'),
    next_offset: columns.count(
      'Next offset',
      'offset',
      'The offset of the record that it reads next. Null: it has never read any.',
    ),
    end_offset: columns.count('End offset', 'offset', 'The offset of the next record that will be written.'),
    behind: columns.count('Behind', 'offsets', 'Offsets that it still has to read. Null: it has never read any.'),
  },
  from: {
    reads: [],
    async *rows({ behindOnly }, reads) {
      const lags = await reads.lags();
      yield lags
        .filter(({ offset, end }) => !behindOnly || offset === null || offset < end)
        .map(({ job, topic, partition, offset, end }) => ({
          job,
          topic,
          partition,
          next_offset: offset,
          end_offset: end,
          behind: offset === null ? null : Math.max(0, end - offset),
        }));
    },
  },
});
