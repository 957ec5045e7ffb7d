/**
 * The runtime of a job that makes another generation of its rows beside the job itself, and is heard by nobody: the same runtime, on ports by
 * which nothing leaves but rows. It has a group and a line of tokens of its own, reads no further than the job has, and so folds only what
 * the job has judged, and said what there was to be said of. Its rows have nothing to say therefore; what they wait for they keep, and
 * its timers are fired by the job, once this generation is its own.
 */
import { TributaryError } from '../../../../core/errors.ts';
import type { Tables } from '../../../../sinks/tables/port.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import { parseProgress } from '../../../../topics/log/progress.ts';
import type { Claim, Membership, Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import { withKinds } from '../../retrying.ts';
import type { Clock, Runtime } from '../../stores.ts';
import { atGeneration, formatGenerations, type Generations, generationsOf, movedOn } from './state.ts';

/** Consumer group and line of tokens of a generation that is not current. */
export const groupOf = (job: string, generation: number): string => `rebuild:${job}:${generation}`;

export const silentJob = (job: Job, generation: number): Job => ({ ...atGeneration(job, generation), views: [] });

/** `isHolder`: whether it goes on while the job is held, which is what the job is held for. */
export function silentRuntime(runtime: Runtime, job: Job, generation: number, isHolder: boolean): Runtime {
  const { stores, clock } = runtime;
  const { tables, transport } = stores;
  const group = groupOf(job.name, generation);
  const check = async (): Promise<Generations> => {
    const now = await generationsOf(tables, job.name);
    const { current, kept, swap } = now;
    if (!kept.includes(generation)) throw movedOn(job.name, generation, 'it was dropped');
    if (current === generation) throw movedOn(job.name, generation, 'it is current, and the job works on it');
    if (swap?.stage === 'held' && !isHolder) throw movedOn(job.name, generation, `${swap.to} becomes current`);
    return now;
  };
  const ends = async (): Promise<readonly number[]> => {
    const judged = await judgedBy(transport, job);
    // Only now: how far the job has come since this generation is its own must not be known here.
    await check();
    return judged;
  };
  return {
    ...runtime,
    stores: {
      ...stores,
      tables: silentTables(tables, group, async () => {
        const now = await check();
        return { current: generation, state: formatGenerations({ ...now, current: generation, swap: undefined }) };
      }),
      transport: silentTransport(transport, group, clock, ends),
      channels: {},
    },
  };
}

/** By partition: the offset up to which the job has judged everything, and said what there was to be said. */
export async function judgedBy(transport: Transport, { name, from }: Job): Promise<number[]> {
  const [[shape], committed] = await Promise.all([transport.shape([from.name]), transport.committed(name, from.name)]);
  return committed.map(({ offset, metadata }) => {
    if (offset === undefined) return 0;
    const { topicId, furthest } = parseProgress(metadata, offset);
    // Of a topic that was made again since, the job has read nothing yet.
    return topicId !== '' && topicId !== shortId(shape?.id) ? 0 : furthest;
  });
}

function silentTables(tables: Tables, group: string, generations: Tables['generations']): Tables {
  return {
    ...withKinds(tables, {}),
    generations,
    claim: (_job, topic, partition, above) => tables.claim(group, topic, partition, above),
    token: (_job, topic, partition) => tables.token(group, topic, partition),
    due: async () => [],
    write: (table, rows) =>
      tables.write(
        table,
        rows.map((row) => ({ ...row, outbox: '' })),
      ),
  };
}

type Ends = () => Promise<readonly number[]>;

function silentTransport(transport: Transport, group: string, clock: Clock, ends: Ends): Transport {
  return {
    ...withKinds(transport, {}),
    produce: async () => [],
    committed: (_group, topic) => transport.committed(group, topic),
    join: async (_group, topic, listener) =>
      silentMembership(await transport.join(group, topic, listener), clock, ends),
  };
}

function silentMembership(membership: Membership, clock: Clock, ends: Ends): Membership {
  return {
    get partitions() {
      return membership.partitions;
    },
    claim: async (partition) => silentClaim(await membership.claim(partition), clock, ends),
    leave: () => membership.leave(),
  };
}

const NEVER = new AbortController().signal;

function silentClaim(claim: Claim, clock: Clock, ends: Ends): Claim {
  let next = Math.max(claim.committed.offset ?? claim.begin, claim.begin);
  let end = 0;
  return {
    partition: claim.partition,
    shape: claim.shape,
    committed: claim.committed,
    begin: claim.begin,
    async fetch(options) {
      if (next >= end) end = (await ends())[claim.partition] ?? 0;
      if (next >= end) {
        await clock.sleep(options.waitMs, options.signal ?? NEVER);
        return { records: [], end: next };
      }
      const fetched = await claim.fetch(options);
      const records = fetched.records.filter(({ offset }) => offset < end);
      const beyond = fetched.records[records.length];
      if (beyond !== undefined) claim.seek(beyond.offset);
      const last = records.at(-1);
      if (last !== undefined && beyond === undefined) next = last.offset + 1;
      // Between the last record and the end there may be markers of transactions.
      else if (options.signal?.aborted !== true) next = end;
      return { records, end: Math.max(end, next) };
    },
    seek(offset) {
      next = offset;
      claim.seek(offset);
    },
    look: async () => {},
    commit: ({ offset, metadata }) => claim.commit({ records: [], offset, metadata }),
    close: () => claim.close(),
  };
}

/** Throws where the partitions that a topic had when the job began are not those of today. */
export async function checkRebuildable(transport: Transport, { name, from }: Job): Promise<void> {
  const [shape] = await transport.shape([from.name]);
  const committed = await transport.committed(name, from.name);
  const isExpanded = committed.some(({ offset, metadata }) => {
    if (offset === undefined || shape === undefined) return false;
    const { base, partitions } = parseProgress(metadata, offset);
    return [base, partitions].some((count) => count !== 0 && count < shape.partitions);
  });
  if (!isExpanded) return;
  throw new TributaryError(
    'USAGE',
    `${from.name} was expanded since ${name} began: records of before lie where no owner of today finds them, so the rows of ${name} cannot be made from the topic`,
  );
}
