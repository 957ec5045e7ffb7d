/** A member of a consumer group in this process, with one owner for every assigned partition. */
import type { AssignmentListener, Membership, Transport } from '../../topics/log/transport.ts';
import type { PartitionOwner } from './owner.ts';
import type { Rebalance, Telemetry } from './telemetry.ts';

export interface RunningJob {
  /** Rejects when an owner has failed with a fatal error; resolves after `stop`. */
  readonly finished: Promise<void>;
  /** Finishes the current batches, commits them and leaves the group. */
  stop(): Promise<void>;
}

export interface GroupParts {
  readonly transport: Pick<Transport, 'join'>;
  readonly group: string;
  readonly topic: string;
  readonly telemetry: Telemetry;
  /** Called when a partition is assigned. Nothing is claimed before the owner runs. */
  readonly ownerOf: (partition: number, membership: Membership) => PartitionOwner;
}

interface Running {
  readonly stopping: AbortController;
  readonly done: Promise<void>;
}

export async function runGroup({ transport, group, topic, telemetry, ownerOf }: GroupParts): Promise<RunningJob> {
  const owners = new Map<number, Running>();
  const { promise: finished, resolve, reject } = Promise.withResolvers<void>();
  finished.catch(() => {});
  const membershipReady = Promise.withResolvers<Membership>();

  const stopOwners = async (partitions: readonly number[]): Promise<void> => {
    const stopping = partitions.flatMap((partition) => owners.get(partition) ?? []);
    for (const owner of stopping) owner.stopping.abort();
    await Promise.all(stopping.map((owner) => owner.done));
    for (const partition of partitions) owners.delete(partition);
  };

  const rebalanced = (what: Rebalance, { length: partitions }: readonly number[]): void => {
    if (partitions > 0) telemetry.tell({ job: group, topic, kind: 'rebalanced', what, partitions });
  };

  const listener: AssignmentListener = {
    assigned(partitions) {
      rebalanced('assigned', partitions);
      for (const partition of partitions) {
        const stopping = new AbortController();
        const done = membershipReady.promise
          .then((membership) => ownerOf(partition, membership).run(stopping.signal))
          .catch(reject);
        owners.set(partition, { stopping, done });
      }
    },
    revoked(partitions) {
      rebalanced('revoked', partitions);
      return stopOwners(partitions);
    },
  };

  const membership = await transport.join(group, topic, listener);
  membershipReady.resolve(membership);
  return {
    finished,
    async stop() {
      await stopOwners([...owners.keys()]);
      await membership.leave();
      resolve();
    },
  };
}
