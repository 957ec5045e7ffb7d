/** What follows from a platform: the targets that its jobs write, and the topics of the log. */
import { forgottenUsers } from '../core/forgotten-users.ts';
import type { IndexDef, TableDef, Target } from '../core/target.ts';
import type { Job } from '../jobs/define.ts';
import { deadLetterTopic, type Topic } from '../topics/define.ts';
import type { Platform } from './define.ts';

/** Everything that reads a topic as a group: a job, or the rollup of a datasource. */
type Work = Pick<Job, 'name' | 'from'>;

/** All targets of the jobs, each once: their rows, then their views. */
export function targetsOf(jobs: readonly Job[]): Target[] {
  return [...new Set([...jobs.map((job) => job.row), ...jobs.flatMap((job) => job.views.map((view) => view.into))])];
}

export const tablesOf = (jobs: readonly Job[]): TableDef[] =>
  targetsOf(jobs).filter((target): target is TableDef => target.kind === 'table');
/** The same, and the table that the runtime keeps beside them. */
export const storedTablesOf = (jobs: readonly Job[]): TableDef[] => [...tablesOf(jobs), forgottenUsers];
export const indexesOf = (jobs: readonly Job[]): IndexDef[] =>
  targetsOf(jobs).filter((target): target is IndexDef => target.kind === 'index');

/** All topics, each followed by its dead letter topic. */
export function topicSpecs(topics: readonly Topic[]) {
  return topics.flatMap(({ name, partitions, retentionMs }) => [
    { name, partitions, retentionMs },
    { name: deadLetterTopic(name), partitions, retentionMs },
  ]);
}

/** The topics, each with the groups that read it. */
export function wantedTopics({ topics }: Pick<Platform, 'topics'>, works: readonly Work[]) {
  return topicSpecs(topics).map((spec) => ({
    ...spec,
    groups: works.filter(({ from }) => from.name === spec.name).map(({ name }) => name),
  }));
}
