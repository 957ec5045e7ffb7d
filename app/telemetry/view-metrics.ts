/** Metrics of views. Those of views that may fall behind are by view. */
import type { Job } from '../../jobs/define.ts';
import type { Assignment } from '../../jobs/runtime/assignment.ts';
import type { TelemetryEvent } from '../../jobs/runtime/telemetry.ts';
import type { Work } from '../../jobs/runtime/work.ts';
import { codesOf } from './codes.ts';
import type { Instruments } from './instruments.ts';

type ViewLag = Extract<TelemetryEvent, { kind: 'view-lag' }>;

export function viewMetrics({ counter, gauge }: Instruments, works: readonly (Work & Partial<Pick<Job, 'views'>>)[]) {
  const ofView = ['job', 'view', 'partition'] as const;
  const viewsStale = counter('views_stale', 'View records not written because the store had newer ones.', ['job']);
  const viewWaits = counter('view_waits', 'Times a view fell or stayed behind because its store did not answer.', [
    'job',
    'view',
    'code',
  ]);
  const viewsRefused = counter(
    'views_refused',
    'View records that can never be written, found while the view caught up.',
    ['job', 'view'],
  );
  const viewsMissed = counter(
    'views_missed',
    'Times the log had deleted records that a view still needed to catch up.',
    ['job', 'view'],
  );
  const lag = gauge('view_lag_records', 'How many records of the log a view is behind its rows.', ofView);
  const lagAge = gauge('view_lag_seconds', 'The age of the first record that a view lacks.', ofView);
  /** The views of each job whose lag was reported. */
  const reported = new Map<string, Set<string>>();

  for (const { name: job, views = [] } of works) {
    viewsStale.inc({ job }, 0);
    for (const { into, policy } of views) {
      if (policy !== 'catching-up') continue;
      for (const code of [...codesOf('retry'), 'SLOW']) viewWaits.inc({ job, view: into.name, code }, 0);
      for (const each of [viewsRefused, viewsMissed]) each.inc({ job, view: into.name }, 0);
    }
  }

  return {
    viewsStale,
    viewWaits,
    viewsRefused,
    viewsMissed,

    lags({ job, view, partition, records, ageMs }: ViewLag): void {
      lag.set({ job, view, partition }, records);
      if (ageMs !== undefined) lagAge.set({ job, view, partition }, ageMs / 1000);
      reported.set(job, (reported.get(job) ?? new Set()).add(view));
    },

    forget({ job, partition }: Assignment): void {
      for (const view of reported.get(job) ?? []) {
        lag.remove({ job, view, partition });
        lagAge.remove({ job, view, partition });
      }
    },
  };
}
