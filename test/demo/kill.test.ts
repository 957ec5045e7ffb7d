import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openDatabase } from '../../embedded/database.ts';
import { jobs } from '../../jobs/index.ts';
import { Random } from '../../testing/random.ts';
import { embeddedTransport } from '../../topics/embedded/transport.ts';
import { tributary } from '../cli/harness.ts';

const KILLS = 20;
/** Another seed gives another schedule of kills: SEED=7 node --test test/demo/kill.test.ts */
const SEED = Number(process.env['SEED'] ?? 1);
/** The average share of a clean run's work before the last kill. It leaves work to do after every kill. */
const SPREAD = 0.6;

const root = fileURLToPath(new URL('../../', import.meta.url));

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'tributary-kill-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly output: string;
  readonly errors: string;
  /** All calls of SQLite that the process made; 0 if it was killed. */
  readonly calls: number;
}

/** Runs the demo as a user does. After `killAt` calls of SQLite, it is killed from outside, wherever it is by then. */
async function demo(data: string, killAt = 0): Promise<Ended> {
  const args = ['--import', './test/demo/kill-point.ts', 'cli/main.ts', 'demo', '--data', data, '--json'];
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, KILL_AT: String(killAt) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  let reported = '';
  const [, , , channel] = child.stdio as unknown as [null, null, null, Readable];
  channel.setEncoding('utf8').on('data', (chunk: string) => {
    reported += chunk;
    if (reported === 'now') child.kill('SIGKILL');
  });
  const [output, errors, [code, signal]] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stderr as Readable),
    once(child, 'close'),
  ]);
  return { code, signal, output, errors, calls: Number(reported.replace('now', '')) };
}

function parsed({ code, output, errors }: Ended) {
  assert.equal(code, 0, errors);
  const { timing, ...figures } = JSON.parse(output);
  return { timing, figures };
}

test(`a demo that is killed at ${KILLS} random moments ends with the same figures as one that is not (SEED=${SEED})`, async (t) => {
  const clean = await demo(folder(t));
  const expected = parsed(clean);
  assert.ok(clean.calls > 1000);

  const random = new Random(SEED);
  const data = folder(t);
  for (const most of runLengths(clean.calls)) {
    const killed = await demo(data, 1 + random.below(most));
    assert.equal(killed.signal, 'SIGKILL', `not killed in time: ${killed.errors}`);
    assert.equal(killed.errors, '');
  }
  const { timing, figures } = parsed(await demo(data));
  assert.ok(timing.applied.records > 0, 'all work was done before the last kill: kill earlier');
  assert.deepEqual(figures, expected.figures);
  assert.deepEqual(await reportedRecords(data), await committedRecords(data));
});

const SQL = `select job, sum(applied) + sum(unchanged) + sum(repeated) + sum(skipped) + sum(routed) + sum(dead_letters) as records
  from pipeline group by job order by job`;

/** The number of records that each job reports in the datasource `pipeline`. */
async function reportedRecords(data: string): Promise<unknown[]> {
  const { code, stdout, stderr } = await tributary(data, ['query', SQL, '--data', data, '--json']);
  assert.equal(code, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
}

/** The number of records in each job's topic. Nothing was rewound, so each record was committed once. */
async function committedRecords(data: string): Promise<unknown[]> {
  const database = openDatabase(data);
  const transport = embeddedTransport(database);
  try {
    const topics = new Map((await transport.describe()).map(({ name, partitions }) => [name, partitions]));
    return jobs
      .map(({ name, from }) => {
        const partitions = topics.get(from.name) ?? [];
        return { job: name, records: partitions.reduce((sum, { begin, end }) => sum + end - begin, 0) };
      })
      .filter(({ records }) => records > 0)
      .sort((a, b) => (a.job < b.job ? -1 : 1));
  } finally {
    await transport.close();
    database.close();
  }
}

/** The most calls that each run may make. The first runs are short, since opening and importing are; later ones grow. */
function runLengths(total: number): number[] {
  const weights = Array.from({ length: KILLS }, (_, i) => (i + 1) ** 2);
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => Math.floor((2 * SPREAD * total * weight) / sum));
}
