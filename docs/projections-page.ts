/** `docs/projections.md`, for readers of projections: what every job keeps, and where. */

import type { Target } from '../core/target.ts';
import type { Job } from '../jobs/define.ts';
import type { Platform } from '../modules/define.ts';
import { anchor, code, codes, fieldTables, table } from './markdown.ts';
import { reading, storedFields } from './reading.ts';

/** `madeBy` is the command that writes the page; `cql` runs the statement that follows it. */
export function projectionsPage({ jobs }: Platform, madeBy: string, cql: string): string {
  return `${[head(madeBy), contents(jobs), ...jobs.map((job) => jobSection(job, cql))].join('\n\n')}\n`;
}

const head = (madeBy: string): string => `# Projections

This page is generated from the declarations of jobs and their rows by \`${madeBy}\`. It is for developers of services that read projections.

A job keeps its rows in a *table*. A *view* holds what readers need from a row: in a table with another key, in a search index, or in a
cache. Every record is found by its tenant and its key; without tenants, the tenant is \`default\`. Records with the same key are stored
together, in the order of their sort fields.

With the embedded default, read with \`tributary show\` and \`tributary search\`. With servers, read with any client. The commands
below read the data of the story in Tributary's demo, from local servers. Never write to any of these stores: jobs rely
on the versions that they keep there.

## Reading tables (Cassandra)

Columns have the names of the fields, in snake_case. The keyspace is that of \`tables\` in the configuration. Name the columns that you
need, because a release may add columns.

- Columns that begin with \`_\` are bookkeeping. One of them matters to readers: in a table that is not a view, a row whose \`_erased\` is
  true was removed. Skip it.
- After \`tributary rebuild\`, the rows of a job are in another table: \`SELECT current FROM tables_generations WHERE job = 'track-progress'\`
  returns its number. If it is 2, read \`learner_progress_g2\`; if it is 1, or there is no result, read the declared name. Views keep their names.
- A nested record is JSON in a text column. An empty map reads as null.

## Reading search indexes (Elasticsearch)

Search by the alias, and always for a tenant. \`tributary.words\` has the words of all full-text fields, in lower case and without accents:
\`q=tributary.tenant:default AND tributary.words:rivers\`.

- An index may be behind the rows while Elasticsearch does not answer.
- A removed document stays for a while, with only the field \`tributary.removed\`. The alias leaves it out of searches, but not out of requests
  for its id.
- The prefix \`tributary-\` is \`searchPrefix\` of the configuration.

## Reading caches (Redis)

An entry is a hash. Each of its fields holds one record as JSON. \`{<tenant>:<key>}\` in the name of an entry keeps all entries of one user on one
node of a cluster.

A cache with a channel publishes every change of an entry on the channel with the name of the entry. The message is JSON, with the whole
record, or null if it was removed:

\`\`\`json
{"field":"record","version":"3.7","record":{"recipientId":"ada","unread":1}}
\`\`\`

- Subscribe first, then read the entry. Changes of one field are published in order, so the last message is the current state. Publishing is not
  durable: after a lost connection, read again.
- \`<entry>:versions\` has the version of each field, and \`<entry>:removals\` is bookkeeping.
- In a tenant or key, \`%\`, \`:\`, \`{\`, \`}\` and control characters are written as \`%\` and two hexadecimal digits.
- The prefix \`tributary:\` is \`cachePrefix\` of the configuration. In a database other than 0, a channel begins with its number:
  \`3/tributary:…\`.

## All projections`;

function contents(jobs: readonly Job[]): string {
  const rows = jobs.flatMap((job) =>
    targetsOf(job).map((target) => [
      `[${code(target.name)}](#${anchor(heading(target))})`,
      target.kind,
      keyOf(target),
      code(job.name),
      target.doc,
    ]),
  );
  return table(['Name', 'Kind', 'Key', 'Job', 'What it holds'], rows);
}

/** The table of the job's rows, then the views made from them, each once. */
const targetsOf = (job: Job): Target[] => [...new Set<Target>([job.row, ...job.views.map(({ into }) => into)])];

const heading = (target: Target): string => `${target.name} (${target.kind})`;

const keyOf = ({ key, sort }: Target): string =>
  sort.length === 0 ? codes(key) : `${codes(key)}, sorted by ${codes(sort)}`;

function jobSection(job: Job, cql: string): string {
  const facts = table(
    ['Reads', 'Folds', 'Emits to'],
    [[code(job.from.name), codes(job.on.map(({ type }) => type)), codes(job.to.map(({ name }) => name)) || 'none']],
  );
  return [`## ${job.name}`, job.doc, facts, ...targetsOf(job).map((target) => targetSection(job, target, cql))].join(
    '\n\n',
  );
}

function targetSection(job: Job, target: Target, cql: string): string {
  const views = job.views.filter(({ into }) => into === target);
  const made = views.map(({ each }) =>
    each === undefined
      ? `A view: one record for each row of ${code(job.row.name)}.`
      : `A view: one record for each entry of ${code(each)} in a row of ${code(job.row.name)}.`,
  );
  return [
    `### ${heading(target)}`,
    target.doc,
    [`Key: ${keyOf(target)}.`, ...particulars(target), ...made].join(' '),
    fieldTables(target.record, { defaults: false, stored: storedFields(target) }),
    reading(target, cql),
  ].join('\n\n');
}

function particulars(target: Target): string[] {
  switch (target.kind) {
    case 'table':
      return target.indexed.length > 0 ? [`Also found by ${codes(target.indexed)}.`] : [];
    case 'index':
      return [`Full text: ${codes(target.text)}; every other field is matched exactly.`];
    case 'cache':
      return target.live ? ['Every change is published.'] : [];
  }
}
