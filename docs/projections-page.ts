/** `docs/projections.md`: what every job keeps and where, for those who read it. */

import type { Target } from '../core/target.ts';
import type { Job } from '../jobs/define.ts';
import type { Platform } from '../modules/define.ts';
import { anchor, code, codes, fieldTables, table } from './markdown.ts';

/** `madeBy` is the command that writes the page. */
export function projectionsPage({ jobs }: Platform, madeBy: string): string {
  return `${[head(madeBy), contents(jobs), ...jobs.map(jobSection)].join('\n\n')}\n`;
}

const head = (madeBy: string): string => `# Projections

This page is generated from the declarations of jobs and their rows by \`${madeBy}\`.

What a job knows is in rows of its table, and what other stores hold of a row is in views. Whoever reads addresses a record by
tenant and key. The records of one key lie together and can be read as one list, in the order of the fields they are sorted by.
A table is shown by \`tributary show <name> <key…>\`, an index searched by \`tributary search <name> <query>\`.`;

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

/** The table of the job's rows, then what is made of them, each once. */
const targetsOf = (job: Job): Target[] => [...new Set<Target>([job.row, ...job.views.map(({ into }) => into)])];

const heading = (target: Target): string => `${target.name} (${target.kind})`;

const keyOf = ({ key, sort }: Target): string =>
  sort.length === 0 ? codes(key) : `${codes(key)}, sorted by ${codes(sort)}`;

function jobSection(job: Job): string {
  const facts = table(
    ['Reads', 'Folds', 'May say something to'],
    [[code(job.from.name), codes(job.on.map(({ type }) => type)), codes(job.to.map(({ name }) => name)) || 'nobody']],
  );
  return [`## ${job.name}`, job.doc, facts, ...targetsOf(job).map((target) => targetSection(job, target))].join('\n\n');
}

function targetSection(job: Job, target: Target): string {
  const views = job.views.filter(({ into }) => into === target);
  const made = views.map(({ each }) =>
    each === undefined
      ? `A view: one record for each row of ${code(job.row.name)}.`
      : `A view: one record for each of the ${code(each)} of a row of ${code(job.row.name)}.`,
  );
  return [
    `### ${heading(target)}`,
    target.doc,
    [`Key: ${keyOf(target)}.`, ...particulars(target), ...made].join(' '),
    fieldTables(target.record, { defaults: false }),
  ].join('\n\n');
}

function particulars(target: Target): string[] {
  switch (target.kind) {
    case 'table':
      return target.indexed.length > 0 ? [`Also found by ${codes(target.indexed)}.`] : [];
    case 'index':
      return [`Full text: ${codes(target.text)}; every other field is matched exactly.`];
    case 'cache':
      return target.live ? ['Every change is told to those who subscribed.'] : [];
  }
}
