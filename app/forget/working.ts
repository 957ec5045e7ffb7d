/** Runs the jobs of a data folder while a command waits for them. On servers, other processes run the jobs. */
import { lookupsFor } from '../../jobs/runtime/rows/run.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import { SILENT } from '../../jobs/runtime/telemetry.ts';
import { isEmbedded } from '../config/urls.ts';
import { worksOf } from '../platform/works.ts';
import { startWork } from '../run/start-work.ts';
import type { Wired } from '../stores/wiring.ts';

/** Beside a process of jobs on the same folder, which this then is, they share the partitions for a moment. */
export async function whileWorking<T>(wired: Wired, command: () => Promise<T>): Promise<T> {
  if (!isEmbedded(wired.config.transport)) return command();
  await wired.prepareJobs();
  const runtime = wired.runtime(SILENT);
  const lookups = lookupsFor(runtime);
  const running: RunningJob[] = [];
  try {
    for (const work of worksOf(wired)) running.push(await startWork(work, wired, runtime, { lookups }));
    const failed = Promise.race(running.map(({ finished }) => finished)).then(() => new Promise<never>(() => {}));
    return await Promise.race([command(), failed]);
  } finally {
    await Promise.all(running.map((job) => job.stop()));
  }
}
