/** A process of jobs and a report worker whose consumer group for report requests cannot be joined. */
import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { loadConfig } from '../../app/config/config.ts';
import { submittingOf, worksOf } from '../../app/platform/works.ts';
import { serveJobs } from '../../app/run/serving.ts';
import { wire } from '../../app/stores/wiring.ts';
import { type ErrorCode, TributaryError } from '../../core/errors.ts';
import { learningPlatform } from '../../modules/learning.ts';
import { temporaryFolder } from '../cli/harness.ts';

const SUBMITTING = submittingOf(learningPlatform)?.name;

interface Line {
  readonly kind?: string;
  readonly job?: string;
  readonly code?: string;
  readonly msg?: string;
}

/** Runs what `up` runs until its log has such a line. Joining the group fails once, with this code. */
async function servedUntil(t: TestContext, code: ErrorCode, isLast: (line: Line) => boolean) {
  const flags = { logLevel: 'debug', backOffFirstMs: '1' };
  const { config } = loadConfig({ flags, env: {}, folder: temporaryFolder(t) });
  const wired = await wire({ config, platform: learningPlatform });
  const { transport } = wired.stores;
  const join = transport.join.bind(transport);
  let refused = false;
  transport.join = (async (...args: Parameters<typeof join>) => {
    if (args[0] !== SUBMITTING || refused) return join(...args);
    refused = true;
    throw new TributaryError(code, 'the group did not answer');
  }) as typeof join;
  const stopping = new AbortController();
  const lines: Line[] = [];
  const stderr = new Writable({
    write(chunk, _encoding, done) {
      for (const text of String(chunk).trim().split('\n')) lines.push(JSON.parse(text));
      if (lines.some(isLast)) stopping.abort();
      done();
    },
  });
  try {
    const host = { wired, stderr, signal: stopping.signal, say: async () => {} };
    const well = await serveJobs(host, { jobs: worksOf(wired), reports: true, service: false });
    return { well, lines };
  } finally {
    await wired.close();
  }
}

test('a log that does not answer when report requests are to be read is waited for', async (t) => {
  const { well, lines } = await servedUntil(
    t,
    'LOG_AWAY',
    ({ kind, job }) => kind === 'job-running' && job === SUBMITTING,
  );
  assert.equal(well, true);
  assert.ok(lines.some(({ kind, job, code }) => kind === 'outage' && job === SUBMITTING && code === 'LOG_AWAY'));
});

test('what is fatal to the reading of report requests stops no job', async (t) => {
  const { well, lines } = await servedUntil(t, 'TOPIC_MISSING', ({ msg }) => msg === 'running');
  assert.equal(well, false, 'the process says at its end that something has failed');
  const failed = lines.filter(({ kind }) => kind === 'job-failed').map(({ job, code }) => [job, code]);
  assert.deepEqual(failed, [[SUBMITTING, 'TOPIC_MISSING']]);
});
