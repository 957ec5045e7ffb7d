/**
 * Makes a generation of a job's rows from the topic, while the job runs: see `silent.ts`. Several processes may do so together, as members
 * of one group. Each may end at any moment; when one starts again, it continues where the group is.
 */
import { TributaryError } from '../../../../core/errors.ts';
import type { Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { lookupsFor, runJob } from '../run.ts';
import { checkRebuildable, groupOf, judgedBy, silentJob, silentRuntime } from './silent.ts';
import { changeGenerations, isArchived, tableOf } from './state.ts';

/** The position of a generation in one partition. */
export interface GenerationPosition {
  readonly partition: number;
  /** The next offset to read. */
  readonly next: number;
  /** The offset up to which it may read. */
  readonly end: number;
  /** The number of offsets in between, some of which may have no record; 0 if there is no record to read. */
  readonly lag: number;
}

export interface CatchUpOptions {
  readonly signal: AbortSignal;
  readonly progress?: (positions: readonly GenerationPosition[]) => void;
  readonly lookMs?: number;
}

export interface RebuildGenerationOptions extends CatchUpOptions {
  /** Continues after the generation has caught up, until another one becomes current. */
  readonly follow?: boolean;
}

export interface Making {
  /**
   * Settles when everything that the job had judged at the time of the call is folded; with `follow`, never. Throws when the signal is
   * aborted, when the generation has become current or was dropped (GENERATION_MOVED), and for fatal errors.
   */
  catchUp(options: RebuildGenerationOptions): Promise<void>;
  stop(): Promise<void>;
}

const LOOK_MS = 200;

/**
 * Returns the generation that is being made, or begins a new one. `fromArchive`: it is made from the archive as well as from the topic.
 * Throws USAGE if the generation so far comes from the topic alone.
 */
export async function openGeneration(
  job: Job,
  { stores }: Pick<Runtime, 'stores'>,
  fromArchive = false,
): Promise<number> {
  const after = await changeGenerations(stores.tables, job.name, (now) => {
    if (now.last > now.current && now.kept.includes(now.last)) return undefined;
    const last = now.last + 1;
    const archived = fromArchive ? { archived: [...(now.archived ?? []), last] } : {};
    return { ...now, ...archived, last, kept: [...now.kept, last] };
  });
  if (fromArchive && !isArchived(after, after.last)) {
    throw new TributaryError(
      'USAGE',
      `generation ${after.last} of ${job.name} is being made from the topic alone, and has already read part of it: drop it first, with \`tributary rebuild ${job.name} --drop ${after.last} --yes\``,
    );
  }
  return after.last;
}

/** Begins or continues to make a generation. `isHolder`: continues while the job is held. */
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
        const upTo = follow ? await judgedBy(transport, job) : ends;
        const positions = await positionsOf(job, generation, transport, { ends: upTo });
        progress?.(positions);
        if (!follow && positions.every(({ lag }) => lag === 0)) return;
        await Promise.race([running.finished, runtime.clock.sleep(lookMs, signal)]);
      }
    },
    stop: () => running.stop(),
  };
}

/** Makes a generation until it has caught up: see `Making`. */
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

/** Whether the topic has lost records that the generation has yet to read. */
export async function hasLostSome({ name, from }: Job, generation: number, transport: Transport): Promise<boolean> {
  const [committed, [info]] = await Promise.all([
    transport.committed(groupOf(name, generation), from.name),
    transport.describe([from.name]),
  ]);
  return committed.some(({ offset = 0 }, partition) => offset < (info?.partitions[partition]?.begin ?? 0));
}

/**
 * How far a generation that is not current has come on its way to `ends`. `isWhole`: it also reads, from the archive, what the topic has
 * lost, so those records count as yet to be read.
 */
export async function positionsOf(
  { name, from }: Job,
  generation: number,
  transport: Transport,
  { ends, isWhole = false }: { readonly ends: readonly number[]; readonly isWhole?: boolean },
): Promise<GenerationPosition[]> {
  const [committed, [info]] = await Promise.all([
    transport.committed(groupOf(name, generation), from.name),
    transport.describe([from.name]),
  ]);
  return Promise.all(
    committed.map(async ({ offset }, partition) => {
      const begin = isWhole ? 0 : (info?.partitions[partition]?.begin ?? 0);
      const next = Math.max(offset ?? begin, begin);
      const end = ends[partition] ?? 0;
      const [first] = next < end ? await transport.read(from.name, partition, next, 1) : [];
      const lag = first !== undefined && first.offset < end ? end - next : 0;
      return { partition, next, end, lag };
    }),
  );
}
