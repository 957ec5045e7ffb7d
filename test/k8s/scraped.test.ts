/** The dashboards and alerts against the metrics of a working pipeline in a real Prometheus: they query nothing that does not exist. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../cli/free-port.ts';
import { running, temporaryFolder, tributary } from '../cli/harness.ts';
import { named, ofKind, render, VALUE_SETS } from './chart.ts';
import { type Prometheus, startPrometheus } from './prometheus.ts';

const STORY = join(import.meta.dirname, '../../demo/story');
const TOPICS = ['user', 'content', 'batch', 'notification', 'group', 'enrollment'];

const objects = render('--values', VALUE_SETS['smallest'] ?? '', '--values', join(import.meta.dirname, 'scraped.yaml'));
const rules = named(objects, 'PrometheusRule', 'tributary').spec;

interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

const dashboards = ofKind(objects, 'ConfigMap').flatMap(({ data = {} }) =>
  Object.values(data).map((text) => JSON.parse(text)),
);
const queries = dashboards.flatMap(({ title, panels }: { title: string; panels: Panel[] }) =>
  panels.flatMap((panel) =>
    (panel.targets ?? []).map(({ expr }) => ({ of: `${title}, ${panel.title}`, query: filledIn(expr) })),
  ),
);
const alerts: { alert: string; expr: string }[] = rules.groups
  .flatMap((group: { rules: { alert?: string; expr: string }[] }) => group.rules)
  .filter(({ alert }: { alert?: string }) => alert !== undefined);

/** Fills in variables, as Grafana does. */
function filledIn(expr: string): string {
  return expr.replaceAll('$namespace', 'learning').replaceAll('$__rate_interval', '20s');
}

/** The metrics that an expression selects, without the condition for failed calls: a status exists only once it was answered. */
function selectors(expr: string): string[] {
  const found = expr.match(/\b(?:tributary[:_]|nodejs_)\w+\{[^}]*\}/g) ?? [];
  return found.map((each) => each.replace(/,status=~"5\.\."/, ''));
}

test('every query of a dashboard gives a value, and every alert asks for what is there', async (t) => {
  const folder = temporaryFolder(t);
  const [metrics, port] = [await freePort(), await freePort()];
  const up = running(t, folder, [
    'up',
    '--metrics-port',
    String(metrics),
    '--serve-port',
    String(port),
    '--timer-ms',
    '50',
  ]);
  await up.printed('metrics and probes');
  const prometheus = await startPrometheus(t, { folder, target: `127.0.0.1:${metrics}`, rules });
  for (const topic of TOPICS) {
    const { code, stderr } = await tributary(folder, ['produce', `${topic}.events`, join(STORY, `${topic}.ndjson`)]);
    assert.equal(code, 0, stderr);
  }
  const report = ['report', 'request', 'learner-progress', '--param', 'batchId=rivers-2026', '--format', 'csv'];
  assert.equal((await tributary(folder, report)).code, 0);
  assert.equal((await fetch(`http://127.0.0.1:${port}/v1/reports`)).status, 200);

  assert.ok(queries.length > 100, `there are only ${queries.length} queries`);
  const wanted = [
    ...queries,
    ...alerts.flatMap(({ alert, expr }) => selectors(expr).map((query) => ({ of: alert, query }))),
  ];
  await answered(prometheus, wanted);
  // The whole expressions are valid, too: none of them throws.
  for (const { expr } of alerts) await prometheus.query(expr);
});

/** Waits until every query has a result. A rate needs two scrapes. */
async function answered(prometheus: Prometheus, wanted: readonly { of: string; query: string }[]): Promise<void> {
  let left = wanted;
  for (let round = 0; left.length > 0 && round < 60; round += 1) {
    const found = await Promise.all(left.map(async (each) => (await prometheus.query(each.query)).length > 0));
    left = left.filter((_, at) => !found[at]);
    if (left.length > 0) await sleep(500);
  }
  assert.deepEqual(left, [], 'queries without an answer');
}
