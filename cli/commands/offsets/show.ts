/** `tributary offsets show`: the committed offsets of the jobs, and the metadata committed with them. */

import { workNamed } from '../../../app/platform/names.ts';
import { groupsOf, possibleGroupsOf } from '../../../app/platform/works.ts';
import { type Standing, standingsOf } from '../../../jobs/runtime/offsets/standing.ts';
import type { Work } from '../../../jobs/runtime/work.ts';
import type { Context, Run } from '../../context.ts';
import { type Form, printListing } from '../../output/listing.ts';

interface Args extends Form {
  readonly jobs: readonly string[];
}

export const run: Run<Args> = async (context, { jobs: names, ...form }) => {
  const { wired } = context;
  const possible = possibleGroupsOf(wired.platform);
  const chosen = names.length === 0 ? groupsOf(wired) : [...new Set(names.map((name) => workNamed(name, possible)))];
  const shown = [];
  for (const job of chosen) shown.push(await show(context, job));
  const rows = shown.flatMap(({ job, partitions }) =>
    partitions.map(({ partition, committed, end, lag, furthest, dedupe, notes }) => {
      return [job, partition, committed, end, lag, furthest, dedupe, notes.join(', ')];
    }),
  );
  const head = ['job', 'partition', 'committed', 'end', 'behind', 'furthest', 'dedupe', 'notes'];
  await printListing(context, form, { head, rows, json: shown });
  return undefined;
};

async function show({ wired }: Context, job: Work) {
  const { transport } = wired.stores;
  const { topicId, partitions } = await standingsOf(job, transport);
  const lags = await transport.lag(job.name, job.from.name);
  return {
    job: job.name,
    topic: job.from.name,
    topicId,
    partitions: partitions.map((standing, i) => {
      const { info, committed, progress, isOfAnother } = standing;
      return {
        ...info,
        committed: committed.offset ?? null,
        lag: lags[i]?.lag ?? 0,
        furthest: progress.furthest,
        token: progress.token,
        dedupe: progress.dedupe.size,
        foreign: committed.foreign,
        ofThisTopic: !isOfAnother,
        notes: notesOf(standing, partitions.length),
        // Read again by `offsets seek --to-saved`.
        progress: committed.metadata,
      };
    }),
  };
}

function notesOf({ committed, progress, isOfAnother }: Standing, partitions: number): string[] {
  const notes: string[] = [];
  if (committed.offset === undefined) notes.push('never committed');
  if (committed.foreign) notes.push('committed by another tool');
  if (isOfAnother) notes.push('of a topic that was deleted');
  if (progress.partitions !== 0 && progress.partitions !== partitions) notes.push('expanded by another tool');
  if (progress.within !== undefined) notes.push('within a record that finds many rows');
  return notes;
}
