/** Runs one query, and prints its answer in the chosen form. */
import { shownLine } from '../../../app/text/shown.ts';
import type { Answer, AnswerRow, QueryEngine } from '../../../sinks/query/port.ts';
import type { Streams } from '../../control/server.ts';
import type { Form } from '../../output/listing.ts';
import { printCsv, printJsonLines, printRows } from './answers.ts';

export interface AskedFor extends Form {
  readonly limit: number | null;
}

/** For the table form, which needs all rows before its layout. */
const ROWS_SHOWN = 1000;

export async function ask(engine: QueryEngine, sql: string, streams: Streams, asked: AskedFor): Promise<void> {
  const { json, csv = false, colors = false } = asked;
  const limit = asked.limit ?? (json || csv ? Number.POSITIVE_INFINITY : ROWS_SHOWN);
  await using answer = await engine.query(sql, { signal: streams.signal });
  const rows = new Rows(answer, limit);
  if (json) await printJsonLines(streams, answer, rows);
  else if (csv) await printCsv(streams, answer, rows);
  else await printRows(streams, answer, engine.relations, { rows, colors });
  if (!json) streams.stderr.write(`${summaryOf(answer, rows)}\n`);
}

/** The rows up to a limit. */
class Rows {
  readonly #answer: Answer;
  readonly #limit: number;
  count = 0;
  hasMore = false;

  constructor(answer: Answer, limit: number) {
    this.#answer = answer;
    this.#limit = limit;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<AnswerRow> {
    for await (const page of this.#answer.pages) {
      for (const row of page) {
        if (this.count === this.#limit) {
          this.hasMore = true;
          return;
        }
        this.count += 1;
        yield row;
      }
    }
  }
}

/** The size of the answer, and the tables and versions that it came from. */
function summaryOf({ read }: Answer, { count, hasMore }: Rows): string {
  const rows = count === 1 ? '1 row' : `${count.toLocaleString('en')} rows`;
  const more = hasMore ? ', and more: see --limit' : '';
  const versions = read.map(({ relation, version }) => `; ${relation} at version ${version}`);
  return shownLine(rows + more + versions.join(''));
}
