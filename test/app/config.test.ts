import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { flagOf, loadConfig, type Sources, variableOf } from '../../app/config/config.ts';
import { defaultOf, KEYS, SCHEMES } from '../../app/config/keys.ts';
import { masked } from '../../app/config/urls.ts';
import { DEFAULT_SETTINGS, NETWORKED } from '../../jobs/runtime/stores.ts';
import { temporaryFolder } from '../cli/harness.ts';

function given(t: TestContext, file: unknown, rest: Partial<Sources> = {}): Sources {
  const folder = temporaryFolder(t);
  if (file !== undefined) {
    writeFileSync(join(folder, 'tributary.json'), typeof file === 'string' ? file : JSON.stringify(file));
  }
  return { flags: {}, env: {}, folder, ...rest };
}

const problemsOf = (sources: Sources): string[] => {
  try {
    loadConfig(sources);
  } catch (error) {
    assert.equal((error as { code?: unknown }).code, 'CONFIG_INVALID');
    return (error as Error).message.split('\n').slice(1);
  }
  assert.fail('it was taken');
};

test('without any source every key has its default, and the data folder is inside the working folder', (t) => {
  const sources = given(t, undefined);
  const { config, sources: from } = loadConfig(sources);
  for (const key of KEYS) {
    if (key !== 'data') assert.deepEqual(config[key], defaultOf(key));
    assert.equal(from[key], 'default');
  }
  assert.equal(config.data, join(sources.folder, 'data'));
});

test('a flag overrides the environment, the environment overrides the file, and the file overrides the default', (t) => {
  const file = { waitMs: 1, lookupMs: 1, timerMs: 11 };
  const env = { TRIBUTARY_LOOKUP_MS: '2', TRIBUTARY_TIMER_MS: '12' };
  const sources = given(t, file, { env, flags: { timerMs: '13' } });
  const { config, sources: from } = loadConfig(sources);
  assert.deepEqual(
    [config.maxRecords, config.waitMs, config.lookupMs, config.timerMs],
    [defaultOf('maxRecords'), 1, 2, 13],
  );
  assert.deepEqual(
    [from.maxRecords, from.waitMs, from.lookupMs, from.timerMs],
    ['default', join(sources.folder, 'tributary.json'), 'TRIBUTARY_LOOKUP_MS', 'flag --timer-ms'],
  );
});

test('with tables in Cassandra the default batch size is smaller, and a given batch size is used', (t) => {
  const tables = 'cassandra://127.0.0.1/tributary';
  const there = loadConfig(given(t, { tables }, { env: { TRIBUTARY_ROW_CACHE_MB: '7' } }));
  const { maxRecords, maxKeys, batchesAtOnce, rowCacheMb } = there.config;
  assert.deepEqual({ maxRecords, maxKeys, batchesAtOnce, rowCacheMb }, { ...NETWORKED, rowCacheMb: 7 });
  assert.equal(there.sources.maxRecords, 'default');
  assert.equal(loadConfig(given(t, undefined)).config.maxRecords, DEFAULT_SETTINGS.maxRecords);
});

test('every key has a variable and a flag of its own', () => {
  assert.equal(variableOf('backOffFirstMs'), 'TRIBUTARY_BACK_OFF_FIRST_MS');
  assert.equal(flagOf('backOffFirstMs'), '--back-off-first-ms');
  assert.equal(new Set(KEYS.map(variableOf)).size, KEYS.length);
  assert.equal(new Set(KEYS.map(flagOf)).size, KEYS.length);
});

test('what can be set in a file can be set in the environment', (t) => {
  const values = Object.fromEntries(KEYS.map((key) => [key, defaultOf(key) ?? 'https://sixteen.letters.or.more']));
  const inFile = loadConfig(given(t, { ...values, data: '/x' })).config;
  const env = Object.fromEntries(KEYS.map((key) => [variableOf(key), String(values[key])]));
  assert.deepEqual(loadConfig(given(t, undefined, { env: { ...env, TRIBUTARY_DATA: '/x' } })).config, inFile);
});

test('all problems of all sources are reported at once with source and key, even for overridden values', (t) => {
  const sources = given(
    t,
    { waitMs: '5', colour: 'red', tables: 'mongodb://a', metricsPort: 70_000 },
    {
      env: { TRIBUTARY_WAIT_MS: 'soon', HOME: '/' },
      flags: { waitMs: '7', logLevel: 'loud' },
    },
  );
  const file = join(sources.folder, 'tributary.json');
  const problems = problemsOf(sources);
  const expected = [
    `waitMs (${file})`,
    `colour (${file})`,
    `tables (${file})`,
    `metricsPort (${file})`,
    'waitMs (TRIBUTARY_WAIT_MS)',
    'logLevel (flag --log-level)',
  ];
  assert.equal(problems.length, expected.length, problems.join('\n'));
  for (const each of expected)
    assert.equal(problems.filter((problem) => problem.trim().startsWith(`${each}:`)).length, 1, each);
});

test('the message about a misspelled name suggests the right one', (t) => {
  const [inFile] = problemsOf(given(t, { waitMS: 5 }));
  assert.match(inFile ?? '', /did you mean waitMs\?/);
});

test('an unknown variable is ignored with a warning that suggests the right name', (t) => {
  const { config, warnings } = loadConfig(
    given(t, undefined, { env: { TRIBUTARY_DTA: '/x', TRIBUTARY_WAIT_MS: '7' } }),
  );
  assert.equal(config.waitMs, 7);
  assert.deepEqual(warnings, ['TRIBUTARY_DTA is ignored: there is no such variable; did you mean TRIBUTARY_DATA?']);
});

test('variables that Kubernetes sets for Services named like ours are ignored without a warning', (t) => {
  const env = {
    TRIBUTARY_SERVICE_HOST: '10.96.0.7',
    TRIBUTARY_SERVICE_PORT: '8080',
    TRIBUTARY_SERVICE_PORT_HTTP: '8080',
    TRIBUTARY_PORT: 'tcp://10.96.0.7:8080',
    TRIBUTARY_PORT_8080_TCP: 'tcp://10.96.0.7:8080',
    TRIBUTARY_PORT_8080_TCP_PROTO: 'tcp',
    TRIBUTARY_PORT_8080_TCP_PORT: '8080',
    TRIBUTARY_PORT_8080_TCP_ADDR: '10.96.0.7',
    TRIBUTARY_API_SERVICE_HOST: '10.96.0.8',
    TRIBUTARY_API_PORT: 'udp://[fd00::8]:53',
    // Set by Kubernetes for a Service named tributary-metrics. Tributary has a variable of the same name.
    TRIBUTARY_METRICS_PORT: 'tcp://10.96.0.9:9464',
    TRIBUTARY_METRICS_SERVICE_PORT: '9464',
  };
  const { config, sources, warnings } = loadConfig(given(t, undefined, { env }));
  assert.deepEqual(warnings, []);
  assert.deepEqual([config.metricsPort, sources.metricsPort], [0, 'default']);
  const own = loadConfig(
    given(t, undefined, { env: { ...env, TRIBUTARY_METRICS_PORT: '9464', TRIBUTARY_PORT: '80' } }),
  );
  assert.equal(own.config.metricsPort, 9464);
  assert.equal(own.warnings.length, 1, 'this is none of Kubernetes');
});

test('a scheme without an implementation is refused, and the message lists the available ones', (t) => {
  for (const port of Object.keys(SCHEMES) as (keyof typeof SCHEMES)[]) {
    const [problem, ...others] = problemsOf(given(t, { [port]: 'carrier-pigeon://coop' }));
    assert.deepEqual(others, []);
    for (const scheme of SCHEMES[port]) assert.ok(problem?.includes(`${scheme}:`));
  }
});

test('a first pause longer than the longest pause is refused, and the message names both sources', (t) => {
  const sources = given(t, { backOffFirstMs: 500 }, { flags: { backOffLongestMs: '400' } });
  assert.match(problemsOf(sources).join(), /tributary\.json.*flag --back-off-longest-ms/);
});

test('a named file must exist, and a file must be a JSON object', (t) => {
  assert.match(problemsOf(given(t, undefined, { file: 'absent.json' })).join(), /absent\.json/);
  assert.match(problemsOf(given(t, undefined, { env: { TRIBUTARY_CONFIG: 'absent.json' } })).join(), /absent\.json/);
  assert.match(problemsOf(given(t, '{"a":')).join(), /it is not JSON/);
  assert.match(problemsOf(given(t, [1])).join(), /JSON object/);
});

test('--config overrides TRIBUTARY_CONFIG, and a data folder in a file is relative to the file', (t) => {
  const sources = given(t, undefined, { env: { TRIBUTARY_CONFIG: 'absent.json' }, file: 'etc/own.json' });
  mkdirSync(join(sources.folder, 'etc'));
  writeFileSync(join(sources.folder, 'etc/own.json'), '{"data": "store"}');
  assert.equal(loadConfig(sources).config.data, join(sources.folder, 'etc/store'));
});

test('the configuration cannot be changed', (t) => {
  const { config } = loadConfig(given(t, undefined));
  assert.throws(() => Object.assign(config, { waitMs: 1 }), TypeError);
});

test('a property of the prototype is not a key', (t) => {
  assert.match(problemsOf(given(t, '{"__proto__": {"waitMs": 1}, "toString": 1}')).join(), /__proto__.*toString/s);
});

test('secrets and passwords in URLs are masked, and nothing else is', () => {
  assert.equal(masked('objectsLinkSecret', 'sixteen letters or more'), '****');
  assert.equal(masked('objectsLinkSecret', undefined), '');
  assert.equal(masked('tables', 'cassandra://reader:pa:ss@host:9042/k'), 'cassandra://reader:****@host:9042/k');
  assert.equal(masked('search', 'https://host/?apiToken=abc&size=5'), 'https://host/?apiToken=****&size=5');
  assert.equal(masked('transport', 'kafka://a:9092,b:9092'), 'kafka://a:9092,b:9092');
  assert.equal(masked('transport', 'kafkas://u:p%40ss@a:9093,b:9093'), 'kafkas://u:****@a:9093,b:9093');
  assert.equal(masked('cache', 'redis+sentinel://:pw@a,b/main'), 'redis+sentinel://:****@a,b/main');
  assert.equal(masked('registry', 'http://u:p@a,http://v:q@b/x'), 'http://u:****@a,http://v:****@b/x');
  assert.equal(
    masked('objects', 's3://key:sec@bucket?endpoint=http://h:1'),
    's3://key:****@bucket?endpoint=http://h:1',
  );
  assert.equal(masked('searchApiKey', 'abc'), '****');
  assert.equal(masked('mailFrom', 'Campus <campus@example.org>'), 'Campus <campus@example.org>');
});

test('the message about a problem does not show a password', (t) => {
  const sources = given(t, { tables: 'mongodb://reader:hunter2@host' }, { flags: { objectsLinkSecret: 'hunter2' } });
  const problems = problemsOf(sources).join('\n');
  assert.equal(problems.includes('hunter2'), false, problems);
});
