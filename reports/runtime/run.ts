/** Runs a source of segments: joins its consumer group, and counts the records of every assigned partition. */
import { LookupCache } from '../../jobs/runtime/lookups.ts';
import { PartitionOwner } from '../../jobs/runtime/owner.ts';
import { Retrying, withKinds, withRetries } from '../../jobs/runtime/retrying.ts';
import { type RunningJob, runGroup } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import type { Membership } from '../../topics/log/transport.ts';
import { RollupHandler } from './handler.ts';
import { Publisher } from './publisher.ts';
import { ALL_ROLLUP_RULES, type RollupRules } from './rules.ts';
import { ROLLUP_DEFAULTS, type RollupSettings } from './settings.ts';
import type { SegmentSource } from './source.ts';
import type { SegmentTable } from './tables.ts';

export interface RollupParts {
  readonly source: SegmentSource;
  readonly table: SegmentTable;
  readonly runtime: Runtime;
  readonly settings?: Partial<RollupSettings>;
  /** All rules, unless a test shows the purpose of one. */
  readonly rules?: RollupRules;
}

/** Shared by the owners of a process: publishing and lookups. */
export interface RollupShared {
  readonly publisher: Publisher;
  readonly lookups: LookupCache;
}

export function rollupShared({
  source,
  table,
  runtime,
  settings,
  rules = ALL_ROLLUP_RULES,
}: RollupParts): RollupShared {
  const { clock, telemetry, random, stores } = runtime;
  const { backOffMs, lookupMs } = runtime.settings;
  const publishing = { ...ROLLUP_DEFAULTS, ...settings, backOffMs };
  return {
    publisher: new Publisher({ source, table, clock, telemetry, random, rules, settings: publishing }),
    lookups: new LookupCache(stores.tables, lookupMs, () => clock.elapsed()),
  };
}

/** The owner of a partition of the source's topic. It counts the partition's records. */
export function ownerOfRollup(
  parts: RollupParts,
  shared: RollupShared,
  partition: number,
  membership: Membership,
): PartitionOwner {
  const { source, table, runtime, rules = ALL_ROLLUP_RULES } = parts;
  const assignment = { job: source.name, topic: source.from.name, partition };
  const retrying = new Retrying(assignment, runtime);
  // The limit on keys bounds the rows of a batch, and a rollup has none.
  const settings = { ...runtime.settings, maxKeys: runtime.settings.maxRecords };
  const patient: Runtime = { ...runtime, settings, stores: withRetries(runtime.stores, retrying) };
  const handler = new RollupHandler({
    source,
    assignment,
    membership,
    runtime: patient,
    publisher: shared.publisher,
    lookups: withKinds(shared.lookups, { load: retrying.reading }),
    table: withKinds(table, { refresh: retrying.reading }),
    rules,
    stopping: () => retrying.stopping,
  });
  return new PartitionOwner({ assignment, runtime: patient, retrying, handler, reclaim: true });
}

export function runRollup(parts: RollupParts): Promise<RunningJob> {
  const { source, runtime } = parts;
  const shared = rollupShared(parts);
  return runGroup({
    transport: runtime.stores.transport,
    group: source.name,
    topic: source.from.name,
    telemetry: runtime.telemetry,
    ownerOf: (partition, membership) => ownerOfRollup(parts, shared, partition, membership),
  });
}
