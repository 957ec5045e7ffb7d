/** The runtime that makes a generation of a job's rows from its topic and the archive of that topic. */
import type { Job } from '../../../jobs/define.ts';
import { hasLostSome } from '../../../jobs/runtime/rows/generations/rebuild.ts';
import type { Runtime } from '../../../jobs/runtime/stores.ts';
import type { Context } from '../../context.ts';
import { withArchive } from '../archive/archived.ts';

interface Of {
  readonly context: Context;
  readonly job: Job;
  readonly runtime: Runtime;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

/** Its log begins where the archive does. Throws USAGE if there is no archive, or if rows made from it would lack events. */
export async function fromArchive({ context, job, runtime, signal, say }: Of): Promise<Runtime> {
  const transport = await withArchive({
    topic: job.from,
    reader: job.name,
    whole: true,
    stores: await context.wired.segments(),
    transport: runtime.stores.transport,
    signal,
    say,
  });
  return { ...runtime, stores: { ...runtime.stores, transport } };
}

/** The same, but only if the topic has lost records that the generation has yet to read. */
export async function fromArchiveIfNeeded(of: Of, generation: number): Promise<Runtime> {
  const { job, runtime } = of;
  return (await hasLostSome(job, generation, runtime.stores.transport)) ? fromArchive(of) : runtime;
}
