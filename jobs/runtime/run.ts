/** Runs a job: joins its group, and keeps one worker for every partition it is given. */
import type { AssignmentListener, Membership } from '../../topics/log/transport.ts';
import type { Job } from '../define.ts';
import { LookupCache } from './lookups.ts';
import { ownerOfRows } from './rows-handler.ts';
import { sharedOf } from './shared.ts';
import type { Runtime } from './stores.ts';

export interface RunningJob {
  /** Rejects when a worker met something fatal; resolves after `stop`. */
  readonly finished: Promise<void>;
  /** Finishes the batches at hand, commits them, leaves the group. */
  stop(): Promise<void>;
}

interface Running {
  readonly stopping: AbortController;
  readonly done: Promise<void>;
}

export async function runJob(job: Job, runtime: Runtime, lookups = lookupsFor(runtime)): Promise<RunningJob> {
  const workers = new Map<number, Running>();
  const shared = sharedOf(job, runtime);
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  finished.catch(() => {});
  const membershipReady = Promise.withResolvers<Membership>();

  const stopWorkers = async (partitions: readonly number[]): Promise<void> => {
    const stopping = partitions.flatMap((partition) => workers.get(partition) ?? []);
    for (const worker of stopping) worker.stopping.abort();
    await Promise.all(stopping.map((worker) => worker.done));
    for (const partition of partitions) workers.delete(partition);
  };

  const listener: AssignmentListener = {
    assigned(partitions) {
      for (const partition of partitions) {
        const stopping = new AbortController();
        const done = membershipReady.promise
          .then((membership) => {
            const worker = ownerOfRows({ job, partition, membership, runtime, lookups, shared });
            return worker.run(stopping.signal);
          })
          .catch(reject);
        workers.set(partition, { stopping, done });
      }
    },
    revoked: stopWorkers,
  };

  const membership = await runtime.stores.transport.join(job.name, job.from.name, listener);
  membershipReady.resolve(membership);
  return {
    finished,
    async stop() {
      await stopWorkers([...workers.keys()]);
      await membership.leave();
      resolve();
    },
  };
}

export function lookupsFor({ stores, settings, clock }: Runtime): LookupCache {
  return new LookupCache(stores.tables, settings.lookupMs, () => clock.elapsed());
}
