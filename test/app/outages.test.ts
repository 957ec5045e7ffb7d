import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Outages } from '../../app/telemetry/outages.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';

const OF_JOB = { job: 'track-progress', topic: 'enrollment.events' } as const;
const AWAY = { kind: 'waiting', code: 'TABLES_AWAY', message: 'nobody answers', delayMs: 100 } as const;
const BEGIN = Date.UTC(2027, 2, 1, 10, 2);

function newOutages() {
  const lines: string[] = [];
  let now = BEGIN;
  const outages = new Outages(
    (level, fields, text) => lines.push(`${level} ${(fields as { job: string }).job}: ${text}`),
    () => now,
  );
  return {
    outages,
    lines,
    after(ms: number) {
      now += ms;
    },
    tell(event: Omit<TelemetryEvent, 'job' | 'topic'>) {
      outages.tell({ ...OF_JOB, ...event } as TelemetryEvent);
    },
  };
}

test('an outage is one line when it begins, one a minute, and one when it is over', () => {
  const { lines, tell, after } = newOutages();
  for (let tries = 0; tries < 200; tries++) {
    for (let partition = 0; partition < 6; partition++) tell({ ...AWAY, partition } as never);
    after(1000);
  }
  for (let partition = 0; partition < 6; partition++) tell({ kind: 'resumed', partition } as never);
  assert.deepEqual(lines, [
    'warn track-progress: waiting for the tables: TABLES_AWAY: nobody answers',
    'warn track-progress: waiting for the tables since 2027-03-01T10:02:00Z, 6 partitions; tried 361 times: TABLES_AWAY: nobody answers',
    'warn track-progress: waiting for the tables since 2027-03-01T10:02:00Z, 6 partitions; tried 721 times: TABLES_AWAY: nobody answers',
    'warn track-progress: waiting for the tables since 2027-03-01T10:02:00Z, 6 partitions; tried 1081 times: TABLES_AWAY: nobody answers',
    'info track-progress: no longer waiting for the tables, after 200 s and 1200 tries',
  ]);
});

test('a store that fails and recovers every second is one outage, with a few lines a minute', () => {
  const { lines, tell, after } = newOutages();
  for (let times = 0; times < 600; times++) {
    tell({ ...AWAY, partition: 0 } as never);
    after(500);
    tell({ kind: 'resumed', partition: 0 } as never);
    after(500);
  }
  assert.ok(lines.length <= 22, `${lines.length} lines in ten minutes`);
  assert.match(lines.at(-1) ?? '', /no longer waiting/);
});

test('two stores that are away are two outages, and so are two jobs', () => {
  const { lines, outages, tell } = newOutages();
  tell({ ...AWAY, partition: 0 } as never);
  tell({ ...AWAY, code: 'CACHE_AWAY', partition: 1 } as never);
  outages.tell({ ...AWAY, job: 'notify', topic: 'user.events', partition: 0 });
  assert.deepEqual(
    lines.map((line) => line.split(': ').slice(0, 2).join(': ')),
    [
      'warn track-progress: waiting for the tables',
      'warn track-progress: waiting for the cache',
      'warn notify: waiting for the tables',
    ],
  );
});

test('a view that is behind is reported in the same way, and does not make its job wait', () => {
  const { lines, outages, tell, after } = newOutages();
  const late = { kind: 'view-late', view: 'enrollments', code: 'SEARCH_AWAY', message: 'nobody answers', partition: 2 };
  for (let tries = 0; tries < 70; tries++) {
    tell(late as never);
    after(1000);
  }
  assert.deepEqual(outages.longerThan(0), []);
  tell({ kind: 'view-lag', view: 'enrollments', records: 5, ageMs: 1, partition: 2 } as never);
  tell({ kind: 'view-lag', view: 'enrollments', records: 0, ageMs: 0, partition: 2 } as never);
  assert.equal(lines.length, 3);
  assert.match(
    lines[1] ?? '',
    /without enrollments, which is behind since 2027-03-01T10:02:00Z, 1 partition; tried 61 times/,
  );
  assert.match(lines[2] ?? '', /no longer without enrollments/);
});

test('a job that waits for long is reported with the reason and the start of the wait, until the wait ends', () => {
  const { outages, tell, after } = newOutages();
  tell({ ...AWAY, partition: 0 } as never);
  after(29_999);
  assert.deepEqual(outages.longerThan(30_000), []);
  after(1);
  assert.deepEqual(outages.longerThan(30_000), [
    {
      job: 'track-progress',
      text: 'track-progress has been waiting for the tables since 2027-03-01T10:02:00Z, 1 partition: TABLES_AWAY: nobody answers',
    },
  ]);
  tell({ kind: 'resumed', partition: 0 } as never);
  assert.deepEqual(outages.longerThan(0), []);
  tell({ kind: 'job-waiting', code: 'LOG_AWAY', message: 'no', delayMs: 1 } as never);
  assert.match(
    outages.longerThan(0)[0]?.text ?? '',
    /has been waiting for the log since 2027-03-01T10:02:30Z: LOG_AWAY: no$/,
  );
  tell({ kind: 'job-resumed' } as never);
  assert.deepEqual(outages.longerThan(0), []);
});

test('a partition that was revoked waits for nothing any more', () => {
  const { lines, outages, tell } = newOutages();
  tell({ ...AWAY, partition: 0 } as never);
  tell({ kind: 'released', partition: 0 } as never);
  assert.deepEqual(outages.longerThan(0), []);
  assert.equal(lines.length, 2);
});
