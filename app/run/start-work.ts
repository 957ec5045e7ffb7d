/** Starts any kind of work of a process: a job on the current generation of its rows, or a rollup on that of its table. */
import type { LookupCache } from '../../jobs/runtime/lookups.ts';
import { runCurrent } from '../../jobs/runtime/rows/generations/run-current.ts';
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import { runRollup } from '../../reports/runtime/run.ts';
import type { RollupSettings } from '../../reports/runtime/settings.ts';
import { CurrentTable } from '../../reports/runtime/tables.ts';
import { type AnyWork, isJob } from '../platform/works.ts';
import { rollupSettingsOf, type Wired } from '../stores/wiring.ts';

export interface StartOptions {
  /** The lookups that the jobs of one process share. Without it, this job has its own. */
  readonly lookups?: LookupCache;
  /** Override the configured settings. */
  readonly rollups?: Partial<RollupSettings>;
}

export async function startWork(
  work: AnyWork,
  wired: Pick<Wired, 'segments' | 'config'>,
  runtime: Runtime,
  { lookups = lookupsFor(runtime), rollups = {} }: StartOptions = {},
): Promise<RunningJob> {
  if (isJob(work)) return runCurrent(work, runtime, lookups);
  const table = new CurrentTable(await wired.segments(), work);
  const settings = { ...rollupSettingsOf(wired.config), ...rollups };
  return runRollup({ source: work, table, runtime, settings });
}
