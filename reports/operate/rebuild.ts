/**
 * Builds another generation of a source's table from its topic, beside the rollup. It uses the same runtime and the same name, so when the
 * generation becomes current, the rollup continues at the positions in it. Only the consumer group differs. It emits nothing: the dead
 * letters of the records it counts are those of the rollup, which judges later records when it takes over the table.
 *
 * Several processes may build it together, as members of one group. Each may stop at any moment and resume: the table has the position.
 */
import { TributaryError } from '../../core/errors.ts';
import { withKinds } from '../../jobs/runtime/retrying.ts';
import type { RunningJob } from '../../jobs/runtime/run-group.ts';
import type { Runtime } from '../../jobs/runtime/stores.ts';
import { type Snapshot, txnOf } from '../../sinks/delta/index.ts';
import type { Objects } from '../../sinks/objects/port.ts';
import { shortId } from '../../topics/log/origin.ts';
import type { Membership, Transport } from '../../topics/log/transport.ts';
import { currentGeneration, tableName } from '../runtime/generations.ts';
import { appIdOf } from '../runtime/positions.ts';
import { runRollup } from '../runtime/run.ts';
import type { RollupSettings } from '../runtime/settings.ts';
import type { SegmentSource } from '../runtime/source.ts';
import { type OpenGeneration, openGeneration, type SegmentTable, type TableStores } from '../runtime/tables.ts';
import { isDropped } from './generations.ts';

/** The consumer group of a generation that is being built. */
export const rebuildGroup = (source: string, generation: number): string => `rebuild:${source}:${generation}`;

export interface RebuildParts {
  readonly source: SegmentSource;
  readonly generation: number;
  readonly stores: TableStores;
  /** Its transport may also include records that the log has lost: see `archived-log.ts`. */
  readonly runtime: Runtime;
  readonly settings: RollupSettings;
}

export interface CatchUpOptions {
  readonly signal: AbortSignal;
  /** Called with the number of offsets yet to be read. */
  readonly progress: (behind: number) => void;
}

const LOOK_MS = 100;

/**
 * Starts or resumes building a generation. Settles when it has everything that the topic had at the call. Throws the reason of the signal,
 * GENERATION_MOVED if the generation is no longer to be built, and fatal errors.
 */
export async function rebuildGeneration(parts: RebuildParts, { signal, progress }: CatchUpOptions): Promise<void> {
  const { source, generation, stores, runtime } = parts;
  const { transport } = runtime.stores;
  const ends = await endsOf(transport, source);
  const open: OpenGeneration = (number) => openGeneration(stores, source, number);
  const table = new MadeTable(stores.objects, source, generation, open);
  const counted = new Map<number, number>();
  for (;;) {
    const { running, stop } = await start(parts, table, counted);
    try {
      for (;;) {
        signal.throwIfAborted();
        const published = await positionsIn(await table.refresh(), source, transport);
        const reached = published.map((next, partition) => Math.max(next, counted.get(partition) ?? 0));
        const behind = await behindOf(reached, source, transport, ends);
        progress(behind);
        if (behind === 0) break;
        await Promise.race([running.finished, runtime.clock.sleep(LOOK_MS, signal)]);
      }
    } finally {
      await stop();
    }
    counted.clear();
    // On stopping, this process published its counts, unless another one took over the partition.
    const published = await positionsIn(await table.refresh(), source, transport);
    if ((await behindOf(published, source, transport, ends)) === 0) return;
  }
}

async function start(
  { source, generation, runtime, settings }: RebuildParts,
  table: SegmentTable,
  counted: Map<number, number>,
): Promise<{ readonly running: RunningJob; readonly stop: () => Promise<void> }> {
  const transport = silentTransport(runtime.stores.transport, rebuildGroup(source.name, generation));
  const silent: Runtime = {
    ...runtime,
    stores: { ...runtime.stores, transport },
    telemetry: {
      tell(event) {
        if (event.kind === 'batch') counted.set(event.partition, event.next);
        // The counts of an ended claim are ignored.
        if (event.kind === 'claimed' || event.kind === 'released') counted.delete(event.partition);
        runtime.telemetry.tell(event);
      },
    },
  };
  const running = await runRollup({ source, table, runtime: silent, settings });
  return { running, stop: () => running.stop() };
}

/** A generation that is being built. */
export class MadeTable implements SegmentTable {
  readonly name: string;
  readonly #generation: number;
  readonly #objects: Objects;
  readonly #prefix: string;
  readonly #openOne: OpenGeneration;
  #opened: ReturnType<OpenGeneration> | undefined;

  constructor(objects: Objects, { prefix }: Pick<SegmentSource, 'prefix'>, generation: number, open: OpenGeneration) {
    this.name = tableName(prefix, generation);
    this.#objects = objects;
    this.#prefix = prefix;
    this.#generation = generation;
    this.#openOne = open;
  }

  async refresh(): Promise<Snapshot> {
    await this.#check();
    const { table } = await this.#open();
    return table.refresh();
  }

  async write(rows: Parameters<SegmentTable['write']>[0]): ReturnType<SegmentTable['write']> {
    const { write } = await this.#open();
    return write(rows);
  }

  async commit(propose: Parameters<SegmentTable['commit']>[0]): ReturnType<SegmentTable['commit']> {
    await this.#check();
    const { table } = await this.#open();
    return table.commit(propose);
  }

  #open(): ReturnType<OpenGeneration> {
    this.#opened ??= this.#openOne(this.#generation).catch((error: unknown) => {
      this.#opened = undefined;
      throw error;
    });
    return this.#opened;
  }

  async #check(): Promise<void> {
    const [{ generation }, isGone] = await Promise.all([
      currentGeneration(this.#objects, this.#prefix),
      isDropped(this.#objects, this.#prefix, this.#generation),
    ]);
    const why = isGone ? 'it was dropped' : generation === this.#generation ? 'it is the current one now' : undefined;
    if (why === undefined) return;
    throw new TributaryError('GENERATION_MOVED', `${this.name} is no longer being made: ${why}`);
  }
}

/** A transport with its own group, whatever the name of the source. It emits nothing but offsets. */
export function silentTransport(transport: Transport, group: string): Transport {
  return {
    ...withKinds(transport, {}),
    produce: async () => [],
    committed: (_group, topic) => transport.committed(group, topic),
    join: async (_group, topic, listener) => {
      const membership: Membership = await transport.join(group, topic, listener);
      return {
        get partitions() {
          return membership.partitions;
        },
        async claim(partition) {
          const claim = await membership.claim(partition);
          return {
            partition: claim.partition,
            shape: claim.shape,
            committed: claim.committed,
            begin: claim.begin,
            fetch: (options) => claim.fetch(options),
            seek: (offset) => claim.seek(offset),
            look: () => claim.look(),
            commit: ({ offset, metadata }) => claim.commit({ records: [], offset, metadata }),
            close: () => claim.close(),
          };
        },
        leave: () => membership.leave(),
      };
    },
  };
}

/** By partition: the offset after the last record. */
async function endsOf(transport: Transport, { from }: Pick<SegmentSource, 'from'>): Promise<number[]> {
  const [info] = await transport.describe([from.name]);
  if (info === undefined) {
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${from.name}; run \`tributary topics apply\``);
  }
  return info.partitions.map(({ end }) => end);
}

/** By partition: the offset up to which the table has counted the topic. */
async function positionsIn(
  snapshot: Snapshot | undefined,
  { name: job, from }: Pick<SegmentSource, 'name' | 'from'>,
  transport: Transport,
): Promise<number[]> {
  const [shape] = await transport.shape([from.name]);
  const topicId = shortId(shape?.id);
  return Array.from({ length: shape?.partitions ?? 0 }, (_, partition) => {
    const appId = appIdOf({ job, topic: from.name, topicId, partition });
    return (snapshot && txnOf(snapshot, appId)) ?? 0;
  });
}

/** The number of offsets between positions and ends, over the partitions that have records in between. */
async function behindOf(
  positions: readonly number[],
  { from }: Pick<SegmentSource, 'from'>,
  transport: Transport,
  ends: readonly number[],
): Promise<number> {
  const [info] = await transport.describe([from.name]);
  const lags = await Promise.all(
    ends.map(async (end, partition) => {
      const next = Math.max(positions[partition] ?? 0, info?.partitions[partition]?.begin ?? 0);
      // Only transaction markers may follow the last record.
      const [first] = next < end ? await transport.read(from.name, partition, next, 1) : [];
      return first !== undefined && first.offset < end ? end - next : 0;
    }),
  );
  return lags.reduce((sum, lag) => sum + lag, 0);
}

/** The number of offsets of the current topic that the table has yet to count. */
export async function behindTopic(
  snapshot: Snapshot | undefined,
  source: Pick<SegmentSource, 'name' | 'from'>,
  transport: Transport,
): Promise<number> {
  const ends = await endsOf(transport, source);
  return behindOf(await positionsIn(snapshot, source, transport), source, transport, ends);
}
