import type { QueryEngine } from '../../sinks/query/port.ts';

/** The rows as texts, sorted. Doubles are rounded to twelve digits. */
export async function answered(engine: QueryEngine, sql: string): Promise<string[]> {
  return (await answeredInOrder(engine, sql)).sort();
}

/** The rows as texts, in the order of the answer. */
export async function answeredInOrder(engine: QueryEngine, sql: string): Promise<string[]> {
  const plain = (_: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return `${value}n`;
    if (value instanceof Map) return [...value].sort(([a], [b]) => (a < b ? -1 : 1));
    return typeof value === 'number' ? Number(value.toPrecision(12)) + 0 : value;
  };
  await using answer = await engine.query(sql);
  const rows: string[] = [JSON.stringify(answer.columns)];
  for await (const page of answer.pages) rows.push(...page.map((row) => JSON.stringify(row, plain)));
  return rows;
}
