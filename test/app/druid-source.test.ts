import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { type DruidAccess, druidSource } from '../../app/reports/druid-source.ts';

const AVRO: DruidAccess = { encoding: 'avro', brokers: null, registry: null };
const of = (flags: Record<string, string>, access: DruidAccess = AVRO) =>
  druidSource(loadConfig({ flags, env: {}, folder: '.' }).config, access);

test('Druid is told the brokers and the registry of the configuration', () => {
  const { source, todo } = of({ transport: 'kafka://a:9092,b:9093', registry: 'http://r:8081/apis/ccompat/v7' });
  assert.deepEqual(source, {
    encoding: 'avro',
    consumer: { 'bootstrap.servers': 'a:9092,b:9093' },
    decoder: { type: 'schema_registry', urls: ['http://r:8081/apis/ccompat/v7'] },
  });
  assert.deepEqual(todo, ['Load the extension druid-avro-extensions in Druid.']);
});

test('no password is told, but the variable that Druid has to have', () => {
  const flags = { transport: 'kafkas://ada:s3cret@a:9093?sasl=SCRAM-SHA-256', registry: 'https://ada:s3cret@r:8081' };
  const { source, todo } = of(flags);
  assert.doesNotMatch(JSON.stringify([source, todo]), /s3cret|ada/);
  assert.deepEqual(source.consumer, {
    'bootstrap.servers': 'a:9093',
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'SCRAM-SHA-256',
    'druid.dynamic.config.provider': { type: 'environment', variables: { 'sasl.jaas.config': 'TRIBUTARY_KAFKA_JAAS' } },
  });
  assert.deepEqual(source.decoder?.['config'], {
    'basic.auth.credentials.source': 'USER_INFO',
    'druid.dynamic.config.provider': {
      type: 'environment',
      variables: { 'basic.auth.user.info': 'TRIBUTARY_REGISTRY_USER_INFO' },
    },
  });
  assert.equal(todo.filter((each) => each.startsWith('Set TRIBUTARY_')).length, 2);
});

test('addresses that are given go before those of the configuration', () => {
  const access = { encoding: 'avro', brokers: 'x:1,y:2', registry: 'http://z:3/' } as const;
  const { source } = of({ transport: 'kafkas://a:9093', registry: 'http://r:8081' }, access);
  assert.deepEqual(source.consumer, { 'bootstrap.servers': 'x:1,y:2', 'security.protocol': 'SSL' });
  assert.deepEqual(source.decoder, { type: 'schema_registry', urls: ['http://z:3'] });
});

test('an embedded installation has to say where Kafka and the registry are', () => {
  assert.throws(() => of({}), { code: 'USAGE', message: /configure Kafka, or give --brokers host:port/ });
  const brokers = 'a:9092';
  assert.throws(() => of({}, { ...AVRO, brokers }), {
    code: 'USAGE',
    message: /or give --registry http:\/\/host:port/,
  });
  const { source } = of({}, { ...AVRO, encoding: 'json', brokers });
  assert.deepEqual(source, { encoding: 'json', consumer: { 'bootstrap.servers': brokers } });
});
