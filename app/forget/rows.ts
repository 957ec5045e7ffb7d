/** The rows that name a person, and the view records made from them. */
import { isKeyedByPerson, mayName, namesElsewhere, withoutPersons } from '../../core/persons.ts';
import type { Target } from '../../core/target.ts';
import type { Job } from '../../jobs/define.ts';
import { viewChanges } from '../../jobs/runtime/rows/views/make.ts';
import type { Stores } from '../../jobs/runtime/stores.ts';
import type { Key } from '../../sinks/port.ts';
import type { StoredRow } from '../../sinks/tables/port.ts';

export interface Person {
  readonly tenant: string;
  readonly userId: string;
}

export interface ViewRecord {
  readonly target: Target;
  readonly key: Key;
}

export interface FoundRow {
  readonly job: Job;
  readonly key: Key;
  readonly data: Readonly<Record<string, unknown>>;
  /** The records that views have because the row names the person. */
  readonly views: readonly ViewRecord[];
}

type Tables = Pick<Stores['tables'], 'under' | 'scan'>;

/** Reads a whole table if rows of other keys may name the person, such as those of groups. */
export async function* rowsNaming(tables: Tables, jobs: readonly Job[], person: Person): AsyncGenerator<FoundRow> {
  for (const job of jobs) {
    if (!mayName(job.row)) continue;
    for await (const row of namesElsewhere(job.row) ? allRows(tables, job) : ownRows(tables, job, person)) {
      const found = foundIn(job, row, person);
      if (found !== undefined) yield found;
    }
  }
}

async function* ownRows(tables: Tables, { row }: Job, { tenant, userId }: Person): AsyncGenerator<StoredRow> {
  if (isKeyedByPerson(row)) yield* await tables.under(row, [tenant, userId]);
}

async function* allRows(tables: Tables, { row }: Job): AsyncGenerator<StoredRow> {
  let after: string | undefined;
  do {
    const page = await tables.scan(row, { limit: 500, after });
    yield* page.items;
    after = page.next;
  } while (after !== undefined);
}

function foundIn(job: Job, { key, data }: StoredRow, { tenant, userId }: Person): FoundRow | undefined {
  if (data === undefined || key[0] !== tenant) return undefined;
  const left = withoutPersons(job.row, data, (id) => id === userId);
  if (left === data) return undefined;
  const views = job.views.flatMap((view) => {
    const { removals } = viewChanges(view, { tenant, before: data, after: left, again: false });
    return removals.map((of) => ({ target: view.into, key: of }));
  });
  return { job, key, data, views };
}

/** Whether the view still shows the record. */
export async function isShown(
  { tables, cache, search }: Pick<Stores, 'tables' | 'cache' | 'search'>,
  { target, key }: ViewRecord,
): Promise<boolean> {
  const [tenant, ...parts] = key as [string, ...string[]];
  const fields = [...target.key, ...target.sort];
  switch (target.kind) {
    case 'table':
      return (await tables.select(target, key, { limit: 1 })).items.length > 0;
    case 'cache': {
      const records = await cache.read(target, key.slice(0, 1 + target.key.length));
      return records.some((record) => fields.every((name, i) => record[name] === parts[i]));
    }
    case 'index': {
      const filter = Object.fromEntries(fields.map((name, i) => [name, parts[i] as string]));
      return (await search.search(target, { tenant, words: '', filter, limit: 1 })).total > 0;
    }
  }
}
