import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { filesOf } from '../../k8s/files.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { CHART } from './chart.ts';

test('what is made from the declarations is as it would be made now', () => {
  for (const [name, text] of Object.entries(filesOf(learningPlatform))) {
    assert.equal(readFileSync(join(CHART, name), 'utf8'), text, `${name}: run npm run k8s and commit it`);
  }
});

test('a job that is added to the platform is in the map of workloads, and may be overridden', () => {
  const [notify] = learningPlatform.jobs.filter(({ name }) => name === 'notify');
  assert.ok(notify);
  const copy = { ...notify, name: 'notify-again' };
  const files = filesOf({ ...learningPlatform, jobs: [...learningPlatform.jobs, copy] });
  assert.match(files['files/workloads.yaml'] ?? '', /\n {2}notify-again:\n {4}topic: notification\.events\n/);
  assert.ok(JSON.parse(files['values.schema.json'] ?? '').properties.jobs.properties['notify-again']);
});
