/** Runs a job: joins its group, and folds the records of every assigned partition into rows. */
import type { Job } from '../../define.ts';
import { LookupCache } from '../lookups.ts';
import { type RunningJob, runGroup } from '../run-group.ts';
import type { Runtime } from '../stores.ts';
import { ownerOfRows } from './handler.ts';
import { sharedOf } from './shared.ts';

export function runJob(job: Job, runtime: Runtime, lookups = lookupsFor(runtime)): Promise<RunningJob> {
  const shared = sharedOf(job, runtime);
  return runGroup({
    transport: runtime.stores.transport,
    group: job.name,
    topic: job.from.name,
    telemetry: runtime.telemetry,
    ownerOf: (partition, membership) => ownerOfRows({ job, partition, membership, runtime, lookups, shared }),
  });
}

export function lookupsFor({ stores, settings, clock }: Runtime): LookupCache {
  return new LookupCache(stores.tables, settings.lookupMs, () => clock.elapsed());
}
