/**
 * Writes the views of a generation that has just become current: all records of its rows, at versions above all those of the previous
 * generation. Records that only the rows of the previous generation showed are removed. Owners go on meanwhile; their writes are newer.
 */
import { messageOf } from '../../../../core/errors.ts';
import type { Target } from '../../../../core/target.ts';
import type { Change, Key, Version } from '../../../../sinks/port.ts';
import type { StoredRow } from '../../../../sinks/tables/port.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import type { Job, Row, View } from '../../../define.ts';
import { patientOf } from '../../patient.ts';
import type { Runtime } from '../../stores.ts';
import { parseOutbox } from '../outbox.ts';
import { idOf } from '../rows.ts';
import { viewChanges } from '../views/make.ts';
import { rebuildViews } from '../views/rebuild.ts';
import { applyTo } from '../views/write.ts';
import { readableOf } from './readable.ts';
import { atGeneration, type Swap, tableOf } from './state.ts';
import type { SwapOptions } from './swap.ts';

const KINDS: ReadonlySet<Target['kind']> = new Set(['table', 'index', 'cache']);
const ROWS_AT_ONCE = 500;
const NONE_LEFT = () => false;

type Options = Pick<SwapOptions, 'signal' | 'failed' | 'waiting'> & { readonly progress: (rows: number) => void };
type Shown = Map<Target, Map<string, Key>>;

export async function showGeneration(job: Job, swap: Swap, runtime: Runtime, options: Options): Promise<void> {
  if (job.views.length === 0) return;
  const now = atGeneration(job, swap.to);
  const { rows } = await rebuildViews(now, runtime, {
    ...options,
    only: KINDS,
    token: swap.token,
    progress: (so) => options.progress(so.rows),
  });
  await removeOthers(now, swap, runtime, { ...options, progress: (count) => options.progress(rows + count) });
}

async function removeOthers(job: Job, swap: Swap, runtime: Runtime, options: Options): Promise<void> {
  const { tables, transport } = runtime.stores;
  const withRetries = patientOf(runtime, options);
  const old = await withRetries(() => readableOf(tables, tableOf(job.row, swap.from)));
  if (old === undefined) return options.failed('all views', '', `the table of generation ${swap.from} cannot be read`);
  const [shape] = await withRetries(() => transport.shape([job.from.name]));
  const showing = new Showing(job.views, shortId(shape?.id), options);
  let after: string | undefined;
  let count = 0;
  do {
    const page = await withRetries(() => tables.scan(old, { limit: ROWS_AT_ONCE, after }));
    const rows = await withRetries(() =>
      tables.read(
        job.row,
        page.items.map(({ key }) => key),
      ),
    );
    for (const [target, changes] of removals(page.items, rows, showing, swap.token)) {
      const results = await withRetries(() => applyTo(runtime.stores, target, changes));
      results.forEach((result, i) => {
        if (typeof result !== 'string')
          options.failed(target.name, (changes[i] as Change).key.join('/'), result.refused);
      });
    }
    count += page.items.length;
    options.progress(count);
    after = page.next;
  } while (after !== undefined);
}

function removals(
  before: readonly StoredRow[],
  now: readonly (StoredRow | undefined)[],
  showing: Showing,
  token: number,
): Map<Target, Change[]> {
  const changes = new Map<Target, Change[]>();
  before.forEach((was, i) => {
    const is = now[i];
    const still = is === undefined ? undefined : showing.of(is);
    const version: Version = atLeast(is?.version ?? { token, revision: 0 }, token);
    for (const [target, keys] of showing.everOf(was)) {
      for (const [id, key] of keys) {
        if (still?.get(target)?.has(id)) continue;
        const ofTarget = changes.get(target) ?? [];
        changes.set(target, ofTarget);
        ofTarget.push({ key, version, record: undefined });
      }
    }
  });
  return changes;
}

const atLeast = ({ token, revision }: Version, least: number): Version => ({ token: Math.max(token, least), revision });

/** The records of views that rows make. */
class Showing {
  readonly #views: readonly View<Row>[];
  readonly #topicId: string;
  readonly #failed: Options['failed'];

  constructor(views: readonly View<Row>[], topicId: string, { failed }: Options) {
    this.#views = views;
    this.#topicId = topicId;
    this.#failed = failed;
  }

  of({ key, data }: StoredRow): Shown {
    const shown: Shown = new Map();
    for (const view of this.#views) {
      try {
        for (const put of viewChanges(view, { tenant: key[0] as string, before: undefined, after: data, again: true })
          .puts)
          this.#add(shown, view.into, put.key);
      } catch (error) {
        this.#failed(view.into.name, key.join('/'), messageOf(error));
      }
    }
    return shown;
  }

  /** Also the records that the row's outbox has yet to remove. */
  everOf(row: StoredRow): Shown {
    const shown = this.of(row);
    for (const entry of parseOutbox(row.outbox, this.#topicId, row.key[0] as string, NONE_LEFT)) {
      if (entry.kind !== 'removal') continue;
      const target = this.#views.find(({ into }) => into.name === entry.view)?.into;
      if (target !== undefined) this.#add(shown, target, entry.key);
    }
    return shown;
  }

  #add(shown: Shown, target: Target, key: Key): void {
    const keys = shown.get(target) ?? new Map<string, Key>();
    shown.set(target, keys.set(idOf(key), key));
  }
}
