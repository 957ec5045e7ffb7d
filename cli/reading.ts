/** Commands by which people and scripts read what there is: events, what came of them, and what was rejected. */
import { type Command, Option } from 'commander';
import { usage } from './errors.ts';
import type { Add, Anywhere } from './operating.ts';
import {
  after,
  code,
  collect,
  csv,
  job,
  json,
  limitOf,
  momentOrAgo,
  natural,
  ofTopic,
  tenant,
  whole,
} from './options.ts';

export function addReading(program: Command, add: Add, anywhere: Anywhere): void {
  add(
    program,
    'tail <topic>',
    'Show the newest events of a topic, decoded, one a line.',
    'tail enrollment.events --follow',
  )
    .option('--from-beginning', 'begin with the oldest record')
    .addOption(
      new Option('--since <time>', 'begin with the first record of that time, in ISO 8601 or as 90m, 12h or 7d ago')
        .argParser(momentOrAgo)
        .conflicts('fromBeginning'),
    )
    .option('--partition <n>', 'only this one', natural)
    .addOption(
      new Option('--offset <n>', 'begin with this record of --partition')
        .argParser(natural)
        .conflicts(['fromBeginning', 'since']),
    )
    .option('--key <key>', 'only records with this key')
    .option('--type <type>', 'only events of this type')
    .option('-f, --follow', 'go on with what comes, until stopped')
    .option('--limit <n>', 'at most so many records (default: 10, or all from where it begins)', whole)
    .addOption(new Option('--json', 'one object a line, as `produce` takes it'))
    .action((topic: string, { fromBeginning, since, partition, offset, key, type, follow, limit, json }) => {
      if (offset !== undefined && partition === undefined)
        throw usage('--offset is of one partition: give --partition');
      return anywhere('tail', {
        topic,
        fromBeginning: fromBeginning === true,
        since: since ?? null,
        partition: partition ?? null,
        offset: offset ?? null,
        key: key ?? null,
        type: type ?? null,
        follow: follow === true,
        limit: limit ?? null,
        json: json === true,
      });
    });

  add(
    program,
    'show <projection> [key...]',
    'Show one record of a table, an index or a cache; with a part of its key, or none, a list. A job stands for the rows it keeps.',
    'show learner_progress learner-1 AAA-2013J',
  )
    .addOption(tenant())
    .addOption(limitOf(20))
    .addOption(after())
    .addOption(json())
    .addOption(csv())
    .action((projection: string, key: string[], { tenant, limit, after, json, csv }) =>
      anywhere('show', {
        projection,
        key,
        tenant,
        limit,
        after: after ?? null,
        json: json === true,
        csv: csv === true,
      }),
    );

  add(
    program,
    'search <index> [words...]',
    'Find documents by words; a last word with * matches beginnings.',
    "search enrollments algebra --filter state=completed\n  $ tributary search enrollments --filter 'progress>=50' --sort progress:desc",
  )
    .option(
      '--filter <term>',
      'only with this value, as state=completed, or within a range, as progress>=50 (quote it); may be given again',
      collect,
      [],
    )
    .option('--sort <field>', 'in the order of this field, or with :desc the other way round')
    .addOption(tenant())
    .addOption(limitOf(20))
    .addOption(after())
    .addOption(json())
    .addOption(csv())
    .action((index: string, words: string[], { filter, sort, tenant, limit, after, json, csv }) =>
      anywhere('search', {
        index,
        words: words.join(' '),
        filter,
        sort: sort ?? null,
        tenant,
        limit,
        after: after ?? null,
        json: json === true,
        csv: csv === true,
      }),
    );

  const letters = program.command('dead-letters').description('Records that no fold could apply.');
  add(
    letters,
    'list',
    'List the dead letters about which something is to be done.',
    'dead-letters list --job track-progress --code DATA_INVALID',
  )
    .addOption(job())
    .addOption(code())
    .addOption(ofTopic())
    .option('--all', 'also those that were replayed or dismissed')
    .addOption(json())
    .addOption(csv())
    .action(({ job, code, topic, all, json, csv }) =>
      anywhere('dead-letters list', {
        job: job ?? null,
        code: code ?? null,
        topic: topic ?? null,
        all: all === true,
        json: json === true,
        csv: csv === true,
      }),
    );
  add(
    letters,
    'show <id>',
    'Show one dead letter: what was wrong with it, and what it is. Its id is <topic>/<partition>/<offset>.',
    'dead-letters show enrollment.events/3/1042',
  )
    .addOption(json())
    .action((id: string, { json }) => anywhere('dead-letters show', { id, json: json === true }));
  add(
    letters,
    'replay [id...]',
    'Send records once more to the job that rejected them.',
    'dead-letters replay --all --code SCHEMA_UNKNOWN',
  )
    .option('--all', 'all that match')
    .addOption(job())
    .addOption(code())
    .addOption(ofTopic())
    .option('--again', 'also what was replayed or dismissed before')
    .addOption(json())
    .action((ids: string[], { all, job, code, topic, again, json }) =>
      anywhere('dead-letters replay', {
        ids,
        all: all === true,
        job: job ?? null,
        code: code ?? null,
        topic: topic ?? null,
        again: again === true,
        json: json === true,
      }),
    );
  add(
    letters,
    'dismiss [id...]',
    'Say that nothing is to be done about dead letters: they are listed and counted no more.',
    'dead-letters dismiss --all --job notify --code DATA_INVALID',
  )
    .option('--all', 'all that match')
    .addOption(job())
    .addOption(code())
    .addOption(ofTopic())
    .addOption(json())
    .action((ids: string[], { all, job, code, topic, json }) =>
      anywhere('dead-letters dismiss', {
        ids,
        all: all === true,
        job: job ?? null,
        code: code ?? null,
        topic: topic ?? null,
        json: json === true,
      }),
    );
}
