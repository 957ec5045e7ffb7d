/** Commands by which an operator looks after the tables of datasources and archives. */
import { InvalidArgumentError } from 'commander';
import type { Args as ReplayArgs } from '../commands/archive/replay.ts';
import type { Args as DruidArgs } from '../commands/rollup/druid-spec.ts';
import type { Args as RebuildArgs } from '../commands/rollup/rebuild.ts';
import { any, callerCommand, command, flag, one, preset, value, values } from '../descriptor.ts';
import { usage } from '../errors.ts';
import { csv, day, dryRun, json, moment, natural, position, whole } from '../options.ts';
import { checkYes, whatOf } from './generations.ts';

const HOUR_MS = 3_600_000;
const tables = any('table', 'segment tables');
const yes = flag('do it');

export const list = command('rollup list', {
  description: 'List the tables of the datasources: how large they are, and how far.',
  examples: ['rollup list', 'rollup list --json'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/rollup/list.ts'),
});

export const compact = command('rollup compact', {
  description:
    'Put small segments of a day together into one, in all tables or those that are named. Who writes and who reads goes on meanwhile.',
  examples: ['rollup compact', 'rollup compact activity --day 2026-03-01'],
  operands: { tables },
  options: { day: value('day', 'only this one, such as 2026-03-01', { parse: day }), dryRun, json },
  args: (values, { progress }) => ({ ...values, progress }),
  prepares: 'embedded',
  load: () => import('../commands/rollup/compact.ts'),
});

export const vacuum = command('rollup vacuum', {
  description:
    'Say which files of the tables nobody needs any more, and delete them with --yes: what was removed from a table a week ago, and what a dead process left.',
  examples: ['rollup vacuum', 'rollup vacuum --yes'],
  operands: { tables },
  options: {
    olderThanHours: value('n', 'what was removed so many hours ago, instead of a week', { parse: whole }),
    yes,
    json,
  },
  args: ({ olderThanHours, ...others }, { progress }) => ({
    ...others,
    olderThanMs: olderThanHours === null ? null : olderThanHours * HOUR_MS,
    progress,
  }),
  prepares: 'embedded',
  load: () => import('../commands/rollup/vacuum.ts'),
});

export const expire = command('rollup expire', {
  description: 'Say which days of the tables are over, by what the datasources declare, and remove them with --yes.',
  examples: ['rollup expire --yes', 'rollup expire archive-user-events --before 2025-01-01'],
  operands: { tables },
  options: { before: value('day', 'the days before this one', { parse: day }), yes, json },
  args: (values) => {
    if (values.before !== null && values.tables.length === 0) throw usage('--before goes with tables that are named');
    return values;
  },
  prepares: 'embedded',
  load: () => import('../commands/rollup/expire.ts'),
});

export const rebuild = command('rollup rebuild', {
  description:
    'Make the table of a datasource anew from its topic, beside the rollup: as another generation, which can be compared and made current. It sends no dead letters. Ended and begun again, it goes on where it was.',
  examples: [
    'rollup rebuild enrollments',
    'rollup rebuild enrollments --compare',
    'rollup rebuild enrollments --swap --yes',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    fromArchive: flag('read what the topic has lost by its retention from its archive'),
    status: flag('show the generations that there are'),
    compare: flag('compare the totals per day of the newest other generation with those of the current one'),
    swap: flag('say what making the newest generation current would do; do it with --yes'),
    back: flag('the same for the generation before the current one'),
    drop: value('n', 'say what deleting a generation that is not current would do; do it with --yes', {
      parse: natural,
    }),
    yes,
    json,
  },
  args: ({ datasource, fromArchive, status, compare, swap, back, drop, yes, json }, { progress }): RebuildArgs => {
    const what = whatOf({ status, compare, swap, back, drop });
    if (fromArchive && what !== 'make' && what !== 'swap') throw usage('--from-archive goes with --swap, or with none');
    checkYes(what, yes);
    return { datasource, archive: fromArchive, what, generation: drop, yes, json, progress };
  },
  prepares: 'nothing',
  load: () => import('../commands/rollup/rebuild.ts'),
});

const ENCODINGS = ['avro', 'json'] as const;

export const druidSpec = callerCommand('rollup druid-spec', {
  description:
    'Print the specification of a supervisor for Apache Druid 33, which then counts a datasource from its topic by itself. What Druid cannot read in an event is left out and named, on the standard error and in the specification.',
  examples: [
    'rollup druid-spec enrollments > enrollments.json',
    'rollup druid-spec activity --encoding json --brokers kafka.example.org:9092',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    encoding: {
      ...preset<DruidArgs['encoding']>(
        'encoding',
        'how all events of the topic are written: avro or json',
        'avro',
        encoding,
      ),
      names: ENCODINGS,
    },
    brokers: value('hosts', 'host:port of Kafka as Druid reaches it, if otherwise than configured'),
    registry: value('url', 'the schema registry as Druid reaches it, if otherwise than configured'),
  },
  args: (values): DruidArgs => {
    if (values.encoding === 'json' && values.registry !== null) throw usage('--registry goes with --encoding avro');
    return values;
  },
  load: () => import('../commands/rollup/druid-spec.ts'),
});

function encoding(text: string): DruidArgs['encoding'] {
  const found = ENCODINGS.find((each) => each === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`There are ${ENCODINGS.join(', ')}.`);
}

export const listArchives = command('archive list', {
  description: 'List the archives of the topics: how large they are, and how far.',
  examples: ['archive list'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/archive/list.ts'),
});

export const replayArchive = command('archive replay', {
  description:
    'Say which archived events of a topic would be sent once more, and send them with --yes: with the same id, source, type, time, tenant and key, in the order of the log.',
  examples: [
    'archive replay user.events --type user.updated',
    'archive replay user.events --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z --yes',
  ],
  operands: { topic: one('topic', 'topics') },
  options: {
    from: value('time', 'what came into the log from then on, in ISO 8601', { parse: moment }),
    to: value('time', 'what came before then', { parse: moment }),
    type: values('type', 'only events of this type; may be given again', { names: 'event types' }),
    key: value('key', 'only events of this key'),
    into: value('topic', 'to another topic that has these events', { names: 'topics' }),
    after: value('position', 'go on where a replay ended, as it says', { parse: position }),
    yes,
    json,
  },
  args: ({ type, ...others }, { progress }): ReplayArgs => ({ ...others, types: type, progress }),
  prepares: 'embedded',
  load: () => import('../commands/archive/replay.ts'),
});
