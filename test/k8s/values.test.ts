/** What the chart refuses, and with which message: it has to help whoever made the mistake. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { KEYS } from '../../app/config/keys.ts';
import { CHART, refusal, render, renderText, VALUE_SETS } from './chart.ts';

const base = ['--values', VALUE_SETS['no-keda'] ?? ''];

const REFUSED: readonly (readonly [what: string, args: readonly string[], because: RegExp])[] = [
  ['a section that does not exist', ['--set', 'sevice.replicas=2'], /additional properties 'sevice' not allowed/],
  [
    'a misspelt job',
    ['--set', 'jobs.track-progres.max=2'],
    /\/jobs'?: additional properties 'track-progres' not allowed/,
  ],
  [
    'a misspelt key of the configuration',
    ['--set', 'config.lokupMs=5'],
    /\/config'?: additional properties 'lokupMs' not allowed/,
  ],
  [
    'a secret among the configuration',
    ['--set', 'config.reportSecret=abcdefghijklmnopq'],
    /additional properties 'reportSecret' not allowed/,
  ],
  ['a text for a number', ['--set', 'config.lookupMs=soon'], /\/config\/lookupMs'?: got string, want integer/],
  ['no pod at all', ['--set', 'jobs.notify.min=0'], /\/jobs\/notify\/min'?: minimum: got 0, want 1/],
  ['a broker without its port', ['--set', 'kafka.brokers=kafka'], /\/kafka\/brokers/],
  ['a scaler that does not exist', ['--set', 'scaling.kind=kedda'], /value must be one of 'fixed', 'hpa', 'keda'/],
  [
    'a Prometheus without a scheme',
    ['--set', 'scaling.keda.prometheus.serverAddress=prometheus:9090'],
    /\/scaling\/keda\/prometheus\/serverAddress/,
  ],
  [
    'a password in the address of Prometheus',
    ['--set', 'scaling.keda.prometheus.serverAddress=http://me:s3cret@prometheus:9090'],
    /serverAddress has a user in its URL/,
  ],
  ['a grace that is too short for Kafka', ['--set', 'terminationGracePeriodSeconds=5'], /minimum: got 5, want 30/],
  [
    'a password in a URL',
    ['--set', 'config.tables=cassandra://me:s3cret@cassandra/tributary'],
    /config\.tables has a user in its URL.*secrets\.tables/,
  ],
  ['more pods than partitions', ['--set', 'jobs.notify.max=7'], /notify: max is 7, and its topic has 6 partitions/],
  [
    'a store of each pod alone',
    ['--set', 'config.tables=embedded:'],
    /tables is embedded, so each pod would have its own/,
  ],
  [
    'an outbox that goes with its pod',
    ['--set', 'config.mail=outbox:'],
    /mail goes to an outbox, which is lost with its pod/,
  ],
  [
    'a service that takes everybody',
    ['--set', 'config.serveAccess=local'],
    /the service would take every caller for a local one/,
  ],
  ['a user without a mechanism', ['--set', 'kafka.user=me'], /kafka has a user and no kafka\.sasl/],
  ['a mechanism without a user', ['--set', 'kafka.sasl=SCRAM-SHA-512'], /give kafka\.user and kafka\.password/],
  [
    'an extra job of a taken name',
    ['--set', 'extraJobs.notify.topic=a,extraJobs.notify.partitions=1'],
    /override it in jobs\.notify/,
  ],
  ['objects of Strimzi for no cluster', ['--set', 'strimzi.topics=true'], /need strimzi\.cluster/],
];

for (const [what, args, because] of REFUSED) {
  test(`refused, and said why: ${what}`, () => {
    const said = refusal(...base, ...args);
    assert.match(said, because);
    assert.doesNotMatch(said, /s3cret/);
  });
}

test('every default is in the schema, and the schema says what each value of the configuration is', () => {
  const schema = JSON.parse(readFileSync(join(CHART, 'values.schema.json'), 'utf8'));
  const defaults = parse(readFileSync(join(CHART, 'values.yaml'), 'utf8'));
  assert.deepEqual(
    Object.keys(schema.properties)
      .filter((name) => name !== 'global')
      .sort(),
    Object.keys(defaults).sort(),
  );
  const known = [
    ...Object.keys(schema.properties.config.properties),
    ...Object.keys(schema.properties.secrets.properties),
  ];
  const set = /^(data|transport|metrics(Host|Port)|tls(Ca|Cert|Key)|serve(Port|Host))$/;
  assert.deepEqual(
    KEYS.filter((key) => !set.test(key) && !known.includes(key)),
    [],
  );
});

test('a number of the configuration is whole, however large it is', () => {
  assert.match(renderText(...base, '--set', 'config.reportKeepMs=1209600000'), /value: "1209600000"/);
});

test('no secret is in an object, an argument or the notes: they are named, and nothing else', () => {
  const templates = readdirSync(join(CHART, 'templates')).map((name) =>
    readFileSync(join(CHART, 'templates', name), 'utf8'),
  );
  assert.ok(templates.every((text) => !/kind: Secret\b/.test(text)));
  for (const file of Object.values(VALUE_SETS)) {
    for (const object of render('--values', file)) {
      const text = JSON.stringify(object);
      // A password in a URL is a reference to a variable.
      for (const [, password] of text.matchAll(/:\/\/[^/@"]*:([^/@"]*)@/g))
        assert.match(password ?? '', /^\$\([A-Z_]+\)$/);
    }
  }
});

test('the page makes each Secret that its values name', () => {
  const page = readFileSync(join(CHART, '../../docs/kubernetes.md'), 'utf8').replaceAll(/\\\n */g, '');
  const made = [...page.matchAll(/kubectl create secret generic (\S+) (.*)$/gm)].flatMap(([, name, args = '']) =>
    [...args.matchAll(/--from-(?:literal|file)=([^=\s]+)/g)].map(([, key]) => `${name}/${key}`),
  );
  const text = renderText('--values', VALUE_SETS['tls-scram'] ?? '');
  const named = [...text.matchAll(/secretKeyRef:\s+key: (\S+)\s+name: (\S+)/g)].map(
    ([, key, name]) => `${name}/${key}`,
  );
  const files = [...text.matchAll(/\/etc\/tributary\/tls\/(\S+)/g)].map(([, key]) => `tributary-tls/${key}`);
  assert.deepEqual([...new Set(made)].sort(), [...new Set([...named, ...files])].sort());
});
