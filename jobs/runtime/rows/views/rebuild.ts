/**
 * Writes all views of a job's rows again, for example after a cache or an index was lost. It reads only the rows, no topic, and claims no
 * partition. So the job can go on running.
 *
 * Versions make that safe. Each record is written at the version of its row, so a record that an owner has made from a newer row stays. A
 * store that was just lost has also lost its removals. So rows are read again after their views were written. If a row has changed
 * meanwhile, records that it showed before and no longer shows are removed at its new version. Nothing else is ever removed.
 */
import { messageOf, type TributaryError } from '../../../../core/errors.ts';
import type { Target } from '../../../../core/target.ts';
import type { Change } from '../../../../sinks/port.ts';
import type { StoredRow } from '../../../../sinks/tables/port.ts';
import type { Job, Row } from '../../../define.ts';
import { patientOf } from '../../patient.ts';
import type { Runtime } from '../../stores.ts';
import { idOf } from '../rows.ts';
import { viewChanges } from './make.ts';
import { applyTo } from './write.ts';

/** The progress, counted from the beginning of the rebuild. */
export interface Rebuilt {
  readonly job: string;
  /** Rows that were read, including deleted ones, which have no views. */
  rows: number;
  /** Records that were written, excluding those that the store had in a newer version, if it reports them. */
  written: number;
  /** Records that the store already had in a newer version. */
  newer: number;
  /** Records that were removed because their rows had changed. */
  removed: number;
  /** Records that could not be made, or that the store will never accept. */
  failed: number;
}

export interface RebuildOptions {
  /** The kinds of targets to write. Views of other kinds are not touched. */
  readonly only: ReadonlySet<Target['kind']>;
  readonly signal: AbortSignal;
  readonly progress: (so: Rebuilt) => void;
  /** Reports a record that the view lacks from now on. */
  readonly failed: (view: string, key: string, why: string) => void;
  /** Reports that a store does not answer. The call is tried again. */
  readonly waiting: (error: TributaryError, delayMs: number) => void;
  /** Records of rows with an older token are written at this token. */
  readonly token?: number;
  readonly rowsAtOnce?: number;
  readonly recordsAtOnce?: number;
}

type Needed = Pick<Runtime, 'stores' | 'clock' | 'settings' | 'random'>;
type Changes = Map<Target, Map<string, Change>>;

const ROWS_AT_ONCE = 500;
/** In parallel, since stores spend most of a call waiting: for a disk, for each other, for the network. */
const PAGES_AT_ONCE = 4;
/** One row may have thousands of records. The collected records are written when there are this many. */
const RECORDS_AT_ONCE = 3000;

/** Throws when the signal is aborted, and fatal errors. Earlier writes stay and do no harm. */
export async function rebuildViews(job: Job, runtime: Needed, options: RebuildOptions): Promise<Rebuilt> {
  const so: Rebuilt = { job: job.name, rows: 0, written: 0, newer: 0, removed: 0, failed: 0 };
  const rebuild = new Rebuild(job, runtime, options, so);
  const limit = options.rowsAtOnce ?? ROWS_AT_ONCE;
  const working = new Set<Promise<void>>();
  let after: string | undefined;
  try {
    do {
      const page = await rebuild.withRetries(() => runtime.stores.tables.scan(job.row, { limit, after }));
      const work = rebuild.rows(page.items).then(() => {
        working.delete(work);
        so.rows += page.items.length;
        options.progress(so);
      });
      working.add(work);
      // The error is thrown below, where the page is awaited.
      work.catch(() => undefined);
      if (working.size === PAGES_AT_ONCE) await Promise.race(working);
      after = page.next;
    } while (after !== undefined);
    await Promise.all(working);
    return so;
  } finally {
    await Promise.allSettled(working);
  }
}

class Rebuild {
  readonly #job: Job;
  readonly #views: Job['views'];
  readonly #runtime: Needed;
  readonly #options: RebuildOptions;
  readonly #so: Rebuilt;
  readonly withRetries: ReturnType<typeof patientOf>;

  constructor(job: Job, runtime: Needed, options: RebuildOptions, so: Rebuilt) {
    this.#job = job;
    this.#views = job.views.filter((view) => options.only.has(view.into.kind));
    this.#runtime = runtime;
    this.#options = options;
    this.#so = so;
    this.withRetries = patientOf(runtime, options);
  }

  async rows(rows: readonly StoredRow[]): Promise<void> {
    const changes: Changes = new Map();
    let shown: StoredRow[] = [];
    let records = 0;
    for (const row of rows) {
      if (row.data === undefined) continue;
      shown.push(row);
      records += this.#collect(changes, undefined, row);
      if (records < (this.#options.recordsAtOnce ?? RECORDS_AT_ONCE)) continue;
      await this.#write(changes, shown);
      shown = [];
      records = 0;
    }
    await this.#write(changes, shown);
  }

  /** Writes the collected records of the rows, and repeats this for rows that change meanwhile, until none has. */
  async #write(changes: Changes, rows: readonly StoredRow[]): Promise<void> {
    await this.#apply(changes);
    let written = rows;
    while (written.length > 0) {
      const { tables } = this.#runtime.stores;
      const before = written;
      const now = await this.withRetries(() =>
        tables.read(
          this.#job.row,
          before.map(({ key }) => key),
        ),
      );
      written = now.flatMap((row, i) => {
        const was = before[i] as StoredRow;
        if (row === undefined || isSame(was, row)) return [];
        this.#collect(changes, was, row);
        return [row];
      });
      await this.#apply(changes);
    }
  }

  /** Returns how many records it added. */
  #collect(changes: Changes, before: StoredRow | undefined, after: StoredRow): number {
    const version = { ...after.version, token: Math.max(after.version.token, this.#options.token ?? 0) };
    let records = 0;
    for (const view of this.#views) {
      const { puts, removals } = this.#changesOf(view, before?.data, after);
      const byKey = changes.get(view.into) ?? new Map<string, Change>();
      changes.set(view.into, byKey);
      for (const put of puts) byKey.set(idOf(put.key), { ...put, version });
      for (const key of removals) byKey.set(idOf(key), { key, version, record: undefined });
      records += puts.length + removals.length;
    }
    return records;
  }

  #changesOf(view: Job['views'][number], before: Row | undefined, { key, data }: StoredRow) {
    try {
      return viewChanges(view, { tenant: key[0] as string, before, after: data, again: true });
    } catch (error) {
      this.#failed(view.into, key, messageOf(error));
      return { puts: [], removals: [] };
    }
  }

  async #apply(changes: Changes): Promise<void> {
    const work = [...changes].filter(([, byKey]) => byKey.size > 0);
    await Promise.all(work.map(([target, byKey]) => this.#applyTo(target, [...byKey.values()])));
    changes.clear();
  }

  async #applyTo(target: Target, changes: readonly Change[]): Promise<void> {
    const results = await this.withRetries(() => applyTo(this.#runtime.stores, target, changes));
    results.forEach((result, i) => {
      const { key, record } = changes[i] as Change;
      if (result === 'stale') this.#so.newer += 1;
      else if (result !== 'written') this.#failed(target, key, result.refused);
      else if (record === undefined) this.#so.removed += 1;
      else this.#so.written += 1;
    });
  }

  #failed(target: Target, key: readonly string[], why: string): void {
    this.#so.failed += 1;
    this.#options.failed(target.name, key.join('/'), why);
  }
}

/** Compares position and outbox, too: an owner whose first write timed out may write two different contents at one version. */
function isSame(a: StoredRow, b: StoredRow): boolean {
  const [{ token, revision }, version] = [a.version, b.version];
  return token === version.token && revision === version.revision && a.at === b.at && a.outbox === b.outbox;
}
