/** The objects that the chart renders for the five sets of values. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { learningPlatform } from '../../modules/learning.ts';
import { SCENARIOS } from '../bench/scaling/scenarios.ts';
import { CHART, type KubeObject, named, ofKind, render, renderText, SCHEMAS, tool, VALUE_SETS } from './chart.ts';

const values = (name: string): string[] => ['--values', VALUE_SETS[name] ?? ''];
const podOf = ({ spec }: KubeObject) => spec.template?.spec ?? spec.jobTemplate?.spec.template.spec;
const containersOf = (object: KubeObject) => [...(podOf(object).initContainers ?? []), ...podOf(object).containers];
interface Trigger {
  readonly type: string;
  readonly metadata: Readonly<Record<string, string>>;
}
const scaledObject = (set: string, name: string) => named(render(...values(set)), 'ScaledObject', name).spec;
const triggersOf = (set: string, name: string): Trigger[] => scaledObject(set, name).triggers;
const withPods = (objects: readonly KubeObject[]) =>
  objects.filter(({ kind }) => ['CronJob', 'Deployment', 'Job'].includes(kind));

test('there are five sets of values', () => {
  assert.deepEqual(Object.keys(VALUE_SETS).sort(), ['everything', 'keda', 'no-keda', 'smallest', 'tls-scram']);
});

for (const [name, file] of Object.entries(VALUE_SETS)) {
  test(`${name}: Helm finds nothing to complain about`, () => {
    const said = execFileSync(tool('helm'), ['lint', CHART, '--strict', '--values', file], { encoding: 'utf8' });
    assert.match(said, /1 chart\(s\) linted, 0 chart\(s\) failed/);
  });

  test(`${name}: Kubernetes, KEDA, Strimzi and the Prometheus operator have every field of every object`, () => {
    const said = execFileSync(tool('kubeconform'), ['-strict', '-summary', '-schema-location', SCHEMAS], {
      input: renderText('--values', file),
      encoding: 'utf8',
    });
    assert.match(said, /Valid: [1-9]\d*, Invalid: 0, Errors: 0, Skipped: 0/);
  });

  test(`${name}: no two objects have one name, and none is too long for a label`, () => {
    const names = render('--values', file).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    assert.deepEqual(names, [...new Set(names)]);
    for (const each of names) assert.ok((each.split('/')[1] ?? '').length <= 63, each);
  });

  test(`${name}: every pod is no root, can write nothing but its folders, and has memory that is bounded`, () => {
    for (const object of withPods(render('--values', file))) {
      const pod = podOf(object);
      const where = `${object.kind} ${object.metadata.name}`;
      assert.equal(pod.securityContext.runAsNonRoot, true, where);
      assert.equal(pod.automountServiceAccountToken, false, where);
      for (const { securityContext, resources } of containersOf(object)) {
        assert.equal(securityContext.readOnlyRootFilesystem, true, where);
        assert.deepEqual(securityContext.capabilities.drop, ['ALL'], where);
        assert.ok(resources.requests.cpu && resources.limits.memory, where);
        assert.equal(resources.limits.memory, resources.requests.memory, where);
      }
    }
  });

  test(`${name}: the heap leaves a third of the memory to what is no heap`, () => {
    for (const object of withPods(render('--values', file))) {
      for (const { env, resources } of containersOf(object)) {
        const option = env.find((each: { name: string }) => each.name === 'NODE_OPTIONS').value;
        const heap = Number(/--max-old-space-size=(\d+)$/.exec(option)?.[1]);
        assert.ok(heap <= (mebibytes(resources.limits.memory) * 2) / 3, `${object.metadata.name}: ${heap} MB`);
      }
    }
  });
}

function mebibytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi|Gi)$/.exec(quantity) ?? [];
  return Number(number) * (unit === 'Gi' ? 1024 : 1);
}

test('there is a Deployment for each job of the platform, which runs that job alone', () => {
  const objects = render(...values('no-keda'));
  for (const { name } of learningPlatform.jobs) {
    assert.deepEqual(podOf(named(objects, 'Deployment', `tributary-${name}`)).containers[0].args, ['run', name]);
  }
  const others = ['report-worker', 'rollups', 'service'].map((name) => `tributary-${name}`);
  const expected = [...learningPlatform.jobs.map(({ name }) => `tributary-${name}`), ...others].sort();
  assert.deepEqual(
    ofKind(objects, 'Deployment')
      .map(({ metadata }) => metadata.name)
      .sort(),
    expected,
  );
});

test('a job is overridden, left out, or added, by its name', () => {
  const objects = render(...values('everything'));
  const names = ofKind(objects, 'Deployment').map(({ metadata }) => metadata.name);
  assert.ok(!names.includes('tributary-project-user'));
  assert.deepEqual(podOf(named(objects, 'Deployment', 'tributary-watch-questions')).containers[0].args, [
    'run',
    'watch-questions',
  ]);
  const { resources } = podOf(named(objects, 'Deployment', 'tributary-track-progress')).containers[0];
  assert.equal(resources.limits.memory, '640Mi');
  const rollups = podOf(named(objects, 'Deployment', 'tributary-rollups')).containers[0].args;
  assert.ok(rollups.includes('roll-up-questions') && rollups.includes('archive-user-events'));
});

test('the smallest is one pod with a volume, which no second one shares while it is replaced', () => {
  const objects = render(...values('smallest'));
  const [deployment, ...others] = ofKind(objects, 'Deployment');
  assert.ok(deployment && others.length === 0);
  assert.equal(deployment.spec.replicas, 1);
  assert.equal(deployment.spec.strategy.type, 'Recreate');
  assert.equal(podOf(deployment).volumes[0].persistentVolumeClaim.claimName, 'tributary-data');
  assert.equal(
    named(objects, 'PersistentVolumeClaim', 'tributary-data').metadata.annotations?.['helm.sh/resource-policy'],
    'keep',
  );
});

test('KEDA starts as many pods as catch up in time, and never more than there are partitions', () => {
  const objects = render(...values('keda'));
  const { spec } = named(objects, 'ScaledObject', 'tributary-track-progress');
  assert.equal(spec.minReplicaCount, 2);
  assert.equal(spec.maxReplicaCount, 6);
  assert.equal(spec.triggers[0].metadata.lagThreshold, String(60 * 3500));
  assert.equal(spec.triggers[0].metadata.consumerGroup, 'track-progress');
  assert.equal(spec.triggers[0].metadata.topic, 'enrollment.events');
  // A number of replicas here would conflict with KEDA.
  assert.equal(named(objects, 'Deployment', 'tributary-track-progress').spec.replicas, undefined);
  for (const object of ofKind(objects, 'ScaledObject')) assert.ok(object.spec.minReplicaCount >= 1);
});

test('with a Prometheus, KEDA also keeps each pod busy for three quarters, as the simulation of capacity does', () => {
  const simulated = SCENARIOS.find(({ name }) => name === 'by lag and rate')?.workers;
  assert.ok(typeof simulated === 'object');
  const [byLag = assert.fail(), byRate = assert.fail(), ...others] = triggersOf('keda', 'tributary-summarize-batch');
  assert.deepEqual([byLag.type, byRate.type, others], ['kafka', 'prometheus', []]);
  assert.equal(byLag.metadata['lagThreshold'], String(simulated.lagThreshold));
  assert.equal(byLag.metadata['ensureEvenDistributionOfPartitions'], String(simulated.isEven));
  assert.deepEqual(byRate.metadata, {
    serverAddress: 'http://prometheus.monitoring:9090',
    query: 'sum(rate(tributary_records_total{namespace="learning",job="summarize-batch"}[2m]))',
    threshold: String(simulated.rateThreshold),
    ignoreNullValues: 'false',
  });
  const { pollingInterval, advanced } = scaledObject('keda', 'tributary-summarize-batch');
  const { scaleUp, scaleDown } = simulated;
  assert.equal(pollingInterval, simulated.pollingInterval);
  assert.deepEqual(advanced.horizontalPodAutoscalerConfig.behavior, { scaleUp, scaleDown });
  const [, measured] = triggersOf('keda', 'tributary-track-progress');
  assert.equal(measured?.metadata['threshold'], String((3500 * 3) / 4), 'of a job with figures of its own');
});

test('a pod with several groups is scaled by the rate of each, and without a Prometheus by lags alone', () => {
  const groups = ({ type }: Trigger) => type === 'kafka';
  const rollups = triggersOf('keda', 'tributary-rollups');
  assert.equal(rollups.length, 2 * rollups.filter(groups).length);
  assert.ok(triggersOf('everything', 'tributary-rollups').every(groups));
});

test('without KEDA the same lag scales, by a metric that the rules of the chart record', () => {
  const objects = render(...values('no-keda'));
  const [metric] = named(objects, 'HorizontalPodAutoscaler', 'tributary-track-progress').spec.metrics;
  assert.equal(metric.external.target.averageValue, String(30 * 2000));
  assert.deepEqual(metric.external.metric.selector.matchLabels, { job: 'track-progress' });
  const recorded = named(objects, 'PrometheusRule', 'tributary').spec.groups[0].rules.map(
    ({ record }: { record: string }) => record,
  );
  assert.ok(recorded.includes(metric.external.metric.name));
});

test('an update never has two pods for one partition, and an eviction takes one at a time', () => {
  const objects = render(...values('no-keda'));
  const { strategy } = named(objects, 'Deployment', 'tributary-notify').spec;
  assert.deepEqual(strategy.rollingUpdate, { maxSurge: 0, maxUnavailable: 1 });
  assert.deepEqual(named(objects, 'Deployment', 'tributary-service').spec.strategy.rollingUpdate, {
    maxSurge: 1,
    maxUnavailable: 0,
  });
  const budgets = ofKind(objects, 'PodDisruptionBudget');
  assert.equal(budgets.length, ofKind(objects, 'Deployment').length);
  for (const { spec } of budgets) assert.equal(spec.maxUnavailable, 1);
});

test('the upkeep of the tables runs by the clock, one at a time', () => {
  const jobs = ofKind(render(...values('no-keda')), 'CronJob');
  assert.deepEqual(jobs.map((job) => containersOf(job)[0].args.join(' ')).sort(), [
    'rollup compact',
    'rollup expire --yes',
    'rollup vacuum --yes',
  ]);
  for (const { spec } of jobs) assert.equal(spec.concurrencyPolicy, 'Forbid');
});

test('every pod of the release is selected by the monitor and by the network policy', () => {
  const objects = render(...values('everything'));
  const selectors = [...ofKind(objects, 'PodMonitor'), ...ofKind(objects, 'NetworkPolicy')].map(
    ({ spec }) => (spec.selector ?? spec.podSelector).matchLabels,
  );
  assert.equal(selectors.length, 2);
  for (const object of ofKind(objects, 'Deployment')) {
    const { labels } = object.spec.template.metadata;
    for (const selector of selectors) {
      for (const [label, value] of Object.entries(selector)) assert.equal(labels[label], value, object.metadata.name);
    }
  }
  assert.equal(named(objects, 'PodMonitor', 'tributary').spec.podMetricsEndpoints[0].honorLabels, true);
});

test('a user of Kafka may write what its job writes, and nothing else', () => {
  const objects = render(...values('everything'));
  const written = (name: string): string[] =>
    named(objects, 'KafkaUser', name)
      .spec.authorization.acls.filter(({ operations }: { operations: string[] }) => operations.includes('Write'))
      .map(({ resource }: { resource: { name: string } }) => resource.name)
      .sort();
  assert.deepEqual(written('tributary-watch-questions'), [
    'notification.events',
    'pipeline.events',
    'question.events',
    'question.events.dead-letter',
    'tributary.marks',
    'tributary/watch-questions/',
  ]);
  for (const { name, from, to } of learningPlatform.jobs.filter((job) => job.name !== 'project-user')) {
    const emitted = [from, ...to].map((topic) => topic.name);
    const expected = [
      ...emitted,
      `${from.name}.dead-letter`,
      'pipeline.events',
      'tributary.marks',
      `tributary/${name}/`,
    ];
    assert.deepEqual(written(`tributary-${name}`), [...new Set(expected)].sort());
  }
});

test('every topic of the platform is a KafkaTopic, as topics apply would make it', () => {
  const made = ofKind(render(...values('everything')), 'KafkaTopic');
  const expected = learningPlatform.topics.flatMap(({ name }) => [name, `${name}.dead-letter`]);
  assert.deepEqual(made.map(({ spec }) => spec.topicName).sort(), [...expected, 'tributary.marks'].sort());
  const users = named(made, 'KafkaTopic', 'user.events').spec;
  assert.equal(users.partitions, 6);
  assert.equal(users.config['retention.ms'], String(30 * 24 * 3_600_000));
  assert.equal(users.config['min.insync.replicas'], '2');
});
