/**
 * Makes another generation of a job's rows the current one, while the job runs. The other one has to know all that the job has judged, and must
 * learn nothing that the job has not; so for a moment nobody owns the job's partitions:
 *
 * 1. It catches up as far as it can, while the job goes on.
 * 2. *Held.* The tables say that a swap goes on, and then every owner is fenced. Who claims reads it, and waits. What the job has judged stands still.
 * 3. It folds the rest, up to there.
 * 4. In each partition the job's token is raised above all of both generations, and the job's offset becomes the place up to where it has judged,
 *    with the dedupe positions of both. The position of the old generation is kept, so that it can catch up and become current again.
 * 5. The tables say that it is current. Owners claim, and go on with its rows.
 * 6. *Views.* What the views show is written of its rows, above every version of before; what only the old ones showed is removed.
 *
 * Whoever dies in between is replaced by the same command, given again: each step may be done twice.
 */
import { TributaryError } from '../../../../core/errors.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import { formatProgress, nothing, type Progress, parseProgress } from '../../../../topics/log/progress.ts';
import type { Committed, TopicShape, Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import type { Runtime } from '../../stores.ts';
import { type Making, makeGeneration } from './rebuild.ts';
import { groupOf } from './silent.ts';
import { changeGenerations, type Generations, generationsOf, type Swap } from './state.ts';
import { isCallUnderWay } from './under-way.ts';
import { showGeneration } from './views.ts';

export interface SwapOptions {
  readonly signal: AbortSignal;
  /** What it does now; `of` says how far, where it takes time. */
  readonly step: (what: 'catches up' | 'held' | 'current' | 'views', of?: string) => void;
  /** A record that may be in a view as before, since nobody can tell what it is made of. */
  readonly failed: (view: string, key: string, why: string) => void;
  readonly waiting: (error: TributaryError, delayMs: number) => void;
}

/** In the middle of some things the job cannot be held. So often it is tried again. */
const TRIES = 20;
const TRY_AGAIN_MS = 500;

/** Throws USAGE where it cannot be done, and whatever is away; the job goes on as before then, or is held until this is done again. */
export async function swapGeneration(job: Job, to: number, runtime: Runtime, options: SwapOptions): Promise<void> {
  const { tables } = runtime.stores;
  let now = await generationsOf(tables, job.name);
  checkSwap(job, now, to);
  if (now.current !== to) {
    // Once for all: to join a group takes a server seconds, and the job is held no longer than it must be.
    const making = await makeGeneration(job, to, runtime, true);
    try {
      options.step('catches up');
      await making.catchUp({ ...options, progress: said(options) });
      for (let tries = 1; now.current !== to; tries += 1)
        now = await tryToSwap(job, to, runtime, making, options, tries);
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

const said =
  ({ step }: SwapOptions) =>
  (positions: readonly { readonly lag: number }[]): void =>
    step('catches up', `${positions.reduce((sum, { lag }) => sum + lag, 0)} behind`);

/** Answers how it is after it: as before, where the job was in the middle of a record. */
async function tryToSwap(
  job: Job,
  to: number,
  runtime: Runtime,
  making: Making,
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
    const places = await fence(job, runtime);
    const why = await whyNotNow(job, held.swap, runtime, places);
    if (why !== undefined) {
      await letGo(job, to, runtime);
      if (tries === TRIES) throw usage(`${job.name} ${why}; is it running? Swap when that is done`);
      await runtime.clock.sleep(TRY_AGAIN_MS, options.signal);
      return held;
    }
    const upTo = places.map(({ progress }) => progress.furthest);
    await checkOrder(job, to, runtime.stores.transport, upTo);
    await making.catchUp({ ...options, progress: said(options) });
    await making.stop();
    const token = await move(job, held.swap, runtime, places);
    const after = await changeGenerations(tables, job.name, (now) =>
      isOf(now, to, 'held')
        ? { ...now, current: to, swap: { ...(now.swap as Swap), stage: 'views', token } }
        : undefined,
    );
    options.step('current');
    return after;
  } catch (error) {
    // Whatever was done of it does no harm to the generation that is current still.
    await letGo(job, to, runtime);
    throw error;
  }
}

/** What the owners have to finish with the rows that they began it with. */
async function whyNotNow(
  job: Job,
  { from }: Swap,
  runtime: Runtime,
  places: readonly JobPosition[],
): Promise<string | undefined> {
  if (places.some(({ progress }) => progress.within !== undefined)) {
    return 'is in the middle of a record that touches many rows';
  }
  for (const { partition, progress } of places) {
    if (await isCallUnderWay(job, from, runtime, partition, progress.furthest)) return 'is calling a channel';
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

/** Where the job is in a partition, while nobody owns it. */
interface JobPosition {
  readonly partition: number;
  readonly offset: number;
  readonly progress: Progress;
}

/** Ends the claims of the job. Whoever else makes the other generation ends by itself. */
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
        `another tool has put ${name} at offset ${offset} of partition ${partition}; let the job run before, so that it knows where it is`,
      );
    }
    if (offset !== undefined) await transport.seek(name, from.name, partition, offset);
    else await transport.seek(name, from.name, partition, begin, formatProgress(unread(shape), begin));
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

/** What the other generation knows must be no more than the job has judged. */
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
      `generation ${to} of ${name} has read partition ${partition} up to offset ${offset}, and the job was moved back to ${end} since; drop the generation, and make it anew`,
    );
  }
}

/** Answers a token that is above all of before and below all of later. */
async function move(
  job: Job,
  { from, to }: Swap,
  { stores }: Runtime,
  places: readonly JobPosition[],
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
    places.flatMap(({ partition }) =>
      [name, groupOf(name, to), groupOf(name, from)].map((group) => tables.token(group, topic, partition)),
    ),
  );
  const above = Math.max(
    ...claimed,
    ...places.map(({ progress }) => progress.token),
    ...read.map(({ token }) => token),
  );
  let token = above;
  for (const { partition, offset, progress } of places) {
    token = await tables.claim(name, topic, partition, token);
    const { furthest } = progress;
    const dedupe = progress.dedupe.copy();
    dedupe.merge((read[partition] as Progress).dedupe);
    const partitions = progress.partitions || (shape?.partitions ?? 0);
    const common = { ...progress, topicId: progress.topicId || shortId(shape?.id), partitions };
    // First the old generation: the job's own position is overwritten.
    const kept = { ...common, token: above, behind: new Map(), within: undefined };
    await transport.seek(groupOf(name, from), topic, partition, offset, formatProgress(kept, offset));
    const base = progress.base || partitions;
    const moved = { ...common, furthest, token, base, dedupe, within: undefined };
    await transport.seek(name, topic, partition, furthest, formatProgress(moved, furthest));
  }
  return token;
}

const usage = (message: string): TributaryError => new TributaryError('USAGE', message);
