/** What an operator does or has to repair while everything is stopped; at most once in a history. */
import type { Job } from '../../jobs/define.ts';
import type { Random } from '../../testing/random.ts';
import { jobA, jobB, one, two } from './jobs.ts';
import type { ProtocolStores } from './stores.ts';

const HAPPENINGS = [
  'claims lost',
  'restored',
  'made again',
  'downstream made again',
  'downstream expanded',
  'gone astray',
] as const;
/**
 * `claims lost`: the tables forget all tokens and keep the rows. `restored`: the tables go back to an older copy. `gone astray`: some
 * records are in a wrong partition, and those that were moved to another one may be read again.
 */
export type Happening = (typeof HAPPENINGS)[number] | undefined;

export function randomHappening(random: Random): Happening {
  return random.chance(0.4) ? random.pick(HAPPENINGS) : undefined;
}

/** Copies rows, views and claims, with the current offsets and dedupe positions. Returns a function that restores the copy. */
export async function backup({ transport, tables, cells }: ProtocolStores): Promise<() => Promise<void>> {
  const putBack = cells?.backup();
  const before = await committedOf(transport);
  return async () => {
    if (putBack === undefined) return;
    const newest = await tokensOf(tables, before);
    putBack();
    for (const { job, partition, offset, metadata } of before) {
      if (offset !== undefined) await transport.seek(job.name, job.from.name, { partition, offset, metadata });
      else await transport.seek(job.name, job.from.name, { partition, offset: 0, metadata: '' });
      // Views written after the copy have larger versions than the restored rows.
      await tables.claim(job.name, job.from.name, partition, newest);
    }
  };
}

interface JobPosition {
  readonly job: Job;
  readonly partition: number;
  readonly offset: number | undefined;
  readonly metadata: string;
}

async function committedOf(transport: ProtocolStores['transport']): Promise<JobPosition[]> {
  const positions: JobPosition[] = [];
  for (const job of [jobA, jobB]) {
    const committed = await transport.committed(job.name, job.from.name);
    committed.forEach(({ offset, metadata }, partition) => void positions.push({ job, partition, offset, metadata }));
  }
  return positions;
}

async function tokensOf(tables: ProtocolStores['tables'], positions: readonly JobPosition[]): Promise<number> {
  const tokens = positions.map(({ job, partition }) => tables.token(job.name, job.from.name, partition));
  return Math.max(...(await Promise.all(tokens)));
}

/** Does what `topics apply` does while the jobs that read the topic are stopped and have nothing left to read. */
export async function expandTwo({ transport }: ProtocolStores): Promise<void> {
  const partitions = (await transport.lag(jobB.name, two.name)).length + 1;
  await transport.topics.apply([{ name: two.name, partitions, retentionMs: two.retentionMs, groups: [jobB.name] }]);
}

export async function expandOne(
  { transport }: ProtocolStores,
  partitions: number,
  groups: readonly string[],
): Promise<void> {
  const [found] = await transport.topics.apply([{ name: one.name, partitions, retentionMs: one.retentionMs, groups }]);
  if (found?.action !== 'expand') throw new Error(`topic one was not expanded: ${found?.message}`);
}
