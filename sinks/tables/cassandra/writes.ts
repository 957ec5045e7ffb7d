/**
 * Writes rows and records concurrently: those of one partition key together and, if they are few, with some others of
 * the same node.
 *
 * Every cell has the version as its timestamp, so that Cassandra keeps the newest in whatever order writes arrive:
 *
 * - A whole row writes nulls for missing values, and for each map a tombstone one below its own timestamp. So no column
 *   and no entry of an older version is visible, even if it arrives later.
 * - A later write of the same owner contains only changed columns and entries. The same owner wrote the others, because
 *   the first write of an owner is whole.
 * - A removed row is a whole row, too. It keeps the values of its indexed fields, which are read first, because the
 *   current owner may not know them.
 * - A removed record is a tombstone with the version of its removal. It blocks older writes for `gc_grace_seconds`, ten
 *   days by default, which is longer than any paused owner lives.
 *
 * A write that timed out may still arrive, even after its owner has read the row without it, reached another result and
 * written that as the same version. So the row is recorded as in doubt: its next write is whole, with a later attempt.
 */
import type { Change, Key, WriteResult } from '../../port.ts';
import { Growth } from '../growth.ts';
import type { RowWrite } from '../port.ts';
import type { Connection, NodeOf } from './connection.ts';
import { faultOf, mayHaveHappened, refusalOf } from './errors.ts';
import type { TableRequest } from './request.ts';
import {
  changeParameters,
  insertParameters,
  type Kept,
  outgrown,
  refusal,
  refusedKey,
  sizeOf,
  tooLarge,
  wholeKey,
} from './rows.ts';
import { updateStatement } from './updates.ts';

interface Statement {
  readonly query: string;
  readonly params: unknown[];
  /** Which rows or changes of the call the statement writes. */
  readonly item: number;
  /** The approximate size in bytes. */
  readonly size: number;
}

/** `none`: the statement was not sent, or certainly not written. */
type Outcome = 'none' | 'done' | 'unknown';

interface Doubt {
  readonly token: number;
  readonly revision: number;
  readonly attempt: number;
}

/** The limits of one request. */
interface Most {
  readonly statements: number;
  readonly bytes: number;
}

/** For one partition key. Cassandra makes this one write, with one entry in its commit log; small writes are faster. */
const TOGETHER: Most = { statements: 50, bytes: 256 * 1024 };
/**
 * For several keys. Each key is a separate write, but they share a request. Below Cassandra's default warning
 * threshold.
 */
const ACROSS: Most = { statements: 8, bytes: 4 * 1024 };
/** Far more than all batches have rows at once. */
const MOST_DOUBTS = 100_000;

export class Writes {
  readonly #connection: Connection;
  /** Rows in doubt, by table and key: it is unknown whether they were written. */
  readonly #doubts = new Map<string, Doubt>();

  readonly #now: () => number;
  readonly #growth: Growth;

  constructor(connection: Connection, now: () => number) {
    this.#connection = connection;
    this.#now = now;
    this.#growth = new Growth(connection.largest);
  }

  async rows(request: TableRequest, rows: readonly RowWrite[]): Promise<WriteResult[]> {
    const kept = await this.#keptOf(request, rows);
    const attempts = rows.map((row) => this.#attemptOf(request, row));
    const now = this.#now();
    const outcomes: Outcome[] = rows.map(() => 'none');
    try {
      return await this.#write(
        request,
        rows.map((row) => row.key),
        (i) => {
          const row = rows[i] as RowWrite;
          const refused = refusal(request, row.key, row.version, row.data);
          if (refused !== undefined) return refused;
          const attempt = attempts[i];
          const whole = row.whole || row.data === undefined || attempt !== undefined;
          if (!whole) {
            const statement = updateStatement(request, row);
            return outgrown(request, this.#growth, row, sizeOf(statement.params)) ?? statement;
          }
          return {
            query: request.insert,
            params: insertParameters(request, row, { attempt: attempt ?? 0, now, kept: kept[i] }),
          };
        },
        outcomes,
      );
    } finally {
      rows.forEach((row, i) => {
        const attempt = attempts[i];
        if (outcomes[i] === 'unknown') this.#doubt(request, row, attempt ?? 0);
        else if (outcomes[i] === 'done' && attempt !== undefined) this.#doubts.delete(idOf(request, row.key));
      });
    }
  }

  /** The indexed values of each removed row. */
  #keptOf(request: TableRequest, rows: readonly RowWrite[]): Promise<(Kept | undefined)[]> {
    const { kept, indexedFields, name } = request;
    if (indexedFields.length === 0 || rows.every(({ data }) => data !== undefined)) return Promise.resolve([]);
    const one = async ({ data, key }: RowWrite): Promise<Kept | undefined> => {
      if (data !== undefined || refusedKey(request, key) !== undefined) return undefined;
      return (await this.#connection.execute(kept, wholeKey(request, key))).rows[0];
    };
    return Promise.all(rows.map(one)).catch((error: unknown) => {
      throw faultOf(error, `reading ${name}`, 'none');
    });
  }

  changes(request: TableRequest, changes: readonly Change[]): Promise<WriteResult[]> {
    return this.#write(
      request,
      changes.map((change) => change.key),
      (i) => {
        const change = changes[i] as Change;
        const refused = refusal(request, change.key, change.version, change.record);
        if (refused !== undefined) return refused;
        const query = change.record === undefined ? request.remove : request.put;
        return { query, params: changeParameters(request, change) };
      },
      [],
    );
  }

  /** Throws if the store is unavailable, once all requests have ended; `outcomes` then has the outcome of each. */
  async #write(
    request: TableRequest,
    keys: readonly Key[],
    statementOf: (item: number) => Pick<Statement, 'query' | 'params'> | string,
    outcomes: Outcome[],
  ): Promise<WriteResult[]> {
    const results: WriteResult[] = keys.map(() => 'written');
    const statements: Statement[] = [];
    keys.forEach((key, i) => {
      wholeKey(request, key);
      const statement = statementOf(i);
      if (typeof statement === 'string') {
        results[i] = { refused: statement };
        return;
      }
      const { query, params } = statement;
      const size = sizeOf(params);
      const refused = tooLarge(params, size, this.#connection.largest);
      if (refused === undefined) statements.push({ query, params, item: i, size });
      else results[i] = { refused };
    });
    if (statements.length === 0) return results;
    let fault: unknown;
    const run = async (group: readonly Statement[]): Promise<void> => {
      if (fault !== undefined) return;
      const [first] = group as [Statement];
      try {
        if (group.length > 1) await this.#connection.batch(group);
        else await this.#connection.execute(first.query, first.params);
        for (const { item } of group) outcomes[item] = 'done';
      } catch (error) {
        const refused = refusalOf(error);
        if (refused === undefined) {
          fault ??= error;
          if (mayHaveHappened(error)) for (const { item } of group) outcomes[item] = 'unknown';
        } else if (group.length > 1) {
          await Promise.all(group.map((each) => run([each])));
        } else {
          results[first.item] = { refused };
        }
      }
    };
    const nodeOf = await this.#connection.nodes().catch((error: unknown) => {
      throw faultOf(error, `writing ${request.name}`, 'none');
    });
    await Promise.all(grouped(request, keys, statements, nodeOf).map(run));
    if (fault !== undefined) {
      throw faultOf(fault, `writing ${request.name}`, outcomes.includes('unknown') ? 'unknown' : 'none');
    }
    return results;
  }

  /** The number of the attempt if the outcome of an earlier write of the row is unknown; undefined otherwise. */
  #attemptOf(request: TableRequest, { key, version }: RowWrite): number | undefined {
    if (this.#doubts.size === 0) return undefined;
    const doubt = this.#doubts.get(idOf(request, key));
    if (doubt === undefined) return undefined;
    return doubt.token === version.token && doubt.revision === version.revision ? doubt.attempt + 1 : 0;
  }

  #doubt(request: TableRequest, { key, version }: RowWrite, attempt: number): void {
    const id = idOf(request, key);
    this.#doubts.delete(id);
    this.#doubts.set(id, { ...version, attempt });
    for (const oldest of this.#doubts.keys()) {
      if (this.#doubts.size <= MOST_DOUBTS) return;
      this.#doubts.delete(oldest);
    }
  }
}

/** Groups statements of one partition key and, if they are few, adds others of the same node. */
function grouped(
  { partitionLength }: TableRequest,
  keys: readonly Key[],
  statements: readonly Statement[],
  nodeOf: NodeOf,
): Statement[][] {
  const partitionOf = ({ item }: Statement) => (keys[item] as Key).slice(0, partitionLength);
  const partitions = Map.groupBy(statements, (each) => partitionOf(each).join('\0'));
  const few: Statement[][] = [];
  const groups: Statement[][] = [];
  for (const together of partitions.values()) {
    if (together.length <= ACROSS.statements && bytesOf(together) <= ACROSS.bytes) few.push(together);
    else
      groups.push(
        ...joined(
          together.map((each) => [each]),
          TOGETHER,
        ),
      );
  }
  for (const others of Map.groupBy(few, ([first]) => nodeOf(partitionOf(first as Statement))).values()) {
    groups.push(...joined(others, ACROSS));
  }
  return groups;
}

/** Combines groups, without splitting any, up to the size of one request. */
function joined(parts: readonly (readonly Statement[])[], most: Most): Statement[][] {
  const result: Statement[][] = [];
  let size = 0;
  for (const part of parts) {
    const more = bytesOf(part);
    const last = result.at(-1);
    if (last === undefined || last.length + part.length > most.statements || size + more > most.bytes) {
      result.push([...part]);
      size = more;
    } else {
      last.push(...part);
      size += more;
    }
  }
  return result;
}

function bytesOf(statements: readonly Statement[]): number {
  return statements.reduce((sum, { size }) => sum + size, 0);
}

function idOf(request: TableRequest, key: Key): string {
  return `${request.name} ${JSON.stringify(key)}`;
}
