/** `tributary inspect`: what a row stores about itself, and the records that made it. */

import { found } from '../../app/platform/names.ts';
import { shownLine } from '../../app/text/shown.ts';
import { isoOf } from '../../app/text/time-text.ts';
import { keyFields } from '../../core/target.ts';
import type { Job } from '../../jobs/define.ts';
import type { Change } from '../../jobs/runtime/rows/history/changes.ts';
import { type HistoryEnd, historyOf } from '../../jobs/runtime/rows/history/history.ts';
import type { HistoryEntry, Verdict } from '../../jobs/runtime/rows/history/judge.ts';
import { type RowStanding, standingOf } from '../../jobs/runtime/rows/history/standing.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { type Context, print, type Run } from '../context.ts';
import { FAILED, usage } from '../errors.ts';
import { progressLine } from '../output/progress-line.ts';
import { withArchive } from './archive/archived.ts';
import { changeLines, entryLines, rowLines, stateOf } from './inspect/lines.ts';
import { shownChange } from './inspect/masked.ts';

interface Args {
  readonly job: string;
  readonly key: readonly string[];
  readonly tenant: string;
  /** Whether to show also records that concern no row of the job. */
  readonly all: boolean;
  readonly personal: boolean;
  readonly fromArchive: boolean;
  readonly json: boolean;
  readonly progress: boolean;
}

/** Records of the same key that concern no row of the job. */
const ASIDE: ReadonlySet<Verdict> = new Set(['unwanted', 'undeclared', 'not-ours', 'routed']);

export const run: Run<Args> = async (context, args) => {
  const { signal, stderr } = context;
  const job = jobOf(context, args.job);
  const fields = keyFields(job.row);
  if (args.key.length !== fields.length || args.key.includes(''))
    throw usage(`a row of ${job.name} has the key ${fields.join(', ')}: give ${fields.length} values`);
  const runtime = await runtimeOf(context, args, job);
  const standing = await standingOf(job, [args.tenant, ...args.key], runtime);
  await printRow(context, args, job, standing);
  const counts = new Map<Verdict, number>();
  const line = progressLine(stderr, args.progress);
  const looked = (records: number): void => line.show(`${records.toLocaleString('en')} records looked at`);
  const history = historyOf(job, standing, runtime, { signal, looked });
  for (;;) {
    const step = await history.next();
    if (step.done === true) {
      line.clear();
      await printEnd(context, args, { job, standing, counts, end: step.value });
      const isNothing = standing.row === undefined && counts.size === 0;
      return isNothing || isOther(step.value) ? FAILED : undefined;
    }
    const { verdict } = step.value;
    counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
    if (ASIDE.has(verdict) && !args.all) continue;
    line.clear();
    await printEntry(context, args, job, step.value);
  }
};

/** By the job's own name, or by that of its table. */
function jobOf({ wired }: Context, name: string): Job {
  return wired.platform.jobs.find(({ row }) => row.name === name) ?? found('job', name, wired.platform.jobs);
}

async function runtimeOf({ wired, stderr, signal }: Context, { fromArchive }: Args, job: Job): Promise<Runtime> {
  const runtime = wired.runtime(SILENT);
  if (!fromArchive) return runtime;
  const transport = await withArchive({
    topic: job.from,
    reader: job.name,
    whole: false,
    stores: await wired.segments(),
    transport: runtime.stores.transport,
    signal,
    say: (text) => stderr.write(`${shownLine(text)}\n`),
  });
  return { ...runtime, stores: { ...runtime.stores, transport } };
}

async function printRow(context: Context, { json }: Args, job: Job, standing: RowStanding): Promise<void> {
  if (!json) {
    for (const [name, value] of rowLines(job.name, job.from.name, standing)) {
      await print(context, shownLine(`${name}: ${value}`));
    }
    return print(context, '');
  }
  const { key, generation, table, row, at, pending, partition, begin, end, next } = standing;
  await printLine(context, {
    kind: 'row',
    job: job.name,
    tenant: key[0],
    key: key.slice(1),
    state: stateOf(standing),
    generation,
    table,
    position: at.map(([of, offset]) => ({ partition: of, offset })),
    token: row?.version.token ?? null,
    revision: row?.version.revision ?? null,
    timers: Object.fromEntries(Object.entries(row?.timers ?? {}).map(([name, due]) => [name, isoOf(due)])),
    pending,
    topic: job.from.name,
    partition,
    begin,
    end,
    next: next ?? null,
  });
}

async function printEntry(context: Context, args: Args, { row }: Job, entry: HistoryEntry): Promise<void> {
  const changes = entry.changes.map((change) => shownChange(row, change, args.personal));
  if (!args.json) {
    for (const text of entryLines(entry, changes)) await print(context, shownLine(text));
    return;
  }
  const { record, id, type, time, verdict, code, message, isOlder, follows } = entry;
  await printLine(context, {
    kind: 'record',
    partition: record.partition,
    offset: record.offset,
    timestamp: isoOf(record.timestamp),
    id: id ?? null,
    type: type ?? null,
    time: isoOf(time),
    outcome: verdict,
    code: code ?? null,
    message: message ?? null,
    older: isOlder,
    changes,
    follows,
  });
}

interface Ended {
  readonly job: Job;
  readonly standing: RowStanding;
  readonly counts: ReadonlyMap<Verdict, number>;
  readonly end: HistoryEnd;
}

const isOther = ({ differences, isOnlyOne }: HistoryEnd): boolean => isOnlyOne || differences.length > 0;

async function printEnd(context: Context, args: Args, { job, standing, counts, end }: Ended): Promise<void> {
  const differences = end.differences.map((change) => shownChange(job.row, change, args.personal));
  if (args.json) {
    const outcomes = Object.fromEntries(counts);
    return printLine(context, { kind: 'end', outcomes, same: !isOther(end), differences });
  }
  const texts = [...counts].map(([verdict, count]) => `${count.toLocaleString('en')} ${verdict}`);
  await print(context, `${counts.size === 0 ? '' : '\n'}records: ${texts.length === 0 ? 'none' : texts.join(', ')}`);
  for (const text of endLines(standing, end, differences)) await print(context, shownLine(text));
}

function endLines({ begin, row }: RowStanding, end: HistoryEnd, differences: readonly Change[]): string[] {
  if (!isOther(end))
    return [
      row === undefined ? 'there is no row, and these records make none' : 'the row is what these records make of it',
    ];
  const lost =
    begin === 0 ? [] : [`the records before offset ${begin} are not among them: they were deleted by retention`];
  const what = end.isOnlyOne
    ? `${row?.data === undefined ? 'there is no row, but these records make one' : 'there is a row, but these records make none'}:`
    : 'the row is not what these records make of it:';
  return [what, ...differences.flatMap(changeLines), ...lost];
}

const printLine = (context: Context, value: unknown): Promise<void> => print(context, JSON.stringify(value));
