/** Commands that send events, and read events and the results. */

import { SHAPES } from '../../demo/load/shape.ts';
import {
  any,
  callerCommand,
  command,
  flag,
  innerCommand,
  one,
  optional,
  preset,
  some,
  value,
  values,
} from '../descriptor.ts';
import { usage } from '../errors.ts';
import {
  after,
  csv,
  json,
  limitOf,
  moment,
  momentOrAgo,
  natural,
  oneOf,
  tenant,
  whole,
  wholeUpTo,
} from '../options.ts';

export const produce = callerCommand('produce', {
  description:
    'Send events to a topic: NDJSON from a file or standard input. Each line is a CloudEvent, an object with type, data and optionally time, id, tenant and source, or a record in the form of `tail --json`. All lines of a file are checked before any is sent; lines from a pipe are sent as they arrive.',
  examples: [
    'produce enrollment.events events.ndjson',
    `echo '{"type":"enrollment.enrolled","data":{"userId":"u1","courseId":"c1","batchId":"b1"}}' | tributary produce enrollment.events`,
  ],
  operands: { topic: one('topic', 'topics'), file: optional('file', 'files') },
  options: {
    fromLine: preset('n', 'start with this line, if the lines before it were already sent', 1, whole),
    json,
  },
  load: () => import('../commands/produce.ts'),
});

export const producePiece = innerCommand('produce-piece', {
  prepares: 'all',
  makesFolder: true,
  load: () => import('../commands/produce/piece.ts'),
});

export const load = command('load', {
  description:
    'Produce events of a made-up platform to all its topics, at a given rate, until stopped. With the same seed and start, the same events are produced again, with the same ids. The learners have no addresses, so no message is sent.',
  examples: [
    'load --rate 200 --seconds 60',
    'load --shape daily --day-minutes 10 --rate 500 --learners 20000',
    'load --seed 7 --start 2026-03-01T00:00:00Z --events 10000',
  ],
  options: {
    shape: preset('shape', `how the events are spread over time: ${SHAPES.join(', ')}`, SHAPES[0], oneOf(SHAPES)),
    rate: preset('n', 'events a second, on average', 100, wholeUpTo(100_000)),
    events: value('n', 'stop after the event with this number', { parse: whole }),
    seconds: value('n', 'stop after this many seconds', { parse: whole }),
    learners: preset('n', 'the number of learners at the end', 1000, wholeUpTo(10_000_000)),
    seed: preset('n', 'the seed of the made-up platform', 1, whole),
    start: value('time', 'the time of the first event, in ISO 8601 (default: now)', { parse: moment }),
    from: preset('n', 'start with the event with this number, if those before it were already sent', 1, whole),
    dayMinutes: preset('n', 'the length of a day in minutes, for --shape daily', 1440, wholeUpTo(1440)),
    tenant,
    json,
  },
  args: (values, { progress }) => ({ ...values, progress }),
  prepares: 'all',
  makesFolder: true,
  load: () => import('../commands/load.ts'),
});

export const tail = command('tail', {
  description:
    'Show the newest events of a topic, decoded, one per line. With --key or --type, show the newest events that match: the topic is searched backwards from its end, to the oldest record if necessary. Limit the search with --since or --offset.',
  examples: ['tail enrollment.events --follow'],
  operands: { topic: one('topic', 'logs') },
  options: {
    fromBeginning: flag('start with the oldest record'),
    since: value(
      'time',
      'start with the first record at or after this time: in ISO 8601, or how long ago, such as 90m, 12h or 7d',
      {
        parse: momentOrAgo,
        conflicts: ['fromBeginning'],
      },
    ),
    partition: value('n', 'only this partition', { parse: natural }),
    offset: value('n', 'start with this offset of --partition', {
      parse: natural,
      conflicts: ['fromBeginning', 'since'],
    }),
    key: value('key', 'only records with this key'),
    type: value('type', 'only events of this type', { names: 'event types' }),
    follow: flag('continue with new records, until stopped', { short: '-f' }),
    limit: value('n', 'at most this many records (default: 10, or all from the given start)', { parse: whole }),
    json: flag('print one JSON object per line, as `produce` reads it'),
  },
  args: (values, { progress }) => {
    if (values.offset === null || values.partition !== null) return { ...values, progress };
    throw usage('--offset needs --partition');
  },
  prepares: 'embedded',
  load: () => import('../commands/tail.ts'),
});

export const show = command('show', {
  description:
    'Show one record of a table, an index or a cache. With a part of its key, or without a key, list the records that match. The name of a job stands for its rows.',
  examples: ['show learner_progress learner-1 AAA-2013J'],
  operands: { projection: one('projection', 'projections'), key: any('key') },
  options: { tenant, limit: limitOf(20), after, json, csv },
  prepares: 'embedded',
  load: () => import('../commands/show.ts'),
});

export const inspect = command('inspect', {
  description:
    'Show a row of a job, and every record that concerns it: whether it was applied, what it changed and what followed. The partition of the row is read from its first record and folded again in memory; nothing is written. The name of a table stands for the job that writes it. Exits with 1 if the row differs from what its records make of it.',
  examples: ['inspect track-progress learner-1 AAA-2013J', 'inspect learner_progress ada rivers --json'],
  operands: { job: one('job', 'jobs'), key: some('key') },
  options: {
    tenant,
    all: flag('include records with the same key that no row of the job needs'),
    fromArchive: flag("use the topic's archive for records that retention has deleted"),
    personal: flag('show personal data instead of masking them'),
    json: flag('print one JSON object per line: the row, each record, and the end'),
  },
  args: (values, { progress }) => ({ ...values, progress }),
  prepares: 'embedded',
  load: () => import('../commands/inspect.ts'),
});

export const search = command('search', {
  description: 'Find documents by words. End the last word with * to match all words that begin with it.',
  examples: [
    'search enrollments algebra --filter state=completed',
    "search enrollments --filter 'progress>=50' --sort progress:desc",
  ],
  operands: { index: one('index', 'indexes'), words: any('words') },
  options: {
    filter: values(
      'term',
      'only documents with this value, such as state=completed, or in this range, such as progress>=50 (quote it); may be repeated',
    ),
    sort: value('field', 'sort by this field; add :desc for descending order'),
    tenant,
    limit: limitOf(20),
    after,
    json,
    csv,
  },
  args: ({ words, ...others }) => ({ ...others, words: words.join(' ') }),
  prepares: 'embedded',
  load: () => import('../commands/search.ts'),
});
