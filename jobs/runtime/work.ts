import type { Topic } from '../../topics/define.ts';

/** What a process runs: a consumer group of one topic, for rows or for rollups. */
export interface Work {
  /** The name of the group, and the label of metrics and logs. */
  readonly name: string;
  readonly from: Topic;
}
