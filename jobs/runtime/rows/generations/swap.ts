/**
 * Makes another generation of a job's rows the current one, while the job runs. The other generation must have folded all records that the
 * job has judged, and no others. So for a moment the job's partitions have no owner:
 *
 * 1. The other generation catches up as far as it can, while the job goes on.
 * 2. *Held.* The tables store that a swap has begun; then every owner is fenced. New claims read it and wait. The job judges nothing more.
 * 3. The other generation folds the rest, up to where the job has judged.
 * 4. In each partition the job's token is raised above all tokens of both generations. The job's offset becomes the one up to which it has
 *    judged, with the dedupe positions of both. The old generation keeps its position, so that it can catch up and become current again.
 * 5. The tables store that the other generation is current. Owners claim, and continue with its rows.
 * 6. *Views.* Views are written from its rows, at versions above all earlier ones. Records that only the old rows showed are removed.
 *
 * If the process dies, the operator runs the same command again: each step may be repeated.
 */
import { TributaryError } from '../../../../core/errors.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import { formatProgress, nothing, type Progress, parseProgress } from '../../../../topics/log/progress.ts';
import type { Committed, TopicShape, Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { checkForgotten } from './forgotten-rows.ts';
import { type Making, makeGeneration } from './rebuild.ts';
import { groupOf } from './silent.ts';
import { changeGenerations, type Generations, generationsOf, type Swap } from './state.ts';
import { isCallUnderWay } from './under-way.ts';
import { showGeneration } from './views.ts';

export interface SwapOptions {
  readonly signal: AbortSignal;
  /** Reports the step that begins. For steps that take time, `of` is their progress. */
  readonly step: (what: 'catches up' | 'held' | 'current' | 'views', of?: string) => void;
  /** Reports a record of a view that may be outdated, because it could not be made again. */
  readonly failed: (view: string, key: string, why: string) => void;
  readonly waiting: (error: TributaryError, delayMs: number) => void;
}

/** How often to try to hold the job. Holding fails while a record or call is only half done. */
const TRIES = 20;
const TRY_AGAIN_MS = 500;

/** Throws USAGE if a swap is not possible, and `retry` errors. The job then goes on as before, or is held until the swap is repeated. */
export async function swapGeneration(job: Job, to: number, runtime: Runtime, options: SwapOptions): Promise<void> {
  const { tables } = runtime.stores;
  let now = await generationsOf(tables, job.name);
  checkSwap(job, now, to);
  if (now.current !== to) {
    // It joins its group once, before the job is held, because joining takes seconds on a server.
    const making = await makeGeneration(job, to, runtime, true);
    try {
      options.step('catches up');
      await making.catchUp({ ...options, progress: reportLag(options) });
      await checkForgotten(job, to, runtime, options);
      for (let tries = 1; now.current !== to; tries += 1)
        now = await tryToSwap({ job, to, runtime, making }, options, tries);
    } finally {
      await making.stop();
    }
  }
  if (now.swap === undefined) return;
  options.step('views');
  await showGeneration(job, now.swap, runtime, {
    ...options,
    progress: (rows) => options.step('views', `${rows} rows`),
  });
  await changeGenerations(tables, job.name, (last) =>
    isOf(last, to, 'views') ? { ...last, swap: undefined } : undefined,
  );
}

function checkSwap({ name }: Job, { current, kept, swap }: Generations, to: number): void {
  if (!kept.includes(to)) throw usage(`${name} has no generation ${to}; it has ${kept.join(', ')}`);
  if (swap !== undefined && swap.to !== to) {
    const flag = swap.to > swap.from ? '--swap' : '--back';
    throw usage(
      `generation ${swap.to} of ${name} is being made current; finish that first, with \`tributary rebuild ${name} ${flag} --yes\``,
    );
  }
  if (current === to && swap === undefined) throw usage(`generation ${to} of ${name} is the current one already`);
}

const reportLag =
  ({ step }: SwapOptions) =>
  (positions: readonly { readonly lag: number }[]): void =>
    step('catches up', `${positions.reduce((sum, { lag }) => sum + lag, 0)} behind`);

/** Returns the state afterwards. It is unchanged if the job was in the middle of a record or a call. */
async function tryToSwap(
  { job, to, runtime, making }: { job: Job; to: number; runtime: Runtime; making: Making },
  options: SwapOptions,
  tries: number,
): Promise<Generations> {
  const { tables } = runtime.stores;
  const swap = (now: Generations): Swap => ({ from: now.current, to, stage: 'held', token: 0 });
  const held = await changeGenerations(tables, job.name, (now) => {
    checkSwap(job, now, to);
    return now.swap === undefined ? { ...now, swap: swap(now) } : undefined;
  });
  if (held.swap?.stage !== 'held') return held;
  options.step('held');
  try {
    const positions = await fence(job, runtime);
    const why = await whyNotNow(job, held.swap, runtime, positions);
    if (why !== undefined) {
      await letGo(job, to, runtime);
      if (tries === TRIES) throw usage(`${job.name} ${why}; is it running? Swap when that is done`);
      await runtime.clock.sleep(TRY_AGAIN_MS, options.signal);
      return held;
    }
    const upTo = positions.map(({ progress }) => progress.furthest);
    await checkOrder(job, to, runtime.stores.transport, upTo);
    await making.catchUp({ ...options, progress: reportLag(options) });
    await making.stop();
    const token = await move(job, held.swap, runtime, positions);
    const after = await changeGenerations(tables, job.name, (now) =>
      isOf(now, to, 'held')
        ? { ...now, current: to, swap: { ...(now.swap as Swap), stage: 'views', token } }
        : undefined,
    );
    options.step('current');
    return after;
  } catch (error) {
    // Nothing done so far affects the generation that is still current.
    await letGo(job, to, runtime);
    throw error;
  }
}

/** Work that owners have to finish before the swap, with the rows with which they began it. */
async function whyNotNow(
  job: Job,
  { from }: Swap,
  runtime: Runtime,
  positions: readonly JobPosition[],
): Promise<string | undefined> {
  if (positions.some(({ progress }) => progress.within !== undefined)) {
    return 'is in the middle of a record that touches many rows';
  }
  for (const { partition, progress } of positions) {
    if (await isCallUnderWay(job, from, runtime, { partition, next: progress.furthest })) return 'is calling a channel';
  }
  return undefined;
}

const isOf = ({ swap }: Generations, to: number, stage: Swap['stage']): boolean =>
  swap?.to === to && swap.stage === stage;

async function letGo(job: Job, to: number, { stores }: Runtime): Promise<void> {
  await changeGenerations(stores.tables, job.name, (now) =>
    isOf(now, to, 'held') ? { ...now, swap: undefined } : undefined,
  );
}

/** The job's position in a partition that has no owner. */
interface JobPosition {
  readonly partition: number;
  readonly offset: number;
  readonly progress: Progress;
}

/** Ends all claims of the job. Other processes that make the other generation end on their own. */
async function fence({ name, from }: Job, { stores }: Runtime): Promise<JobPosition[]> {
  const { transport } = stores;
  const [shape] = await transport.shape([from.name]);
  const [info] = await transport.describe([from.name]);
  if (shape === undefined || info === undefined)
    throw new TributaryError('TOPIC_MISSING', `there is no topic ${from.name}`);
  const before = await transport.committed(name, from.name);
  for (const { partition, begin } of info.partitions) {
    const { offset, foreign } = before[partition] as Committed;
    if (foreign) {
      throw usage(
        `another tool has moved ${name} to offset ${offset} of partition ${partition}; let the job run first, so that it commits a position of its own`,
      );
    }
    if (offset !== undefined) await transport.seek(name, from.name, { partition, offset });
    else
      await transport.seek(name, from.name, {
        partition,
        offset: begin,
        metadata: formatProgress(unread(shape), begin),
      });
  }
  const committed = await transport.committed(name, from.name);
  return committed.map(({ offset = 0, metadata }, partition) => ({
    partition,
    offset,
    progress: parseProgress(metadata, offset),
  }));
}

const unread = ({ id, partitions }: TopicShape): Progress => ({
  ...nothing(),
  topicId: shortId(id),
  partitions,
  base: partitions,
});

/** Throws if the other generation has read records that the job has not judged. */
async function checkOrder(
  { name, from }: Job,
  to: number,
  transport: Transport,
  upTo: readonly number[],
): Promise<void> {
  const committed = await transport.committed(groupOf(name, to), from.name);
  for (const [partition, { offset }] of committed.entries()) {
    const end = upTo[partition] ?? 0;
    if (offset === undefined || offset <= end) continue;
    const [first] = await transport.read(from.name, partition, end, 1);
    if (first === undefined || first.offset >= offset) continue;
    throw usage(
      `generation ${to} of ${name} has read partition ${partition} up to offset ${offset}, and the job has since been moved back to ${end}; drop the generation and rebuild it`,
    );
  }
}

/**
 * Returns a token above all earlier ones, and below those of all owners to come. It is committed in every partition, so a claim that took a
 * smaller token meanwhile has to be repeated.
 */
async function move(
  job: Job,
  { from, to }: Swap,
  { stores }: Runtime,
  positions: readonly JobPosition[],
): Promise<number> {
  const { transport, tables } = stores;
  const { name } = job;
  const topic = job.from.name;
  const [shape] = await transport.shape([topic]);
  const others = await transport.committed(groupOf(name, to), topic);
  const read = others.map(({ offset, metadata }) =>
    offset === undefined ? nothing() : parseProgress(metadata, offset),
  );
  const claimed = await Promise.all(
    positions.flatMap(({ partition }) =>
      [name, groupOf(name, to), groupOf(name, from)].map((group) => tables.token(group, topic, partition)),
    ),
  );
  const above = Math.max(
    ...claimed,
    ...positions.map(({ progress }) => progress.token),
    ...read.map(({ token }) => token),
  );
  let token = above;
  for (const { partition } of positions) token = await tables.claim(name, topic, partition, token);
  for (const { partition, offset, progress } of positions) {
    const { furthest } = progress;
    const dedupe = progress.dedupe.copy();
    dedupe.merge((read[partition] as Progress).dedupe);
    const partitions = progress.partitions || (shape?.partitions ?? 0);
    const common = { ...progress, topicId: progress.topicId || shortId(shape?.id), partitions };
    // The old generation first, because the job's own position is overwritten next.
    const kept = { ...common, token: above, behind: new Map(), within: undefined };
    await transport.seek(groupOf(name, from), topic, { partition, offset, metadata: formatProgress(kept, offset) });
    const base = progress.base || partitions;
    const moved = { ...common, furthest, token, base, dedupe, within: undefined };
    await transport.seek(name, topic, { partition, offset: furthest, metadata: formatProgress(moved, furthest) });
  }
  return token;
}

const usage = (message: string): TributaryError => new TributaryError('USAGE', message);
