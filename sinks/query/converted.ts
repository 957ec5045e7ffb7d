import type { AnswerRow, AnswerType, Value } from './port.ts';

/** A column of an answer, and the conversion of an engine's values to ours. */
export interface Known<V> {
  readonly name: string;
  readonly type: AnswerType;
  readonly convert: (value: V) => Value;
}

/** The pages of an engine, converted to our values. */
export async function* converted<V>(
  pages: AsyncIterable<readonly (readonly V[])[]>,
  columns: readonly Known<V>[],
): AsyncGenerator<readonly AnswerRow[]> {
  const converts = columns.map(({ convert }) => convert);
  for await (const rows of pages) {
    yield rows.map((row) => row.map((value, at) => (converts[at] as (typeof converts)[number])(value)));
  }
}
