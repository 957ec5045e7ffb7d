/**
 * Makes a generation of a job's rows from the topic, beside the job: see `silent.ts`. Several processes may do so together, as members of
 * one group; each may end at any moment and begin again, and goes on where the group is.
 */
import type { Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { lookupsFor, runJob } from '../run.ts';
import { checkRebuildable, groupOf, judgedBy, silentJob, silentRuntime } from './silent.ts';
import { changeGenerations, tableOf } from './state.ts';

/** How far a generation is in one partition. */
export interface GenerationPosition {
  readonly partition: number;
  /** Where it goes on. */
  readonly next: number;
  /** Up to where it may read. */
  readonly end: number;
  /** Offsets in between, not all of which need have a record; 0 if nothing is there to be read. */
  readonly lag: number;
}

export interface CatchUpOptions {
  readonly signal: AbortSignal;
  readonly progress?: (positions: readonly GenerationPosition[]) => void;
  readonly lookMs?: number;
}

export interface RebuildGenerationOptions extends CatchUpOptions {
  /** Goes on when it has caught up, until another generation becomes current. */
  readonly follow?: boolean;
}

export interface Making {
  /**
   * Settles when everything was folded that the job had judged when this was called; with `follow`, never. Throws when the signal is aborted, when
   * the generation is no longer to be made (GENERATION_MOVED), and what is fatal.
   */
  catchUp(options: RebuildGenerationOptions): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 200;

/** The generation that is being made already, or else a new one. */
export async function openGeneration(job: Job, { stores }: Pick<Runtime, 'stores'>): Promise<number> {
  const after = await changeGenerations(stores.tables, job.name, (now) => {
    if (now.last > now.current && now.kept.includes(now.last)) return undefined;
    const last = now.last + 1;
    return { ...now, last, kept: [...now.kept, last] };
  });
  return after.last;
}

/** Begins to make a generation, or goes on with it. `isHolder`: also while the job is held. */
export async function makeGeneration(
  job: Job,
  generation: number,
  runtime: Runtime,
  isHolder: boolean,
): Promise<Making> {
  const { tables, transport } = runtime.stores;
  await checkRebuildable(transport, job);
  await tables.prepare([tableOf(job.row, generation)]);
  const silent = silentRuntime(runtime, job, generation, isHolder);
  const running = await runJob(silentJob(job, generation), silent, lookupsFor(runtime));
  return {
    async catchUp({ signal, progress, follow = false, lookMs = LOOK_MS }) {
      const ends = await judgedBy(transport, job);
      for (;;) {
        signal.throwIfAborted();
        const positions = await positionsOf(job, generation, transport, follow ? await judgedBy(transport, job) : ends);
        progress?.(positions);
        if (!follow && positions.every(({ lag }) => lag === 0)) return;
        await Promise.race([running.finished, runtime.clock.sleep(lookMs, signal)]);
      }
    },
    stop: () => running.stop(),
  };
}

/** Makes it until it has caught up: see `Making`. */
export async function rebuildGeneration(
  job: Job,
  generation: number,
  runtime: Runtime,
  options: RebuildGenerationOptions,
): Promise<void> {
  const making = await makeGeneration(job, generation, runtime, false);
  try {
    await making.catchUp(options);
  } finally {
    await making.stop();
  }
}

/** How far a generation that is not current has come, of what lies before `ends`. */
export async function positionsOf(
  { name, from }: Job,
  generation: number,
  transport: Transport,
  ends: readonly number[],
): Promise<GenerationPosition[]> {
  const [committed, [info]] = await Promise.all([
    transport.committed(groupOf(name, generation), from.name),
    transport.describe([from.name]),
  ]);
  return Promise.all(
    committed.map(async ({ offset }, partition) => {
      const begin = info?.partitions[partition]?.begin ?? 0;
      const next = Math.max(offset ?? begin, begin);
      const end = ends[partition] ?? 0;
      const [first] = next < end ? await transport.read(from.name, partition, next, 1) : [];
      const lag = first !== undefined && first.offset < end ? end - next : 0;
      return { partition, next, end, lag };
    }),
  );
}
