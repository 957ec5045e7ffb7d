/**
 * The runtime that makes another generation of a job's rows while the job itself runs. It is the same runtime, on ports that write rows and
 * nothing else: no events, calls or views. It has its own group and its own line of tokens. It reads no further than the job. So it folds
 * only records that the job has judged and whose events the job has emitted, and leaves out what such records put into outboxes.
 *
 * Rows that were current before may be ahead: their owner had applied records whose commit was refused at the swap. What these records put
 * into outboxes stays there, because the job emits it when it judges them. Timers stay, too: the job fires them once this generation is
 * current.
 */
import { TributaryError } from '../../../../core/errors.ts';
import type { RowWrite, Tables } from '../../../../sinks/tables/port.ts';
import { shortId } from '../../../../topics/log/origin.ts';
import { parseProgress } from '../../../../topics/log/progress.ts';
import type { Claim, Membership, Transport } from '../../../../topics/log/transport.ts';
import type { Job } from '../../../define.ts';
import { withKinds } from '../../retrying.ts';
import type { Clock, Runtime } from '../../stores.ts';
import { formatOutbox, type HasLeft, parseOutbox } from '../outbox.ts';
import { atGeneration, formatGenerations, type Generations, generationsOf, movedOn } from './state.ts';

/** Names the consumer group and line of tokens of a generation that is not current. */
export const groupOf = (job: string, generation: number): string => `rebuild:${job}:${generation}`;

export const silentJob = (job: Job, generation: number): Job => ({ ...atGeneration(job, generation), views: [] });

/** `isHolder`: the job is held for this generation, which therefore continues meanwhile. */
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
  let judged: Judged = { topicId: '', ends: [] };
  const ends = async (): Promise<readonly number[]> => {
    judged = await judgedOf(transport, job);
    // Checked after the read: if this generation has become current, it must not read as far as the job has come since.
    await check();
    return judged.ends;
  };
  // The job may have come further since the last fetch. Entries that stay too long do no harm: the job has passed them.
  const toEmit = ({ outbox, key }: RowWrite): string => {
    const isEmitted: HasLeft = (partition, offset) => offset < (judged.ends[partition] ?? 0);
    return formatOutbox(parseOutbox(outbox, judged.topicId, key[0] as string, isEmitted), judged.topicId);
  };
  return {
    ...runtime,
    pipelineTopic: undefined,
    stores: {
      ...stores,
      tables: silentTables(tables, group, toEmit, async () => {
        const now = await check();
        return { current: generation, state: formatGenerations({ ...now, current: generation, swap: undefined }) };
      }),
      transport: silentTransport(transport, group, clock, ends),
      channels: {},
    },
  };
}

/** By partition: the offset up to which the job has judged all records and emitted what follows from them. */
export async function judgedBy(transport: Transport, job: Job): Promise<readonly number[]> {
  return (await judgedOf(transport, job)).ends;
}

interface Judged {
  /** As made by `shortId`. */
  readonly topicId: string;
  readonly ends: readonly number[];
}

async function judgedOf(transport: Transport, { name, from }: Job): Promise<Judged> {
  const [[shape], committed] = await Promise.all([transport.shape([from.name]), transport.committed(name, from.name)]);
  const topicId = shortId(shape?.id);
  const ends = committed.map(({ offset, metadata }) => {
    if (offset === undefined) return 0;
    const progress = parseProgress(metadata, offset);
    // If the topic was deleted and made again, the job has read nothing of the new one yet.
    return progress.topicId !== '' && progress.topicId !== topicId ? 0 : progress.furthest;
  });
  return { topicId, ends };
}

/** `toEmit` returns the outbox with which a row is written. */
function silentTables(
  tables: Tables,
  group: string,
  toEmit: (row: RowWrite) => string,
  generations: Tables['generations'],
): Tables {
  return {
    ...withKinds(tables, {}),
    generations,
    claim: (_job, topic, partition, above) => tables.claim(group, topic, partition, above),
    token: (_job, topic, partition) => tables.token(group, topic, partition),
    due: async () => [],
    write: (table, rows) =>
      tables.write(
        table,
        rows.map((row) => ({ ...row, outbox: toEmit(row) })),
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
      // Between the last record and the end there may be transaction markers.
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

/** Throws if the topic was expanded since the job began. */
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
    `${from.name} was expanded since ${name} began: older records may lie in partitions that no longer belong to their keys, so the rows of ${name} cannot be made from the topic`,
  );
}
