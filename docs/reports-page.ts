/** `docs/report-catalogue.md`, for readers of reports: what every report answers, its parameters, and the meaning of its columns. */
import type { Platform } from '../modules/define.ts';
import type { NamedColumn, Parameter, Report } from '../reports/define-report.ts';
import { anchor, code, codes, table } from './markdown.ts';

/** `madeBy` is the command that writes the page. */
export function reportsPage({ reports }: Pick<Platform, 'reports'>, madeBy: string): string {
  return `${[head(madeBy), contents(reports), ...reports.map(section)].join('\n\n')}\n`;
}

const head = (madeBy: string): string => `# Catalogue of reports

This page is generated from the declarations of reports by \`${madeBy}\`. It is for people who ask for reports or read them.

- **A report covers one tenant.** Reports for operators cover the whole installation.
- **An empty cell is not a zero.** The value is not known, or there is none: the meaning of the column says which.
- A \`timestamp\` is a moment, exact to the millisecond: a date and a time in the time zone of the file, or in UTC. A \`date\` is a day in
  the time zone that the report was asked for.
- Progress is the percentage of what the course requires, rounded down: it is 100 only when everything is complete. Shares have two decimals.
- *Personal* columns are only in protected files.
- Files have a limited number of rows. A file that was cut off says so.
- A report that is asked for again soon may be the same file: the table of each report says for how long.

## Roles

| Role | May have |
| --- | --- |
| \`analyst\` | reports about courses, batches and learners by their ids |
| \`personal-data\` | reports with personal columns |
| \`operator\` | reports about the installation, of all tenants |

## All reports`;

function contents(reports: readonly Report[]): string {
  const rows = reports.map(({ name, answers, role, from }) => [
    `[${code(name)}](#${anchor(name)})`,
    answers,
    code(role),
    from.reads.length === 0 ? THE_LOG : codes(from.reads.map((each) => each.name)),
  ]);
  return table(['Name', 'What it answers', 'Role', 'Made from'], rows);
}

function section(report: Report): string {
  const { name, title, answers, version, role, protection, parameters, columns } = report;
  const facts = table(
    ['Title', 'Version', 'Role', 'Files', 'Made from', 'Reused'],
    [
      [
        title,
        String(version),
        code(role),
        protection === 'required' ? 'always protected' : 'protected on request',
        sourcesOf(report),
        ageOf(report),
      ],
    ],
  );
  const given = Object.entries(parameters);
  return [
    `## ${name}`,
    answers,
    facts,
    ...(given.length === 0
      ? ['It has no parameters.']
      : [table(['Parameter', 'Value', 'By default', 'What it selects'], given.map(parameterRow))]),
    columnTable(columns),
  ].join('\n\n');
}

function sourcesOf({ from }: Report): string {
  if ('sql' in from) return from.reads.map(({ name }) => `[${code(name)}](datasources.md#${anchor(name)})`).join(', ');
  if (from.reads.length === 0) return THE_LOG;
  return from.reads.map(({ name }) => `[${code(name)}](projections.md#${anchor(`${name} (table)`)})`).join(', ');
}

/** The source of reports for operators. */
const THE_LOG = 'the topics';

const MINUTE_MS = 60_000;

function ageOf({ freshMs }: Report): string {
  if (freshMs === 0) return 'never';
  const minutes = freshMs / MINUTE_MS;
  return minutes === 1 ? 'for a minute' : `for ${minutes} minutes`;
}

const parameterRow = ([name, spec]: readonly [string, Parameter]): string[] => [
  code(name),
  valuesOf(spec),
  'default' in spec && spec.default !== undefined ? code(String(spec.default)) : spec.optional ? 'none' : 'required',
  spec.doc,
];

function valuesOf(spec: Parameter): string {
  switch (spec.type) {
    case 'text':
      return 'text';
    case 'long':
      return `a whole number of ${spec.unit} from ${spec.min} to ${spec.max}`;
    case 'date':
      return 'a day such as `2026-01-31`, or `today-7`';
    case 'moment':
      return 'a moment such as `2026-03-01T04:00:00Z`, or `now`';
    case 'zone':
      return 'a time zone such as `Asia/Kolkata`';
    case 'boolean':
      return '`true` or `false`';
    case 'choice':
      return `one of ${codes(spec.of)}`;
  }
}

function columnTable(columns: readonly NamedColumn[]): string {
  const heads = ['Column', 'Title', 'Type', 'Unit', 'Personal', 'Meaning'];
  const rows = columns.map(({ name, title, type, unit = '', personal, doc }) => {
    return [code(name), title, type, unit, personal ? 'yes' : '', doc];
  });
  const shown = heads.map((_, i) => rows.some((row) => row[i] !== ''));
  const kept = (cells: readonly string[]) => cells.filter((_, i) => shown[i]);
  return table(kept(heads), rows.map(kept));
}
