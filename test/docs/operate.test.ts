import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { defaultOf, docOf, KEYS } from '../../app/config/keys.ts';
import { createMetrics } from '../../app/telemetry/metrics.ts';
import { createReportMetrics } from '../../app/telemetry/report-metrics.ts';
import { createServiceMetrics } from '../../app/telemetry/service-metrics.ts';
import { storeMetrics } from '../../app/telemetry/store-metrics.ts';
import { createUpkeepMetrics } from '../../app/telemetry/upkeep-watch.ts';
import { ERROR_CODES } from '../../core/errors.ts';

const root = join(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/operate.md'), 'utf8');

/** The rows of the table below a heading, as texts of cells. */
function tableOf(heading: string): string[][] {
  const section = page.split(/^## /m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) => {
    const cells = row.split('|').slice(1, -1);
    return cells.map((cell) => cell.trim().replaceAll('`', ''));
  });
}

test('the page of operation has every key of the configuration, with its default and description', () => {
  const declared = KEYS.map((key) => [key, String(defaultOf(key) ?? ''), docOf(key)]);
  assert.deepEqual(tableOf('Configuration'), declared);
});

test('the page of operation has every code, with its kind and what to do', () => {
  const rows = tableOf('Codes');
  assert.deepEqual(
    rows.map(([code, kind]) => [code, kind]),
    Object.entries(ERROR_CODES),
  );
  for (const [code, , meaning, todo] of rows) assert.ok(meaning !== '' && todo !== '', code);
});

test('the page of operation has every metric, with its kind, labels and help', async () => {
  const { registry, instruments } = await createMetrics();
  storeMetrics(instruments, []);
  await createReportMetrics(registry, []);
  await createServiceMetrics(registry);
  await createUpkeepMetrics(registry);
  const declared = registry
    .getMetricsAsArray()
    .filter(({ name }) => name.startsWith('tributary_'))
    .map((metric) => {
      const { name, help, labelNames } = metric as typeof metric & { labelNames: string[] };
      return [name, metric.constructor.name.toLowerCase(), labelNames.join(', '), help];
    });
  assert.deepEqual(tableOf('Metrics and probes').sort(), declared.sort());
});

test('the excerpt of a job in the README is in that job', () => {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const job = readFileSync(join(root, 'jobs/track-progress/track-progress.ts'), 'utf8').split('\n');
  const excerpt = /```ts\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const lines = excerpt.split('\n').filter((line) => line !== '' && !line.includes('// …'));
  assert.ok(lines.length > 10);
  for (const line of lines) assert.ok(job.includes(line), line);
});
