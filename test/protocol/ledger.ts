/** What was committed: the verdict of every record, as the first transaction that committed the record left it. */

import { DEFAULT_TENANT } from '../../core/event.ts';
import { type Job, Rejection } from '../../jobs/define.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Tables } from '../../sinks/tables/port.ts';
import { deadLetterTopic } from '../../topics/define.ts';
import type { LogRecord, NewRecord } from '../../topics/log/transport.ts';
import { type Transaction, watchingCommits } from '../harness/commits.ts';
import { type Item, jobA, jobB, listOf } from './jobs.ts';

/** The item in the row when the transaction was committed; undefined if the record had no effect. */
export type Verdict = Item | 'rejected' | undefined;

const text = new TextDecoder();
export const idOf = ({ headers }: Pick<NewRecord, 'headers'>): string => String(headers['ce_id']);

export class Ledger {
  readonly verdicts = new Map<Job, Map<string, Verdict>>([
    [jobA, new Map()],
    [jobB, new Map()],
  ]);
  /** By event id, everything that the fold ever returned for the event. The verdict must be one of these. */
  readonly judgements = new Map<string, Set<'applied' | 'unchanged' | 'rejected'>>();
  /** The largest offset ever committed, by job, topic and partition. */
  readonly #furthest = new Map<string, number>();
  readonly #tables: Tables;

  constructor(tables: Tables) {
    this.#tables = tables;
  }

  /** Wraps the job to record its judgements. */
  judging(job: Job): Job {
    const fold: Record<string, Job['fold'][string]> = {};
    for (const [type, folds] of Object.entries(job.fold)) {
      fold[type] = (row, event, found) => {
        const after = folds(row, event, found);
        const judgement = after instanceof Rejection ? 'rejected' : after === row ? 'unchanged' : 'applied';
        this.judgements.set(event.id, (this.judgements.get(event.id) ?? new Set()).add(judgement));
        return after;
      };
    }
    return { ...job, fold };
  }

  /** Wraps the stores of a process to record its commits. */
  watching(stores: Stores, job: Job): Stores {
    return watchingCommits(stores, ({ claim: { shape, partition }, records, transaction }) =>
      this.#note(job, `${job.name}/${shape.id}/${partition}`, records, transaction),
    );
  }

  async #note(job: Job, position: string, records: readonly LogRecord[], { records: sent, offset }: Transaction) {
    const furthest = this.#furthest.get(position) ?? 0;
    this.#furthest.set(position, Math.max(furthest, offset));
    const idsTo = (topic: string) => new Set(sent.filter((record) => record.topic === topic).map(idOf));
    const deadLetters = idsTo(deadLetterTopic(job.from.name));
    const sentOn = idsTo(job.from.name);
    for (const record of records) {
      const id = idOf(record);
      const isFolded = job.on.some(({ type }) => type === record.headers['ce_type']);
      if (!isFolded || record.offset < furthest || sentOn.has(id)) continue;
      const key = [DEFAULT_TENANT, text.decode(record.key ?? undefined)];
      const [row] = await this.#tables.read(job.row, [key]);
      const item = listOf(row?.data).find((each) => each.id === id);
      const verdicts = this.verdicts.get(job) as Map<string, Verdict>;
      // A repeated event has another offset, and already has a verdict.
      if (!verdicts.has(id)) verdicts.set(id, item ?? (deadLetters.has(id) ? 'rejected' : undefined));
    }
  }
}
