/** Commands by which people ask questions of the datasources. */
import { InvalidArgumentError } from 'commander';
import { callerCommand, flag, one, optional, preset, value } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { json, whole } from '../options.ts';

const csv = flag('as CSV, with a line of names', { conflicts: ['json'] });
const limit = value('n', 'at most so many rows', { parse: whole });

export const query = callerCommand('query', {
  description:
    'Ask SQL over the datasources: one SELECT, from the command line, a file, or the standard input as "-". The answer is a table of at most 1,000 rows; with --json it is one object a line, with --csv lines with names above them, both whole.',
  examples: [
    "query 'select date, sum(joined) as joined from enrollments group by date order by date'",
    'query --file weekly.sql --csv > weekly.csv',
    'query --list enrollments',
  ],
  operands: { sql: optional('sql') },
  options: {
    file: value('file', 'the text of the query; - is the standard input', { short: '-f', names: 'files' }),
    list: flag('list the tables there are, or the columns of the one that is named'),
    views: flag('print SQL by which other programs get the same tables', { conflicts: ['list', 'file'] }),
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
    'Add up a datasource by days, weeks or months of a time zone: whoever comes several times is counted once in each, and quantiles are those of all values. With --sql, print the query instead, for any engine.',
  examples: [
    'summarize activity --every week --zone Asia/Kolkata',
    'summarize enrollments --every day --zone Asia/Kolkata --by course_id --first 2026-01-01 --last 2026-01-31 --csv',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    every: value('stretch', 'day, week or month (default: all time is one)', { parse: stretch, names: EVERY }),
    zone: preset('name', 'whose days they are, as of IANA', 'UTC'),
    by: value('dimensions', 'tell these apart, with commas between them', { parse: (text) => text.split(',') }),
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
  throw new InvalidArgumentError(`There are ${EVERY.join(', ')}.`);
}
