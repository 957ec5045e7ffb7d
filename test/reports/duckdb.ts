/** Rows of a datasource in an in-memory DuckDB, and results of queries over them. */
import type { TestContext } from 'node:test';
import {
  BIGINT,
  BOOLEAN,
  DATE,
  DOUBLE,
  type DuckDBConnection,
  DuckDBDataChunk,
  DuckDBDateValue,
  DuckDBInstance,
  DuckDBTimestampTZValue,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  type JS,
  LIST,
  listValue,
  MAP,
  mapValue,
  TIMESTAMPTZ,
  VARCHAR,
} from '@duckdb/node-api';
import { type Column, type ColumnType, layoutOf } from '../../reports/columns.ts';
import type { Datasource } from '../../reports/define-datasource.ts';
import type { RollupFold } from '../../reports/rollup/fold.ts';
import type { Cell } from '../../reports/rollup/metrics.ts';

const TYPES: Readonly<Record<ColumnType, readonly [DuckDBType, string]>> = {
  string: [VARCHAR, 'varchar'],
  boolean: [BOOLEAN, 'boolean'],
  long: [BIGINT, 'bigint'],
  double: [DOUBLE, 'double'],
  timestamp: [TIMESTAMPTZ, 'timestamptz'],
  date: [DATE, 'date'],
  'list<long>': [LIST(BIGINT), 'bigint[]'],
  'map<int,long>': [MAP(INTEGER, BIGINT), 'map(integer, bigint)'],
};
const CHUNK = 2048;
const DAY_MS = 86_400_000;

export class Duck {
  readonly connection: DuckDBConnection;

  constructor(connection: DuckDBConnection) {
    this.connection = connection;
  }

  async run(sql: string): Promise<void> {
    await this.connection.run(sql);
  }

  /** The rows of a query. Whole numbers are bigints, times are Dates, maps are lists of `{ key, value }`. */
  async rows(sql: string): Promise<Record<string, JS>[]> {
    return (await this.connection.runAndReadAll(sql)).getRowObjectsJS();
  }

  async create(name: string, columns: readonly Column[]): Promise<void> {
    const defined = columns.map((column) => `${column.name} ${TYPES[column.type][1]}`);
    await this.run(`create table ${name} (${defined.join(', ')})`);
  }

  /** Appends rows, given by column name, to a table that has these columns. */
  async append(
    name: string,
    columns: readonly Column[],
    rows: readonly Readonly<Record<string, Cell>>[],
  ): Promise<void> {
    const appender = await this.connection.createAppender(name);
    for (let from = 0; from < rows.length; from += CHUNK) {
      const some = rows.slice(from, from + CHUNK);
      const chunk = DuckDBDataChunk.create(columns.map(({ type }) => TYPES[type][0]));
      chunk.setColumns(columns.map(({ name, type }) => some.map((row) => duckValue(type, row[name] ?? null))));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
  }

  /** Creates a table and drains the folds into it. */
  async load(name: string, datasource: Datasource, ...folds: readonly RollupFold[]): Promise<void> {
    const { columns } = layoutOf(datasource);
    await this.create(name, columns);
    for (const fold of folds) {
      for (const { date, rows } of fold.drain()) {
        await this.append(
          name,
          columns,
          Array.from(rows, (row) => ({ date, ...row })),
        );
      }
    }
  }
}

export async function duckdb(t: Pick<TestContext, 'after'>): Promise<Duck> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '1', memory_limit: '500MB' });
  const connection = await instance.connect();
  t.after(() => {
    connection.closeSync();
    instance.closeSync();
  });
  await connection.run("set TimeZone = 'UTC'");
  return new Duck(connection);
}

function duckValue(type: ColumnType, cell: Cell): DuckDBValue {
  if (cell === null) return null;
  switch (type) {
    case 'long':
      return BigInt(cell as number | bigint);
    case 'timestamp':
      return new DuckDBTimestampTZValue(BigInt(cell as number) * 1000n);
    case 'date':
      return new DuckDBDateValue(Date.parse(`${cell}T00:00:00Z`) / DAY_MS);
    case 'list<long>':
      return listValue(cell as readonly bigint[]);
    case 'map<int,long>':
      return mapValue(
        Array.from(cell as ReadonlyMap<number, number>, ([key, value]) => ({ key, value: BigInt(value) })),
      );
    default:
      return cell as DuckDBValue;
  }
}
