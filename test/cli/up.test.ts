/** `up` as a process: other processes beside it, signals, probes. */
import assert from 'node:assert/strict';
import { existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { wire } from '../../app/stores/wiring.ts';
import { openDatabase } from '../../embedded/database.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { freePort } from './free-port.ts';
import { enrolled, ndjson, running, temporaryFolder, tributary, up } from './harness.ts';

const WAIT = ['lag', '--wait', '--timeout-ms', '60000'];

test('while up runs, other processes produce, wait, and see the results of the jobs', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const produced = await tributary(folder, ['produce', 'enrollment.events'], {
    input: ndjson(enrolled('u1'), enrolled('u2')),
  });
  assert.deepEqual([produced.code, produced.stdout], [0, '2 events sent to enrollment.events, as 2 records\n']);
  const waited = await tributary(folder, WAIT);
  assert.equal(waited.code, 0, waited.stderr);

  const row = await tributary(folder, ['show', 'track-progress', 'u1', 'c1']);
  assert.equal(JSON.parse(row.stdout).state, 'not_started');
  assert.equal(JSON.parse((await tributary(folder, ['show', 'batch_summaries', 'b1'])).stdout).learners, 2);
  assert.equal(JSON.parse((await tributary(folder, ['show', 'batches', 'b1'])).stdout).learners, 2);
  assert.equal(JSON.parse((await tributary(folder, ['show', 'enrollments', 'u1', 'c1'])).stdout).userId, 'u1');
  const filter = [
    'search',
    'enrollments',
    '--filter',
    'active=true',
    '--filter',
    'batches=b1',
    '--limit',
    '1',
    '--json',
  ];
  const found = JSON.parse((await tributary(folder, filter)).stdout);
  assert.deepEqual([found.total, found.items.length], [2, 1]);
  const doctor = await tributary(folder, ['doctor', '--json']);
  assert.deepEqual(
    [doctor.code, JSON.parse(doctor.stdout).filter((finding: { state: string }) => finding.state !== 'ok')],
    [0, []],
  );
});

test('a list of records continues after its last page', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  await tributary(folder, ['produce', 'enrollment.events'], {
    input: ndjson(...['u1', 'u2', 'u3'].map((user) => enrolled(user))),
  });
  assert.equal((await tributary(folder, WAIT)).code, 0);
  const args = ['show', 'batch_learners', 'b1', '--limit', '2', '--json'];
  const first = JSON.parse((await tributary(folder, args)).stdout);
  const second = JSON.parse((await tributary(folder, [...args, '--after', first.next])).stdout);
  const users = [...first.items, ...second.items].map((item) => item.userId);
  assert.deepEqual([users.sort(), second.next], [['u1', 'u2', 'u3'], null]);
  assert.deepEqual(
    JSON.parse((await tributary(folder, ['show', 'batch_learners', '--tenant', 'other', '--json'])).stdout).items,
    [],
  );
});

test('an input of many pieces reaches the other process whole, and its output is returned whole', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const count = 6000;
  const input = ndjson(...Array.from({ length: count }, (_, i) => enrolled(`learner-${i}`)));
  const produced = await tributary(folder, ['produce', 'enrollment.events', '--json'], { input });
  assert.deepEqual(JSON.parse(produced.stdout), {
    topic: 'enrollment.events',
    events: count,
    records: count,
    leftOut: 0,
  });
  const { stdout } = await tributary(folder, ['tail', 'enrollment.events', '--from-beginning', '--json']);
  const keys = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line).key);
  assert.deepEqual([keys.length, new Set(keys).size], [count, count]);
});

test('a path is relative to the folder of the caller, not to that of up', async (t) => {
  const folder = temporaryFolder(t);
  const elsewhere = temporaryFolder(t);
  await up(t, folder);
  writeFileSync(join(elsewhere, 'events.ndjson'), ndjson(enrolled('u1')));
  const args = ['produce', 'enrollment.events', 'events.ndjson', '--data', join(folder, 'data')];
  assert.equal((await tributary(elsewhere, args)).code, 0);
});

test('wrong usages and wrong lines are answered beside up as they are without it', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const topic = await tributary(folder, ['tail', 'nonsense']);
  assert.equal(topic.code, 2);
  assert.match(topic.stderr, /^error: there is no topic nonsense/);
  const lines = await tributary(folder, ['produce', 'user.events'], { input: '{}\n' });
  assert.equal(lines.code, 1);
  assert.match(lines.stderr, /^line 1: .*\nerror: one line is wrong; nothing was sent\n$/);
});

test('tail --follow shows new records, ends at a signal, and up goes on', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  const tail = running(t, folder, ['tail', 'enrollment.events', '--follow', '--from-beginning']);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  await tail.printed('"userId":"u1"');
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u2')) });
  await tail.printed('"userId":"u2"');
  tail.child.kill('SIGINT');
  assert.equal((await tail.ended).code, 0);
  assert.equal((await tributary(folder, WAIT)).code, 0);
});

test('a second up or run on the folder is refused with a clear message', async (t) => {
  const folder = temporaryFolder(t);
  await up(t, folder);
  for (const args of [['up'], ['run', 'track-progress'], ['demo']]) {
    const { code, stderr } = await tributary(folder, args);
    assert.equal(code, 1);
    assert.match(
      stderr,
      /^error: the data folder .*data belongs to another running tributary; stop that one first.*\n$/,
    );
  }
});

test('a folder that another program has open is refused to up as well', async (t) => {
  const folder = temporaryFolder(t);
  const database = openDatabase(join(folder, 'data'));
  t.after(() => database.close());
  const { code, stderr } = await tributary(folder, ['up']);
  assert.equal(code, 1);
  assert.match(stderr, /belongs to another running tributary/);
});

test('SIGTERM and SIGINT end up with exit code 0, and everything that was read is committed', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    const folder = temporaryFolder(t);
    const one = await up(t, folder);
    await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
    assert.equal((await tributary(folder, WAIT)).code, 0);
    one.child.kill(signal);
    assert.equal((await one.ended).code, 0);
    assert.equal(existsSync(join(folder, 'data/control.sock')), false);
    const lag = JSON.parse((await tributary(folder, ['lag', '--json'])).stdout) as { lag: number }[];
    assert.deepEqual(
      lag.filter((each) => each.lag > 0),
      [],
    );
    assert.equal(JSON.parse((await tributary(folder, ['show', 'batch_summary', 'b1'])).stdout).learners, 1);
  }
});

test('a follower through a process that stops also ends', async (t) => {
  const folder = temporaryFolder(t);
  const one = await up(t, folder);
  await tributary(folder, ['produce', 'user.events'], {
    input: ndjson({ type: 'user.deleted', data: { userId: 'u1' } }),
  });
  const tail = running(t, folder, ['tail', 'user.events', '--follow']);
  await tail.printed('u1');
  one.child.kill('SIGTERM');
  assert.equal((await one.ended).code, 0);
  assert.equal((await tail.ended).code, 0);
});

test('the socket of a process that was killed is replaced', async (t) => {
  const folder = temporaryFolder(t);
  const killed = await up(t, folder);
  const socket = join(folder, 'data/control.sock');
  assert.equal(statSync(socket).mode & 0o777, 0o600);
  killed.child.kill('SIGKILL');
  await killed.ended;
  assert.equal(existsSync(socket), true);
  assert.equal((await tributary(folder, ['topics'])).code, 0, 'without up');
  await up(t, folder);
  assert.equal((await tributary(folder, WAIT)).code, 0, 'with another up');
});

test('run runs only the jobs that are named', async (t) => {
  const folder = temporaryFolder(t);
  const one = running(t, folder, ['run', 'track-progress', 'track-progress']);
  await one.printed('1 job is running');
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  assert.equal((await tributary(folder, [...WAIT, 'track-progress'])).code, 0);
  const [lag] = JSON.parse((await tributary(folder, ['lag', 'summarize-batch', '--json'])).stdout);
  assert.equal(lag.lag, 1);
  one.child.kill('SIGTERM');
  assert.equal((await one.ended).code, 0);
});

test('with a port, metrics and probes are served; a port that is in use is reported', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const one = await up(t, folder, ['--metrics-port', String(port)]);
  const address = `http://127.0.0.1:${port}`;
  await one.printed(`metrics and probes are at ${address}`);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  assert.equal((await tributary(folder, WAIT)).code, 0);
  const metrics = await (await fetch(`${address}/metrics`)).text();
  assert.match(
    metrics,
    /^tributary_records_total\{job="track-progress",topic="enrollment\.events",outcome="applied"\} 1$/m,
  );
  assert.match(metrics, /^process_cpu_seconds_total /m);
  assert.doesNotMatch(metrics, /u1/);
  assert.equal((await fetch(`${address}/livez`)).status, 200);
  assert.equal((await fetch(`${address}/readyz`)).status, 200);
  assert.equal((await fetch(`${address}/`)).status, 404);
  assert.equal((await fetch(`${address}/metrics`, { method: 'POST' })).status, 405);

  const other = await tributary(temporaryFolder(t), ['up', '--metrics-port', String(port)]);
  assert.equal(other.code, 2);
  assert.match(other.stderr, /metrics cannot be served at 127\.0\.0\.1/);
});

test('a report worker shows the lag of the requests that services send, and so does the command', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  await tributary(folder, ['topics', 'apply']);
  const asked = {
    type: 'report.requested',
    data: {
      userId: 'u1',
      report: 'learner-progress',
      parameters: { batchId: 'b1' },
      format: 'csv',
      roles: ['analyst'],
    },
  };
  const produced = await tributary(folder, ['produce', 'report.requests'], { input: ndjson(asked) });
  assert.equal(produced.code, 0, produced.stderr);
  assert.match((await tributary(folder, ['lag'])).stdout, /^submit-reports +report\.requests +1 +\d$/m);
  const one = running(t, folder, ['report', 'worker', '--metrics-port', String(port)]);
  await one.printed('metrics and probes are at');
  assert.equal((await tributary(folder, [...WAIT, 'submit-reports'])).code, 0);
  const metrics = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
  assert.match(metrics, /^tributary_job_running\{job="submit-reports"\} 1$/m);
  assert.match(metrics, /^tributary_partitions_owned\{job="submit-reports"\} 6$/m);
  const lags = metrics.match(/^tributary_lag_records\{job="submit-reports",topic="report\.requests",.*$/gm) ?? [];
  assert.ok(lags.length > 0 && lags.every((line) => line.endsWith(' 0')), lags.join('\n'));
});

/** Commits an offset beyond the end of the log, which is fatal to the job. */
async function beyondLog(folder: string, job: string, topic: string): Promise<void> {
  const opened = await wire({ config: loadConfig({ flags: {}, env: {}, folder }).config, platform: learningPlatform });
  await opened.stores.transport.seek(job, topic, { partition: 1, offset: 10 });
  await opened.close();
}

test('a fatal error of one job stops that job alone: the others go on, and the process reports why it is not ready', async (t) => {
  const folder = temporaryFolder(t);
  await beyondLog(folder, 'track-progress', 'enrollment.events');
  const port = await freePort();
  const one = running(t, folder, ['up', '--metrics-port', String(port)]);
  const failed = once(one.child.stderr as Readable, (text) => text.includes('"kind":"job-failed"'));
  await one.printed('metrics and probes are at');
  await failed;
  const address = `http://127.0.0.1:${port}`;
  const ready = await fetch(`${address}/readyz`);
  assert.equal(ready.status, 503);
  assert.match(
    await ready.text(),
    /^track-progress failed: POSITION_BEYOND_LOG: track-progress is to go on at offset 10 /,
  );
  assert.equal((await fetch(`${address}/livez`)).status, 200);
  let metrics = '';
  // Soon after the failure is logged, the job releases all its partitions for good.
  while (!/^tributary_partitions_owned\{job="track-progress"\} 0$/m.test(metrics)) {
    metrics = await (await fetch(`${address}/metrics`)).text();
  }
  assert.match(metrics, /^tributary_job_running\{job="track-progress"\} 0$/m);
  assert.match(metrics, /^tributary_job_running\{job="summarize-batch"\} 1$/m);

  const batch = { batchId: 'b1', courseId: 'c1', name: 'One', startsAt: Date.UTC(2026, 0, 5), endsAt: null };
  await tributary(folder, ['produce', 'batch.events'], { input: ndjson({ type: 'batch.created', data: batch }) });
  assert.equal((await tributary(folder, [...WAIT, 'summarize-batch'])).code, 0);
  assert.equal(JSON.parse((await tributary(folder, ['show', 'batch_summary', 'b1'])).stdout).batchId, 'b1');
  const lag = await tributary(folder, ['lag']);
  assert.match(lag.stdout, /^track-progress failed: POSITION_BEYOND_LOG: /m);
  const [seen] = JSON.parse((await tributary(folder, ['lag', 'track-progress', '--json'])).stdout);
  assert.equal(seen.failed.code, 'POSITION_BEYOND_LOG');

  one.child.kill('SIGTERM');
  const { code, stderr } = await one.ended;
  assert.equal(code, 1, 'a supervisor sees that something is wrong');
  const fatal = stderr
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .filter(({ level }) => level === 'fatal');
  assert.deepEqual(
    fatal.map(({ job, code }) => [job, code]),
    [['track-progress', 'POSITION_BEYOND_LOG']],
  );
});

test('run ends with the message when none of its jobs is left', async (t) => {
  const folder = temporaryFolder(t);
  await beyondLog(folder, 'track-progress', 'enrollment.events');
  await beyondLog(folder, 'summarize-batch', 'batch.events');
  const { code, stderr } = await tributary(folder, ['run', 'track-progress', 'summarize-batch']);
  assert.equal(code, 1);
  const lines = stderr.trim().split('\n');
  assert.match(lines.at(-1) ?? '', /^error: (track-progress|summarize-batch) is to go on at offset 10 /);
  const levels = lines.slice(0, -1).map((line) => JSON.parse(line));
  assert.equal(levels.filter(({ level }) => level === 'fatal').length, 2, 'each is logged once');
});

/** Settles when `test` accepts the output so far. */
function once(stream: Readable, test: (text: string) => boolean): Promise<void> {
  let text = '';
  return new Promise((resolve) => {
    stream.on('data', (chunk: string) => {
      text += chunk;
      if (test(text)) resolve();
    });
  });
}
