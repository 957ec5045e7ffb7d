/** The results of the demo, read back from the stores. Equal events give equal results, however often a process died on the way. */

import { callAnswered, DEFAULT_TENANT, timerFired } from '../core/event.ts';
import type { RecordOf } from '../core/target.ts';
import { DEAD_LETTER } from '../jobs/runtime/dead-letter.ts';
import type { Stores } from '../jobs/runtime/stores.ts';
import { batchSummary } from '../schemas/rows/batch-summary.ts';
import { batchLearners } from '../schemas/rows/learner-progress.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import { allRecords } from '../topics/log/all-records.ts';
import { ROUTED } from '../topics/log/origin.ts';
import type { LogRecord } from '../topics/log/transport.ts';
import { SOURCE } from './events.ts';
import type { Sample } from './summary.ts';

/** Counts, by name. */
export type Counts = Readonly<Record<string, number>>;

export interface BatchFigures {
  readonly batchId: string;
  readonly name: string;
  /** Learners who are or were in the batch. */
  readonly registered: number;
  readonly left: number;
  readonly active: number;
  /** The active learners by state, and their mean progress in percent. */
  readonly notStarted: number;
  readonly inProgress: number;
  readonly completed: number;
  readonly meanProgress: number;
}

export interface Figures {
  /** Ordered by id. */
  readonly batches: readonly BatchFigures[];
  /** Events of the data set, by topic. */
  readonly imported: Counts;
  /** Events from other producers, by topic. */
  readonly produced: Counts;
  /** The events that jobs derived from these, by type. */
  readonly derived: Counts;
  /** Records that no job could apply, by code. */
  readonly deadLetters: Counts;
}

const PAGE = 1000;

export async function collectFigures(
  { transport, tables }: Pick<Stores, 'transport' | 'tables'>,
  topics: readonly Topic[],
): Promise<Figures> {
  const imported = new Map<string, number>();
  const produced = new Map<string, number>();
  const derived = new Map<string, number>();
  const deadLetters = new Map<string, number>();
  // Events of the runtime depend on how records fall into batches, which differs in every run.
  for (const { name } of topics.filter(({ ofRuntime }) => !ofRuntime)) {
    for await (const record of allRecords(transport, name)) {
      const kind = kindOf(record);
      if (kind === 'derived') add(derived, headerOf(record, 'ce_type'));
      else if (kind !== undefined) add(kind === 'imported' ? imported : produced, name);
    }
    for await (const record of allRecords(transport, deadLetterTopic(name))) {
      add(deadLetters, headerOf(record, DEAD_LETTER.code));
    }
  }
  return {
    batches: await batchFigures(tables),
    imported: Object.fromEntries(imported),
    produced: Object.fromEntries(produced),
    derived: Object.fromEntries([...derived].sort()),
    deadLetters: Object.fromEntries([...deadLetters].sort()),
  };
}

/**
 * Undefined for records that are not events of the platform or of jobs: a record that was sent on to its partition is a second copy, a
 * timer may be emitted twice, and the answer of a channel is between a job and the runtime.
 */
function kindOf(record: LogRecord): 'imported' | 'produced' | 'derived' | undefined {
  const type = headerOf(record, 'ce_type');
  if (type === timerFired.type || type === callAnswered.type) return undefined;
  const origin = record.headers['ce_origin'];
  if (origin !== undefined) return headerOf(record, 'ce_origin').startsWith(`${ROUTED}/`) ? undefined : 'derived';
  return headerOf(record, 'ce_source') === SOURCE ? 'imported' : 'produced';
}

async function batchFigures(tables: Stores['tables']): Promise<BatchFigures[]> {
  const batches: BatchFigures[] = [];
  let after: string | undefined;
  do {
    const page = await tables.select(batchSummary, [DEFAULT_TENANT], { limit: PAGE, after });
    batches.push(...(page.items as RecordOf<typeof batchSummary>[]).map(figuresOf));
    after = page.next;
  } while (after !== undefined);
  return batches;
}

function figuresOf(batch: RecordOf<typeof batchSummary>): BatchFigures {
  const { batchId, name, ever, left, learners, notStarted, inProgress, completed, meanProgress } = batch;
  return { batchId, name, registered: ever, left, active: learners, notStarted, inProgress, completed, meanProgress };
}

/** The most advanced learner of the batch in which most learners have begun; undefined if there is none yet. */
export async function pickSample(
  { tables }: Pick<Stores, 'tables'>,
  { batches }: Figures,
): Promise<Sample | undefined> {
  const [batch] = batches
    .filter(({ active }) => active > 0)
    .toSorted((a, b) => b.inProgress - a.inProgress || b.active - a.active);
  if (batch === undefined) return undefined;
  const { items } = await tables.select(batchLearners, [DEFAULT_TENANT, batch.batchId], { limit: PAGE });
  const learners = items as RecordOf<typeof batchLearners>[];
  return learners.filter(({ active }) => active).toSorted((a, b) => b.progress - a.progress)[0];
}

/** Empty if the header is missing or is not a text. */
function headerOf({ headers }: LogRecord, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}

function add(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}
