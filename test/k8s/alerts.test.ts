/** The alerts of the chart, as Prometheus evaluates them, and the page that describes what to do about each. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { parse, stringify } from 'yaml';
import { render, VALUE_SETS } from './chart.ts';
import { ROOT } from './image.ts';

interface Rule {
  readonly alert?: string;
  readonly expr: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

const folder = mkdtempSync(join(tmpdir(), 'tributary-alerts-'));
after(() => rmSync(folder, { recursive: true, force: true }));

const [object] = render('--values', VALUE_SETS['no-keda'] ?? '', '--show-only', 'templates/prometheusrule.yaml');
const rules: Rule[] = object?.spec.groups.flatMap((group: { rules: Rule[] }) => group.rules);
const alerts = rules.filter((rule) => rule.alert !== undefined);
const casesFile = join(import.meta.dirname, 'alerts.test.yaml');
writeFileSync(join(folder, 'rules.yaml'), stringify(object?.spec));
copyFileSync(casesFile, join(folder, 'alerts.test.yaml'));
const promtool = (...args: string[]): string => execFileSync('promtool', args, { cwd: folder, encoding: 'utf8' });

test('Prometheus takes the rules', () => {
  assert.match(promtool('check', 'rules', 'rules.yaml'), new RegExp(`SUCCESS: ${rules.length} rules found`));
});

test('each alert fires when it is to fire, for whom it is to fire, and says what is wrong', () => {
  promtool('test', 'rules', 'alerts.test.yaml');
});

test('each alert has a case in which it fires and one in which it does not', () => {
  const cases: { alertname: string; exp_alerts: unknown[] }[] = parse(readFileSync(casesFile, 'utf8')).tests.flatMap(
    (each: { alert_rule_test: unknown }) => each.alert_rule_test,
  );
  for (const { alert } of alerts) {
    const own = cases.filter(({ alertname }) => alertname === alert);
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length > 0),
      `${alert} fires in no case`,
    );
    assert.ok(
      own.some(({ exp_alerts }) => exp_alerts.length === 0),
      `${alert} fires in every case`,
    );
  }
});

test('each alert says how urgent it is, and leads to a section of the page of operation', () => {
  const page = readFileSync(join(ROOT, 'docs/operate.md'), 'utf8');
  const sections = [...page.matchAll(/^### (Tributary\w+)\n\n(.+)/gm)].map(([, name]) => name);
  assert.deepEqual(
    sections,
    alerts.map(({ alert }) => alert),
  );
  for (const { alert, labels, annotations } of alerts) {
    assert.ok(['page', 'warning'].includes(labels['severity'] ?? ''), alert);
    assert.equal(annotations?.['runbook_url'], `docs/operate.md#${alert?.toLowerCase()}`);
  }
});

test('each alert is about one installation, that of the release', () => {
  for (const { alert, expr } of alerts) {
    const metrics = expr.match(/\b(tributary[:_]|nodejs_)\w+(\{[^}]*\})?/g) ?? [];
    assert.ok(metrics.length > 0, alert);
    for (const metric of metrics) assert.match(metric, /namespace="learning"/, alert);
  }
});
