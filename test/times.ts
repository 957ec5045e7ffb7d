/**
 * A reporter for Node's test runner: how long each test file took, slowest first, and how many of its tests failed. `npm test` prints it
 * after the usual report.
 */
import { relative } from 'node:path';
import type { TestEvent } from 'node:test/reporters';

export default async function* times(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  const lines: { readonly ms: number; readonly text: string }[] = [];
  for await (const event of events) {
    if (event.type !== 'test:summary' || event.data.file === undefined) continue;
    const { file, duration_ms: ms, counts } = event.data;
    const bad = counts.tests - counts.passed - counts.skipped - counts.todo;
    lines.push({
      ms,
      text: `${(ms / 1000).toFixed(1).padStart(8)} s ${String(counts.tests).padStart(5)} tests  ${relative('', file)}${bad > 0 ? `  ${bad} not passed` : ''}`,
    });
  }
  yield '\ntime of each file\n';
  for (const { text } of lines.sort((a, b) => b.ms - a.ms)) yield `${text}\n`;
}
