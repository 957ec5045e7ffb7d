/** The text of specifications for Druid. `npm run test:druid` runs them in a real Druid. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learningPlatform } from '../../../modules/learning.ts';
import { type Datasource, defineDatasource } from '../../../reports/define-datasource.ts';
import { type DruidSource, druidSpec } from '../../../reports/druid/spec.ts';
import { localDay } from '../../../reports/granularity.ts';
import { learnerJoined, learnerLeft } from '../../../schemas/batch.ts';
import { batchEvents } from '../../../topics/index.ts';

const avro: DruidSource = {
  encoding: 'avro',
  consumer: { 'bootstrap.servers': 'kafka:9092' },
  decoder: { type: 'schema_registry', urls: ['http://registry:8081'] },
};
const json: DruidSource = { encoding: 'json', consumer: { 'bootstrap.servers': 'kafka:9092' } };

interface Named {
  readonly name: string;
  readonly expression?: string;
}
interface Spec {
  readonly dataSchema: {
    readonly dimensionsSpec: { readonly dimensions: readonly Named[] };
    readonly metricsSpec: readonly Named[];
    readonly granularitySpec: object;
    readonly transformSpec: { readonly transforms: readonly Named[]; readonly filter: { readonly fields: unknown[] } };
  };
  readonly ioConfig: {
    readonly consumerProperties: object;
    readonly inputFormat: { readonly valueFormat: { readonly flattenSpec: { readonly fields: readonly Named[] } } };
  };
  readonly tuningConfig: object;
}

const specOf = (datasource: Datasource, source = avro): Spec =>
  (druidSpec(datasource, source).spec as { spec: Spec }).spec;
const expressionOf = (spec: Spec, name: string): string | undefined =>
  spec.dataSchema.transformSpec.transforms.find((each) => each.name === name)?.expression;

const named = (name: string): Datasource => {
  const found = learningPlatform.datasources.find((each) => each.name === name);
  assert.ok(found);
  return found;
};

const base = {
  name: 'some',
  title: 'Some',
  about: 'Some.',
  from: batchEvents,
  on: [learnerJoined, learnerLeft],
  granularity: 'hour',
  dimensions: { course_id: { doc: 'The course.', field: 'courseId' } },
  metrics: { events: { kind: 'count', doc: 'Events.', unit: 'events' } },
} as const;

const MADE: readonly (readonly [name: string, columns: readonly string[], leftOut: readonly string[]])[] = [
  [
    'enrollments',
    ['tenant', 'course_id', 'batch_id', 'joined', 'joined_first', 'departed', 'completed', 'learners'],
    ['region', 'age_band'],
  ],
  ['activity', ['tenant', 'course_id', 'views', 'learners'], ['content_type', 'completions']],
  ['notifications', ['tenant', 'category', 'channel', 'messages', 'attempts', 'recipients'], ['outcome', 'seconds']],
  [
    'pipeline',
    [
      'tenant',
      'job',
      'topic',
      'code',
      'batches',
      'applied',
      'unchanged',
      'repeated',
      'skipped',
      'routed',
      'dead_letters',
      'latency',
    ],
    [],
  ],
];

for (const [name, columns, leftOut] of MADE) {
  test(`Druid has of ${name} what is a field, and is told what it lacks`, () => {
    const made = druidSpec(named(name), avro);
    const { dataSchema } = specOf(named(name));
    const found = [...dataSchema.dimensionsSpec.dimensions, ...dataSchema.metricsSpec].map((each) => each.name);
    assert.deepEqual(found, columns);
    assert.deepEqual(
      made.leftOut.map(({ column }) => column),
      leftOut,
    );
    const { tributary } = made.spec['context'] as { tributary: { leftOut: object } };
    assert.deepEqual(Object.keys(tributary.leftOut), leftOut);
  });
}

test('transactions that were aborted do not count, and nothing that cannot be read is skipped', () => {
  const { ioConfig, tuningConfig } = specOf(named('enrollments'));
  assert.deepEqual(ioConfig.consumerProperties, {
    'bootstrap.servers': 'kafka:9092',
    'isolation.level': 'read_committed',
  });
  assert.deepEqual(tuningConfig, { type: 'kafka', maxParseExceptions: 0, logParseExceptions: true });
});

test('only the events of the datasource count, and none that is for one job', () => {
  const [types, only] = specOf(named('activity')).dataSchema.transformSpec.filter.fields;
  assert.deepEqual(types, { type: 'in', dimension: 'tributary.type', values: ['enrollment.content-progressed'] });
  assert.deepEqual(only, { type: 'null', column: 'kafka.header.tributary-only-for' });
});

test('a field that has a default is read with it, and an empty text as null', () => {
  assert.equal(expressionOf(specOf(named('activity')), 'value.views'), 'nvl("data.views", 1)');
  assert.equal(
    expressionOf(specOf(named('notifications')), 'category'),
    `if(nvl("data.category", '') == '', null, nvl("data.category", ''))`,
  );
});

test('what only some events have is read of these', () => {
  assert.equal(
    expressionOf(specOf(named('enrollments')), 'value.departed'),
    `nvl(case_searched(("kafka.header.ce_type" == 'batch.learner-left'), 1), 0)`,
  );
});

test('the time of a fact is a field of some events, and never later than the event', () => {
  const time = expressionOf(specOf(named('enrollments')), '__time');
  assert.match(
    time ?? '',
    /^least\(case_searched\(\("kafka.header.ce_type" == 'batch.learner-completed'\), "data.completedAt"\), /,
  );
  assert.match(time ?? '', /\+ 60000\)/);
});

test('JSON is read in both forms of CloudEvents', () => {
  const spec = specOf(named('activity'), json);
  const fields = spec.ioConfig.inputFormat.valueFormat.flattenSpec.fields.map(({ name }) => name);
  for (const name of ['data.userId', 'structured.data.userId', 'structured.type', 'structured.time']) {
    assert.ok(fields.includes(name), name);
  }
  assert.match(
    expressionOf(spec, 'tributary.type') ?? '',
    /^if\(regexp_like\(.*"structured\.type", "kafka\.header\.ce_type"\)$/,
  );
});

test('days of a zone are those of Druid, too', () => {
  const datasource = defineDatasource({ ...base, granularity: localDay('Asia/Kolkata') });
  const day = { type: 'period', period: 'P1D', timeZone: 'Asia/Kolkata' };
  assert.deepEqual(specOf(datasource).dataSchema.granularitySpec, {
    type: 'uniform',
    segmentGranularity: day,
    queryGranularity: day,
    rollup: true,
  });
});

const REFUSED: readonly (readonly [what: string, datasource: Datasource, why: RegExp])[] = [
  [
    'whose filter is a function',
    defineDatasource({ ...base, where: ({ data }) => data.progress > 0 }),
    /^Druid cannot count some from its topic: a function decides which events count .*input source `delta`/,
  ],
  [
    'whose time is a function',
    defineDatasource({ ...base, time: ({ time }) => time - 1 }),
    /a function gives the time of an event \(`time`\): name the field of each type instead; or read/,
  ],
  [
    'without a metric that is a field',
    defineDatasource({ ...base, metrics: { late: { ...base.metrics.events, when: ({ data }) => data.progress > 0 } } }),
    /none of its metrics is a field of the event: declare one by `field`; or read/,
  ],
];

for (const [what, datasource, why] of REFUSED) {
  test(`a datasource ${what} is refused, with what to do instead`, () => {
    assert.throws(() => druidSpec(datasource, avro), { code: 'USAGE', message: why });
  });
}
