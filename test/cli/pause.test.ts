/** Jobs that are paused from the command line. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from './free-port.ts';
import { enrolled, ndjson, temporaryFolder, tributary, up } from './harness.ts';
import { command, wired } from './in-process.ts';

const PAUSE = { jobs: ['track-progress'], by: 'grace', why: '', dryRun: false, json: false };

test('a pause says what it does, in a dry run what it would do, and twice what is so already', async (t) => {
  const one = await wired(t);
  const said = async (name: 'pause' | 'resume', args: object = {}) => {
    const { code, stdout, stderr } = await command(one, name, { ...PAUSE, ...args });
    assert.equal(code, 0, stderr);
    return stdout;
  };
  assert.equal(await said('pause', { dryRun: true }), 'track-progress would be paused\n');
  assert.equal(await said('resume'), 'track-progress is not paused\n');
  assert.match(await said('pause', { why: 'the disk is full' }), /^track-progress is paused: its workers stop/);
  assert.match(await said('pause', { by: 'ada' }), /^track-progress is paused by grace since \S+Z: the disk is full$/m);
  const [json] = JSON.parse(await said('pause', { json: true }));
  assert.deepEqual([json.job, json.changed, json.paused.by], ['track-progress', false, 'grace']);
  const { stdout } = await command(one, 'doctor-findings', { tenant: 'default', away: [] });
  const finding = JSON.parse(stdout).find(({ check }: { check: string }) => check === 'pauses');
  assert.match(finding.message, /^track-progress is paused by grace since \S+Z: the disk is full$/);
  assert.equal(finding.todo, 'once the reason is gone: `tributary resume track-progress`');
  assert.match(await said('resume'), /^track-progress is resumed/);
});

test('rollups can be paused, too; a name of none changes nothing', async (t) => {
  const one = await wired(t);
  assert.equal((await command(one, 'pause', { ...PAUSE, jobs: ['roll-up-activity'] })).code, 0);
  const wrong = await command(one, 'pause', { ...PAUSE, jobs: ['notify', 'notfy'] });
  assert.deepEqual([wrong.code, /did you mean notify/.test(wrong.stderr)], [2, true]);
  const lags = JSON.parse((await command(one, 'lag', { jobs: [], wait: false, json: true })).stdout);
  const paused = lags.filter(({ paused }: { paused: unknown }) => paused !== null);
  assert.deepEqual(
    paused.map(({ job }: { job: string }) => job),
    ['roll-up-activity'],
  );
});

test('as processes: a paused job reads nothing, says so in its metrics and its lag, also after a restart, and goes on once it is resumed', async (t) => {
  const folder = temporaryFolder(t);
  const port = await freePort();
  const start = () => up(t, folder, ['--metrics-port', String(port)]);
  const metric = async (line: RegExp): Promise<void> => {
    for (;;) {
      const response = await fetch(`http://127.0.0.1:${port}/metrics`);
      if (line.test(await response.text())) return;
    }
  };
  const first = await start();
  assert.equal((await tributary(folder, ['pause', 'track-progress', '--why', 'a test'])).code, 0);
  await metric(/^tributary_job_paused\{job="track-progress"\} 1$/m);
  await metric(/^tributary_partitions_owned\{job="track-progress"\} 0$/m);
  first.child.kill('SIGTERM');
  assert.equal((await first.ended).code, 0);

  await start();
  await metric(/^tributary_job_paused\{job="track-progress"\} 1$/m);
  await tributary(folder, ['produce', 'enrollment.events'], { input: ndjson(enrolled('u1')) });
  const others = ['lag', 'roll-up-activity', '--wait', '--timeout-ms', '60000'];
  assert.equal((await tributary(folder, others)).code, 0);
  const lag = await tributary(folder, ['lag', 'track-progress']);
  assert.match(lag.stdout, /^track-progress +enrollment\.events +1 /m);
  assert.match(lag.stdout, /^track-progress is paused by .* since \S+Z: a test$/m);
  assert.equal((await fetch(`http://127.0.0.1:${port}/readyz`)).status, 200);

  assert.equal((await tributary(folder, ['resume', 'track-progress'])).code, 0);
  assert.equal((await tributary(folder, ['lag', '--wait', '--timeout-ms', '60000'])).code, 0);
  assert.equal((await tributary(folder, ['show', 'learner_progress', 'u1', 'c1'])).code, 0);
  await metric(/^tributary_job_paused\{job="track-progress"\} 0$/m);
});
