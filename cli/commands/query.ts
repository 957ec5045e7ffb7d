/** `tributary query`: SQL over the datasources. It runs in this process, even if another process has the data folder. */
import { text } from 'node:stream/consumers';
import { openQuery } from '../../app/stores/open-query.ts';
import { relationOf } from '../../reports/relations.ts';
import { print } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';
import { inputOf } from '../input.ts';
import { setupOf } from '../setup.ts';
import { type AskedFor, ask } from './query/ask.ts';
import { printTables } from './query/tables.ts';

interface Args extends AskedFor {
  /** With `list`, the name of one table. */
  readonly sql: string | null;
  readonly file: string | null;
  readonly list: boolean;
  readonly views: boolean;
}

export const run: RunForCaller<Args> = async (caller, streams, args) => {
  const setup = await setupOf(caller, streams.stderr);
  if (args.list) {
    await printTables(streams, setup.platform.datasources.map(relationOf), args.sql, args);
    return 0;
  }
  const sql = args.views ? undefined : await textOf(args, streams.signal);
  const engine = await openQuery(setup);
  try {
    if (sql !== undefined) await ask(engine, sql, streams, args);
    else for (const statement of await engine.views()) await print(streams, `${statement};`);
    return 0;
  } finally {
    await engine.close();
  }
};

async function textOf({ sql, file }: Args, signal: AbortSignal): Promise<string> {
  if (sql !== null && sql !== '-') return sql;
  const { stream } = await inputOf(file ?? '-', signal);
  try {
    return await text(stream);
  } finally {
    stream.destroy();
  }
}
