/** Adds up what the runtime reported about the batches of each job, so that a test can compare it with what was committed. */
import assert from 'node:assert/strict';
import type { Job } from '../../jobs/define.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import { batchDone, recordsRejected } from '../../schemas/pipeline.ts';
import { partitionsOf } from '../../testing/dump.ts';
import { pipelineEvents } from '../../topics/index.ts';
import { watchingCommits } from './commits.ts';

const OUTCOMES = ['applied', 'unchanged', 'repeated', 'skipped', 'rejected', 'routed'] as const;
type Outcome = (typeof OUTCOMES)[number];

export interface PipelineTotals {
  batches: number;
  /** Records by outcome. */
  readonly records: Record<Outcome, number>;
  /** Rejected records by code. */
  readonly codes: Record<string, number>;
  /** In the order of the log. */
  readonly latencies: (number | null)[];
}

/** The number of records, over all outcomes. */
export const sumOf = (totals: PipelineTotals | undefined): number =>
  OUTCOMES.reduce((sum, each) => sum + (totals?.records[each] ?? 0), 0);

const WANTED = new Map([batchDone, recordsRejected].map((def) => [def.type as string, def]));

/** Reads the reports from the log. Throws if two events have the same id. */
export async function pipelineTotals({
  transport,
  codec,
}: Pick<Stores, 'transport' | 'codec'>): Promise<Map<string, PipelineTotals>> {
  const totals = new Map<string, PipelineTotals>();
  const ids = new Set<string>();
  for (const record of (await partitionsOf(transport, pipelineEvents.name)).flat()) {
    const decoded = codec.decode(pipelineEvents, record, WANTED);
    assert.ok(decoded.kind === 'event', JSON.stringify(decoded));
    const { id, type, data } = decoded.event;
    assert.ok(!ids.has(id), `${id} is there twice`);
    ids.add(id);
    const job = data['job'] as string;
    const total = totals.get(job) ?? nothing();
    totals.set(job, total);
    if (type === batchDone.type) {
      total.batches += 1;
      for (const outcome of OUTCOMES) total.records[outcome] += data[outcome] as number;
      total.latencies.push(data['latencyMs'] as number | null);
    } else {
      const code = data['code'] as string;
      total.codes[code] = (total.codes[code] ?? 0) + (data['records'] as number);
    }
  }
  return totals;
}

function nothing(): PipelineTotals {
  const records = { applied: 0, unchanged: 0, repeated: 0, skipped: 0, rejected: 0, routed: 0 };
  return { batches: 0, records, codes: {}, latencies: [] };
}

/** Counts the records that owners commit, by job. A record counts as often as its offset is committed. */
export class CommittedRecords {
  readonly #counts = new Map<string, number>();

  of(job: string): number {
    return this.#counts.get(job) ?? 0;
  }

  /** Wraps the stores of an owner of the job and counts its commits. */
  watching(stores: Stores, { name }: Pick<Job, 'name'>): Stores {
    return watchingCommits(stores, ({ records }) => void this.#counts.set(name, this.of(name) + records.length));
  }
}
