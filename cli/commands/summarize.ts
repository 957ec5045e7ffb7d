/** `tributary summarize`: a datasource by days, weeks or months, without writing a query. */

import { found } from '../../app/platform/names.ts';
import { openQuery } from '../../app/stores/open-query.ts';
import { relationOf } from '../../reports/relations.ts';
import { summarySql } from '../../reports/sql/finish.ts';
import { print } from '../context.ts';
import type { RunForCaller } from '../descriptor.ts';
import { setupOf } from '../setup.ts';
import { type AskedFor, ask } from './query/ask.ts';

interface Args extends AskedFor {
  readonly datasource: string;
  readonly every: 'day' | 'week' | 'month' | null;
  readonly zone: string;
  readonly by: readonly string[] | null;
  readonly first: string | null;
  readonly last: string | null;
  readonly sql: boolean;
}

export const run: RunForCaller<Args> = async (caller, streams, args) => {
  const { every, zone, by, first, last } = args;
  const setup = await setupOf(caller, streams.stderr);
  const datasource = found('datasource', args.datasource, setup.platform.datasources);
  const keys = [...(every === null ? [] : ['date']), 'tenant', ...(by ?? [])].join(', ');
  const summary = summarySql(datasource, {
    from: relationOf(datasource).stored,
    ...(every !== null && { time: { every, zone } }),
    by: by ?? [],
    ...(first !== null && last !== null && { dates: { first, last } }),
  });
  const sql = `${summary}\norder by ${keys}`;
  if (args.sql) {
    await print(streams, sql);
    return 0;
  }
  const engine = await openQuery(setup);
  try {
    await ask(engine, sql, streams, args);
    return 0;
  } finally {
    await engine.close();
  }
};
