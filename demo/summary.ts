/** The results of the demo in readable form. */
import type { BatchFigures, Counts, Figures } from './figures.ts';

/** A number of records, and the seconds that they took. */
export interface Amount {
  readonly records: number;
  readonly seconds: number;
}

/** What one run did, and how long it took. */
export interface Timing {
  /** Events that were not in the log before. */
  readonly imported: Amount;
  /** Records that the jobs had not read before, including derived ones. */
  readonly applied: Amount;
  /** The same for the rollups. */
  readonly counted: Amount;
  readonly seconds: number;
}

/** Something to look at, and where to find it. */
export interface Sample {
  readonly batchId: string;
  readonly userId: string;
  readonly courseId: string;
}

/** `flags` are those with which a command finds the same installation: empty, or flags with a space before. */
export interface Summary {
  readonly figures: Figures;
  readonly timing: Timing;
  readonly sample: Sample | undefined;
  /** The names of the datasources that were counted. */
  readonly rollups: readonly string[];
  /** Appended to commands. */
  readonly flags: string;
  /** Whether the terminal stays busy. */
  readonly goesOn: boolean;
}

export function summaryText({ figures, timing, sample, rollups, flags, goesOn }: Summary): string {
  const counted = rollups.length === 0 ? [] : [`Rollups: what was counted is in the tables ${rollups.join(', ')}.`];
  const parts = [
    batchTable(figures.batches),
    totals(figures),
    ...counted,
    times(timing),
    nextSteps(sample, flags, goesOn),
  ];
  return `\n${parts.join('\n\n')}\n`;
}

const COLUMNS: readonly (readonly [head: string, cell: (batch: BatchFigures) => string])[] = [
  ['presentation', ({ batchId }) => batchId],
  ['name', ({ name }) => name],
  ['registered', ({ registered }) => grouped(registered)],
  ['left', ({ left }) => grouped(left)],
  ['active', ({ active }) => grouped(active)],
  ['not started', ({ notStarted }) => grouped(notStarted)],
  ['in progress', ({ inProgress }) => grouped(inProgress)],
  ['completed', ({ completed }) => grouped(completed)],
  ['mean progress', ({ meanProgress }) => `${meanProgress.toFixed(1)} %`],
];
const TEXT_COLUMNS = 2;
const PART =
  'Of the daily interactions, those of AAA-2013J are part of the data set here; in the others nobody has begun.';

function batchTable(batches: readonly BatchFigures[]): string {
  const lines = [COLUMNS.map(([head]) => head), ...batches.map((batch) => COLUMNS.map(([, cell]) => cell(batch)))];
  const widths = COLUMNS.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const padded = (cell: string, i: number): string =>
    i < TEXT_COLUMNS ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return [...lines.map((line) => line.map(padded).join('  ')), '', PART].join('\n');
}

function totals({ imported, produced, derived, deadLetters }: Figures): string {
  const lines: [what: string, counts: Counts][] = [
    ['events of the data set', imported],
    ['events of others', produced],
    ['events derived by the jobs', derived],
    ['dead letters', deadLetters],
  ];
  return lines
    .filter(([, counts]) => counts !== produced || sum(produced) > 0)
    .map(([what, counts]) => {
      const each = Object.entries(counts).map(([name, count]) => `\n  ${grouped(count).padStart(10)}  ${name}`);
      return `${grouped(sum(counts)).padStart(12)}  ${what}${each.join('')}`;
    })
    .join('\n');
}

function times({ imported, applied, counted, seconds }: Timing): string {
  const done = [
    said(imported, 'events imported'),
    said(applied, 'records read by the jobs'),
    said(counted, 'by the rollups'),
  ].flat();
  if (done.length === 0) return 'There was nothing to do: every event had been imported and read before.';
  return `${done.join(', ')}; ${rounded(seconds)} s in all.`;
}

const said = ({ records, seconds }: Amount, what: string): string[] =>
  records === 0 ? [] : [`${grouped(records)} ${what} in ${rounded(seconds)} s`];

function nextSteps(sample: Sample | undefined, flags: string, goesOn: boolean): string {
  const steps = [
    ...(sample === undefined
      ? []
      : [
          [`show learner_progress ${sample.userId} ${sample.courseId}`, 'one learner in one course'],
          [`show batch_learners ${sample.batchId} --limit 10`, 'who is in a batch'],
          [
            `search enrollments --filter courseId=${sample.courseId} --filter state=in_progress --limit 5`,
            'who has begun, and not completed',
          ],
          [
            `report run learner-progress --param batchId=${sample.batchId} --format xlsx --out ${sample.batchId}.xlsx`,
            'a report, for a spreadsheet program: docs/reports.md',
          ],
        ]),
    ['summarize activity --every week --zone Asia/Kolkata', 'different learners of each week, in India'],
    [
      `query "select count(*) as buckets, sum(joined) as joined from enrollments"`,
      'SQL over what was counted: docs/analytics.md',
    ],
    [
      `query "select job, sum(batches) as batches, sum(applied) as applied from pipeline group by job"`,
      'what the jobs have done',
    ],
    ['tail batch.events --limit 5', 'the latest events that jobs emitted about batches'],
    ['produce content.events demo/story/content.ndjson', 'the first of some events of your own: demo/story/README.md'],
  ];
  const lines = steps.map(([command, what]) => [`  npx tributary ${command}${flags}`, what] as const);
  const width = Math.max(...lines.map(([command]) => command.length));
  const title = goesOn ? 'What to type next, in another terminal:' : 'What to type next:';
  return [title, '', ...lines.map(([command, what]) => `${command.padEnd(width)}  # ${what}`)].join('\n');
}

const sum = (counts: Counts): number => Object.values(counts).reduce((total, count) => total + count, 0);
const grouped = (count: number): string => count.toLocaleString('en');
const rounded = (seconds: number): string => seconds.toFixed(1);
