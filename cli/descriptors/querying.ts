/** Commands that query the datasources. */
import { InvalidArgumentError } from 'commander';
import { callerCommand, flag, one, optional, preset, value } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { json, whole } from '../options.ts';

const csv = flag('print CSV with a header line', { conflicts: ['json'] });
const limit = value('n', 'at most this many rows', { parse: whole });

export const query = callerCommand('query', {
  description:
    'Run an SQL query over the datasources: one SELECT, from the command line, from a file, or from standard input ("-"). The answer is a table of at most 1,000 rows. To print all rows, use --json, which prints one object per line, or --csv, which prints a header line first.',
  examples: [
    "query 'select date, sum(joined) as joined from enrollments group by date order by date'",
    'query --file weekly.sql --csv > weekly.csv',
    'query --list enrollments',
  ],
  operands: { sql: optional('sql') },
  options: {
    file: value('file', 'read the query from this file; - is standard input', { short: '-f', names: 'files' }),
    list: flag('list the tables, or the columns of the named table'),
    views: flag('print SQL that gives other programs the same tables', { conflicts: ['list', 'file'] }),
    limit,
    json,
    csv,
  },
  args: (values, { colors }) => {
    const { sql, file, list, views } = values;
    if (sql !== null && (file !== null || views)) throw usage('give the text of a query, or --file, or --views');
    if (sql === null && file === null && !list && !views) throw usage('there is no query: give its text, or --file');
    return { ...values, colors };
  },
  load: () => import('../commands/query.ts'),
});

const EVERY = ['day', 'week', 'month'] as const;

export const summarize = callerCommand('summarize', {
  description:
    'Summarize a datasource by days, weeks or months of a time zone. In each period, distinct values are counted once, and quantiles are over all values. With --sql, print the query instead, for any engine.',
  examples: [
    'summarize activity --every week --zone Asia/Kolkata',
    'summarize enrollments --every day --zone Asia/Kolkata --by course_id --first 2026-01-01 --last 2026-01-31 --csv',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    every: value('period', 'day, week or month (default: one period for all time)', { parse: stretch, names: EVERY }),
    zone: preset('name', 'the IANA time zone of the days', 'UTC'),
    by: value('dimensions', 'count by these dimensions, separated by commas', { parse: (text) => text.split(',') }),
    first: value('day', 'the first day, such as 2026-01-01'),
    last: value('day', 'the last day'),
    sql: flag('print the query', { conflicts: ['json', 'csv', 'limit'] }),
    limit,
    json,
    csv,
  },
  args: (values, { colors }) => {
    if ((values.first === null) !== (values.last === null)) throw usage('--first and --last go together');
    return { ...values, colors };
  },
  load: () => import('../commands/summarize.ts'),
});

function stretch(text: string): (typeof EVERY)[number] {
  const found = EVERY.find((each) => each === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`Give one of ${EVERY.join(', ')}.`);
}
