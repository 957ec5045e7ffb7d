/** A stand-in for DuckDB in trials of Delta tables. It waits for nothing, so that a trial is repeatable. */
import assert from 'node:assert/strict';
import type { DuckConnection } from '../../duckdb/connection.ts';
import type { DuckDb } from '../../duckdb/database.ts';

/** Checkpoints as lines of JSON, in memory. Other tests cover what DuckDB makes of checkpoints. */
export function plainDuck(): DuckDb {
  const files = new Map<string, string>();
  let names = 0;
  const connection: DuckConnection = {
    async run(sql) {
      const [from = '', to = ''] = [...sql.matchAll(/'(file-\d+)'/g)].map(([, path]) => path as string);
      files.set(to, files.get(from) ?? '');
    },
    async *stream(sql) {
      const text = files.get(/'(file-\d+)'/.exec(sql)?.[1] ?? '') ?? '';
      yield text
        .trim()
        .split('\n')
        .map((action) => ({ action }));
    },
    rows: async () => [],
    answer: async () => assert.fail('nobody asks'),
    append: async () => {},
    checkReads: async () => {},
    close: () => {},
  };
  return {
    scratch: '',
    file() {
      names += 1;
      return `file-${names}`;
    },
    async writeFile(path, body) {
      const parts = await Array.fromAsync(body as AsyncIterable<Uint8Array | string>);
      files.set(path, parts.map(String).join(''));
    },
    async *readFile(path) {
      yield Buffer.from(files.get(path) ?? '');
    },
    removeFile: async (path) => void files.delete(path),
    connect: async () => connection,
    using: (work) => work(connection),
    close: async () => {},
  };
}
