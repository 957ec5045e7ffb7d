/** Commands that maintain the tables of datasources and archives. */
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
const yes = flag('do it; without this, nothing changes');

export const list = command('rollup list', {
  description: 'List the tables of the datasources, with their size and how far they have counted.',
  examples: ['rollup list', 'rollup list --json'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/rollup/list.ts'),
});

export const compact = command('rollup compact', {
  description:
    'Combine the small segments of each day, in all tables or the named ones. Writers and readers continue meanwhile.',
  examples: ['rollup compact', 'rollup compact activity --day 2026-03-01'],
  operands: { tables },
  options: { day: value('day', 'only this day, such as 2026-03-01', { parse: day }), dryRun, json },
  args: (values, { progress }) => ({ ...values, progress }),
  prepares: 'embedded',
  load: () => import('../commands/rollup/compact.ts'),
});

export const vacuum = command('rollup vacuum', {
  description:
    'Show which files of the tables nobody needs any more, or delete them with --yes: files that were removed from a table at least a week ago, and files that a dead process left behind.',
  examples: ['rollup vacuum', 'rollup vacuum --yes'],
  operands: { tables },
  options: {
    olderThanHours: value('n', 'files removed at least this many hours ago, instead of a week', { parse: whole }),
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
  description:
    'Show which days of the tables are past the retention that their datasources declare, or remove them with --yes.',
  examples: ['rollup expire --yes', 'rollup expire archive-user-events --before 2025-01-01'],
  operands: { tables },
  options: { before: value('day', 'the days before this day', { parse: day }), yes, json },
  args: (values) => {
    if (values.before !== null && values.tables.length === 0) throw usage('--before goes with tables that are named');
    return values;
  },
  prepares: 'embedded',
  load: () => import('../commands/rollup/expire.ts'),
});

export const rebuild = command('rollup rebuild', {
  description:
    'Rebuild the table of a datasource from its topic while the rollup runs. The new table is another generation, which you can compare with the current one and make current. A rebuild sends no dead letters. If it is interrupted, run it again to continue where it stopped.',
  examples: [
    'rollup rebuild enrollments',
    'rollup rebuild enrollments --compare',
    'rollup rebuild enrollments --swap --yes',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    fromArchive: flag("use the topic's archive for records that retention has deleted"),
    status: flag('list the generations'),
    compare: flag('compare the totals per day of the newest other generation with those of the current one'),
    swap: flag('show what making the newest generation current would do, or do it with --yes'),
    back: flag('the same for the generation before the current one'),
    drop: value(
      'n',
      'show what deleting this generation would do, or do it with --yes; it must not be the current one',
      {
        parse: natural,
      },
    ),
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
    'Print a supervisor specification for Apache Druid 33, which then counts a datasource from its topic by itself. Columns that Druid cannot read from events are left out, and named on standard error and in the specification.',
  examples: [
    'rollup druid-spec enrollments > enrollments.json',
    'rollup druid-spec activity --encoding json --brokers kafka.example.org:9092',
  ],
  operands: { datasource: one('datasource', 'datasources') },
  options: {
    encoding: {
      ...preset<DruidArgs['encoding']>(
        'encoding',
        'the encoding of all events in the topic: avro or json',
        'avro',
        encoding,
      ),
      names: ENCODINGS,
    },
    brokers: value('hosts', 'host:port at which Druid reaches Kafka (default: as configured)'),
    registry: value('url', 'the URL at which Druid reaches the schema registry (default: as configured)'),
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
  throw new InvalidArgumentError(`Give one of ${ENCODINGS.join(', ')}.`);
}

export const listArchives = command('archive list', {
  description: 'List the archives of the topics, with their size and how far they reach.',
  examples: ['archive list'],
  options: { json, csv },
  args: (values, { colors }) => ({ ...values, colors }),
  prepares: 'embedded',
  load: () => import('../commands/archive/list.ts'),
});

export const replayArchive = command('archive replay', {
  description:
    'Show which archived events of a topic would be sent again, or send them with --yes. Each keeps its id, source, type, time, tenant and key, and they are sent in the order of the log.',
  examples: [
    'archive replay user.events --type user.updated',
    'archive replay user.events --from 2026-03-01T00:00:00Z --to 2026-03-02T00:00:00Z --yes',
  ],
  operands: { topic: one('topic', 'topics') },
  options: {
    from: value('time', 'only events that reached the log at or after this time, in ISO 8601', { parse: moment }),
    to: value('time', 'only events that reached the log before this time, in ISO 8601', { parse: moment }),
    type: values('type', 'only events of this type; may be repeated', { names: 'event types' }),
    key: value('key', 'only events with this key'),
    into: value('topic', 'send them to another topic that declares these events', { names: 'topics' }),
    after: value('position', 'continue after the position that an interrupted replay printed', { parse: position }),
    yes,
    json,
  },
  args: ({ type, ...others }, { progress }): ReplayArgs => ({ ...others, types: type, progress }),
  prepares: 'embedded',
  load: () => import('../commands/archive/replay.ts'),
});
