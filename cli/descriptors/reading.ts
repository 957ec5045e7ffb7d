/** Commands by which people and scripts send events, and read them and what came of them. */

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
    'Send events to a topic: NDJSON from a file or the standard input. Every line is a CloudEvent, or an object with type, data and perhaps time, id, tenant and source, or a record as `tail --json` shows it. All lines of a file are checked before any is sent; those of a pipe are sent as they come.',
  examples: [
    'produce enrollment.events events.ndjson',
    `echo '{"type":"enrollment.enrolled","data":{"userId":"u1","courseId":"c1","batchId":"b1"}}' | tributary produce enrollment.events`,
  ],
  operands: { topic: one('topic', 'topics'), file: optional('file', 'files') },
  options: {
    fromLine: preset('n', 'continue with this line, if those before it were sent', 1, whole),
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
    'Produce events of a made-up platform to all its topics, at a rate, until stopped. Seed and start say which events: the same are produced again with the same ids. Their learners have no addresses, so no message leaves.',
  examples: [
    'load --rate 200 --seconds 60',
    'load --shape daily --day-minutes 10 --rate 500 --learners 20000',
    'load --seed 7 --start 2026-03-01T00:00:00Z --events 10000',
  ],
  options: {
    shape: preset('shape', `how they are spread over time: ${SHAPES.join(', ')}`, SHAPES[0], oneOf(SHAPES)),
    rate: preset('n', 'events a second, on average', 100, wholeUpTo(100_000)),
    events: value('n', 'end with this event', { parse: whole }),
    seconds: value('n', 'end after so long', { parse: whole }),
    learners: preset('n', 'how many learners there are in the end', 1000, wholeUpTo(10_000_000)),
    seed: preset('n', 'which platform it is', 1, whole),
    start: value('time', 'when the first event happened, in ISO 8601 (default: now)', { parse: moment }),
    from: preset('n', 'begin with this event, if those before it were sent', 1, whole),
    dayMinutes: preset('n', 'how long a day lasts, for --shape daily', 1440, wholeUpTo(1440)),
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
    'Show the newest events of a topic, decoded, one per line. With --key or --type, the newest that match: the topic is searched from the end backwards, the whole of it if need be; --since or --offset limits that.',
  examples: ['tail enrollment.events --follow'],
  operands: { topic: one('topic', 'logs') },
  options: {
    fromBeginning: flag('begin with the oldest record'),
    since: value('time', 'begin with the first record of that time, in ISO 8601 or as 90m, 12h or 7d ago', {
      parse: momentOrAgo,
      conflicts: ['fromBeginning'],
    }),
    partition: value('n', 'only this one', { parse: natural }),
    offset: value('n', 'begin with this record of --partition', {
      parse: natural,
      conflicts: ['fromBeginning', 'since'],
    }),
    key: value('key', 'only records with this key'),
    type: value('type', 'only events of this type', { names: 'event types' }),
    follow: flag('continue with new records, until stopped', { short: '-f' }),
    limit: value('n', 'at most this many records (default: 10, or all from the given start)', { parse: whole }),
    json: flag('one object per line, as `produce` takes it'),
  },
  args: (values, { progress }) => {
    if (values.offset === null || values.partition !== null) return { ...values, progress };
    throw usage('--offset is of one partition: give --partition');
  },
  prepares: 'embedded',
  load: () => import('../commands/tail.ts'),
});

export const show = command('show', {
  description:
    'Show one record of a table, an index or a cache; with a part of its key, or none, a list. The name of a job stands for its rows.',
  examples: ['show learner_progress learner-1 AAA-2013J'],
  operands: { projection: one('projection', 'projections'), key: any('key') },
  options: { tenant, limit: limitOf(20), after, json, csv },
  prepares: 'embedded',
  load: () => import('../commands/show.ts'),
});

export const inspect = command('inspect', {
  description:
    'Show what a row of a job says of itself, and every record that concerns it: what became of it, what it changed and what followed. The partition of the row is read and folded again in memory, from the first record on; nothing is written. The name of a table stands for the job that writes it. Ends with 1 if the row is not what its records make of it.',
  examples: ['inspect track-progress learner-1 AAA-2013J', 'inspect learner_progress ada rivers --json'],
  operands: { job: one('job', 'jobs'), key: some('key') },
  options: {
    tenant,
    all: flag('also records of the same key that no row of the job needs'),
    fromArchive: flag('read what the topic has lost by its retention from its archive'),
    personal: flag('show personal data, which are masked otherwise'),
    json: flag('one object per line: the row, each record, and the end'),
  },
  args: (values, { progress }) => ({ ...values, progress }),
  prepares: 'embedded',
  load: () => import('../commands/inspect.ts'),
});

export const search = command('search', {
  description: 'Find documents by words; a last word with * matches beginnings.',
  examples: [
    'search enrollments algebra --filter state=completed',
    "search enrollments --filter 'progress>=50' --sort progress:desc",
  ],
  operands: { index: one('index', 'indexes'), words: any('words') },
  options: {
    filter: values(
      'term',
      'only with this value, as in state=completed, or in a range, as in progress>=50 (quote it); may be repeated',
    ),
    sort: value('field', 'sort by this field; with :desc in descending order'),
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
