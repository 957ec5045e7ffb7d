import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Failure, RunningJobs } from '../../app/run/running-jobs.ts';
import { TributaryError } from '../../core/errors.ts';
import { jobs as declared } from '../../jobs/index.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';

const [A, B] = declared.slice(0, 2).map(({ name }) => name) as [string, string];

interface Started extends RunningJob {
  readonly name: string;
  stopped: boolean;
  fail(error: unknown): void;
}

/** Two jobs that fail on request, and a clock whose sleepers the test wakes. */
function process(startFails: (name: string) => unknown = () => undefined, stopFails?: Error) {
  const telemetryEvents: TelemetryEvent[] = [];
  const started: Started[] = [];
  const sleeping: { ms: number; wake: () => void }[] = [];
  const failures = new Map<string, Failure>();
  const unstopped: unknown[] = [];
  const controller = new AbortController();
  const waiting = new Set<() => void>();
  const changed = (): void => {
    for (const look of waiting) look();
  };
  const running = new RunningJobs({
    jobs: declared.slice(0, 2),
    async start({ name }, signal) {
      if (signal.aborted) return undefined;
      const error = startFails(name);
      if (error !== undefined) throw error;
      const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
      finished.catch(() => {});
      const one: Started = {
        name,
        finished,
        stopped: false,
        fail: reject,
        async stop() {
          one.stopped = true;
          resolve();
          if (stopFails !== undefined) throw stopFails;
        },
      };
      started.push(one);
      changed();
      return one;
    },
    unstopped: (error) => unstopped.push(error),
    failures,
    telemetry: {
      tell(event) {
        telemetryEvents.push(event);
        changed();
      },
    },
    clock: {
      now: () => 0,
      elapsed: () => 0,
      yieldToLoop: async () => {},
      sleep: (ms, signal) =>
        new Promise((resolve) => {
          const sleeper = { ms, wake: resolve };
          if (signal.aborted) return resolve();
          sleeping.push(sleeper);
          signal.addEventListener('abort', () => {
            if (sleeping.includes(sleeper)) sleeping.splice(sleeping.indexOf(sleeper), 1);
            resolve();
          });
          changed();
        }),
    },
    random: () => 1,
    signal: controller.signal,
  });
  const until = (test: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (!test()) return;
        waiting.delete(look);
        resolve();
      };
      waiting.add(look);
      look();
    });
  const reported = (kind: TelemetryEvent['kind']) => telemetryEvents.filter((event) => event.kind === kind);
  const wakeNext = (): void => sleeping.shift()?.wake();
  return {
    running,
    started,
    sleeping,
    failures,
    unstopped,
    controller,
    until,
    reported,
    wakeNext,
  };
}

test('a job that fails is stopped and reported, and the others go on', async () => {
  const one = process();
  await one.running.started();
  assert.deepEqual([one.reported('job-running').length, one.failures.size], [2, 0]);
  one.started[0]?.fail(new TributaryError('TOPIC_MISSING', 'there is no topic'));
  await one.until(() => one.sleeping.length === 1);
  assert.deepEqual([one.started[0]?.stopped, one.started[1]?.stopped], [true, false]);
  assert.deepEqual([...one.failures], [[A, { code: 'TOPIC_MISSING', message: 'there is no topic' }]]);
  const [failed, ...others] = one.reported('job-failed');
  assert.deepEqual([failed?.job, others], [A, []]);
  const stopped = await one.running.stop();
  assert.deepEqual(stopped.length, 1, 'the other one');
  assert.equal(one.started[1]?.stopped, true);
});

test('a failed job is restarted after growing pauses, and counts as running once it has run for a while', async () => {
  const one = process();
  await one.running.started();
  const waits: (number | undefined)[] = [];
  for (let n = 0; n < 5; n++) {
    (one.started.at(n === 0 ? 0 : -1) as Started).fail(new TypeError('a bug'));
    await one.until(() => one.reported('job-failed').length === n + 1 && one.sleeping.length === 1);
    waits.push(one.sleeping[0]?.ms);
    one.wakeNext();
    await one.until(() => one.started.length === 3 + n && one.sleeping.length === 1);
    assert.equal(one.failures.get(A)?.code, 'UNFORESEEN', 'it was only just started');
  }
  assert.deepEqual(waits, [120_000, 240_000, 480_000, 900_000, 900_000]);
  assert.equal(one.reported('job-running').length, 2);
  one.wakeNext();
  await one.until(() => one.reported('job-running').length === 3);
  assert.equal(one.failures.size, 0);
  (one.started.at(-1) as Started).fail(new TypeError('a bug'));
  await one.until(() => one.sleeping.length === 1);
  assert.equal(one.sleeping[0]?.ms, 120_000, 'from the beginning');
  await one.running.stop();
});

test('when no job is left, the last error is the result', async () => {
  const one = process();
  await one.running.started();
  one.started[0]?.fail(new Error('first'));
  await one.until(() => one.sleeping.length === 1);
  const last = new Error('last');
  one.started[1]?.fail(last);
  await assert.rejects(one.running.noneLeft, (error) => error === last);
  assert.equal(one.reported('job-failed').length, 1, 'of the last one the end of the process tells');
  await one.running.stop();
  assert.ok(one.started.every(({ stopped }) => stopped));
  assert.equal(one.started.length, 2, 'nothing is started by the end');
});

test('a job that cannot be started has failed, and the others are running', async () => {
  const one = process((name) => (name === B ? new TributaryError('ACCESS_REFUSED', 'no') : undefined));
  await one.running.started();
  await one.until(() => one.sleeping.length === 1);
  assert.deepEqual([[...one.failures.keys()], one.started.map(({ name }) => name)], [[B], [A]]);
  await one.running.stop();
});

test('when no job can be started, the error is the result', async () => {
  const one = process(() => new TributaryError('ACCESS_REFUSED', 'no'));
  await assert.rejects(one.running.started(), { code: 'ACCESS_REFUSED' });
  await one.running.stop();
});

test('a job that is starting when the process ends is stopped', async () => {
  const one = process();
  await one.running.started();
  one.started[0]?.fail(new Error('a bug'));
  await one.until(() => one.sleeping.length === 1);
  one.wakeNext();
  const stopped = one.running.stop();
  one.controller.abort();
  await stopped;
  assert.ok(one.started.every((each) => each.stopped));
});

test('a failed job that cannot be stopped cleanly is reported, and restarted all the same', async () => {
  const away = new Error('the log is away');
  const one = process(undefined, away);
  await one.running.started();
  one.started[0]?.fail(new Error('a bug'));
  await one.until(() => one.sleeping.length === 1);
  assert.deepEqual(one.unstopped, [away]);
  one.wakeNext();
  await one.until(() => one.started.length === 3 && one.sleeping.length === 1);
  const stopped = await one.running.stop();
  assert.deepEqual(
    stopped.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
});
