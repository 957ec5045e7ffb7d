/**
 * One process with everything that `up` runs, the story of the demo and some invalid records. Every metric has a value. The log has neither
 * personal data nor secrets, and at most one line for each batch.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { worksOf } from '../../app/platform/works.ts';
import { serveJobs } from '../../app/run/serving.ts';
import { wire } from '../../app/stores/wiring.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { freePort } from '../cli/free-port.ts';
import { temporaryFolder } from '../cli/harness.ts';
import { command } from '../cli/in-process.ts';

const STORY = join(import.meta.dirname, '../../demo/story');
const SECRET = 'whsec_c2VjcmV0LW9mLXRoZS13aG9sZS1ydW4=';
/** Personal data of the people in the story, and in the invalid records below. */
const PERSONAL = /\bada\b|ada@|\bwales\b|lovelace|byron/i;

const ASKED = {
  tenant: 'default',
  report: 'learner-progress',
  parameters: { batchId: 'rivers-2026' },
  format: 'csv',
  options: {},
  columns: null,
  protection: { kind: 'none' },
  rowLimit: null,
  requestedBy: 'analyst',
  roles: ['analyst'],
  freshMs: 0,
} as const;

/** Metrics that need something that does not happen here, such as a view that is behind or a timer that is due later. */
const ONLY_THEN = /^tributary_(view_waits|views_refused|views_missed|view_lag_seconds)/;

test('what a working process shows: every metric has a value, and its log has no person, no secret and few lines', async (t) => {
  const folder = temporaryFolder(t);
  const flags = {
    metricsPort: String(await freePort()),
    servePort: String(await freePort()),
    logLevel: 'debug',
    waitMs: '50',
    timerMs: '50',
    publishMs: '50',
    webhookSecret: SECRET,
  };
  const { config } = loadConfig({ flags, env: {}, folder });
  const wired = await wire({ config, platform: learningPlatform });
  let log = '';
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      log += chunk;
      done();
    },
  });
  const stopping = new AbortController();
  const addresses: string[] = [];
  const started = Promise.withResolvers<void>();
  const served = serveJobs(
    {
      wired,
      stderr,
      signal: stopping.signal,
      async say(line) {
        const [, service, probes] = /^the service is at ([^,]*),|^metrics and probes are at (.*)$/.exec(line) ?? [];
        if (service !== undefined) addresses[0] = service;
        if (probes !== undefined) addresses[1] = probes;
        if (addresses.length === 2) started.resolve();
      },
    },
    { jobs: worksOf(wired), reports: true, service: true },
  );
  try {
    await Promise.race([started.promise, served]);
    for (const file of readdirSync(STORY).filter((name) => name.endsWith('.ndjson'))) {
      const topic = `${file.replace('.ndjson', '')}.events`;
      await produced(topic, readFileSync(join(STORY, file), 'utf8'));
    }
    await wired.stores.transport.produce(['lovelace@example.org', '{"userId":"byron"}'].map(wrongRecord));
    const waited = await command(wired, 'lag', { jobs: [], wait: true, timeoutMs: 60_000, all: false, json: true });
    assert.equal(waited.code ?? 0, 0, waited.stderr);
    const asked = await command(wired, 'report request', {
      asked: ASKED,
      wait: true,
      out: null,
      json: true,
      progress: false,
    });
    assert.equal(asked.code ?? 0, 0, asked.stderr);
    const [service, probes] = addresses as [string, string];
    assert.equal((await fetch(`${service}/v1/reports`)).status, 200);
    const text = await scraped(probes);
    for (const [name, values] of text) {
      if (!name.startsWith('tributary_') || ONLY_THEN.test(name)) continue;
      assert.ok(values.length > 0, `${name} has no value`);
    }
    for (const name of WORKING) {
      const sum = (text.get(name) ?? []).reduce((all, value) => all + value, 0);
      assert.ok(sum > 0, `${name} is 0`);
    }
  } finally {
    stopping.abort();
    await served;
    await wired.close();
  }
  const lines = log.trim().split('\n');
  for (const line of lines) {
    assert.doesNotMatch(line, PERSONAL);
    assert.ok(!line.includes(SECRET) && !line.includes('secret-of-the-whole-run'), line);
  }
  const batches = lines
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'batch' || kind === 'dead-letter');
  assert.ok(batches.length > 10);
  const places = batches.map(({ job, topic, partition, next }) => `${job} ${topic}/${partition} up to ${next}`);
  assert.equal(new Set(places).size, places.length, 'one line for each batch');
  assert.ok(batches.some(({ deadLetters }) => deadLetters?.DATA_INVALID > 0 || deadLetters?.VALUE_UNREADABLE > 0));

  async function produced(topic: string, input: string): Promise<void> {
    const { code, stderr: said } = await command(wired, 'produce-piece', { topic }, input);
    assert.equal(code ?? 0, 0, said);
  }
});

/** Metrics that a working process must have counted something in. */
const WORKING = [
  'tributary_batch_records',
  'tributary_event_latency_seconds',
  'tributary_cache_reads_total',
  'tributary_rebalances_total',
  'tributary_store_call_duration_seconds',
  'tributary_dead_letters_total',
  'tributary_rows_written_total',
  'tributary_views_written_total',
  'tributary_published_total',
  'tributary_report_rows_total',
  'tributary_service_calls_total',
  'tributary_partitions_owned',
  'tributary_job_running',
  'tributary_build_info',
];

const wrongRecord = (value: string) => ({
  topic: 'enrollment.events',
  partition: 0,
  key: Buffer.from('byron'),
  value: Buffer.from(value),
  headers: {
    ce_specversion: '1.0',
    ce_id: `of ${value}`,
    ce_source: '/campus',
    ce_type: 'enrollment.enrolled',
    'content-type': 'application/json',
  },
  timestamp: Date.now(),
});

/** The values of each metric; for a histogram, those of all its series. A metric without values has an empty list. */
async function scraped(address: string): Promise<Map<string, number[]>> {
  const text = await (await fetch(`${address}/metrics`)).text();
  const found = new Map<string, number[]>();
  let name = '';
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+)/.exec(line);
    if (type !== null) {
      name = type[1] as string;
      found.set(name, []);
    } else if (line !== '' && !line.startsWith('#')) found.get(name)?.push(Number(line.split(' ').at(-1)));
  }
  return found;
}
