import type { Topic } from '../../topics/define.ts';

/** What a process runs: a consumer group of one topic, whatever becomes of the records. */
export interface Work {
  /** The name of the group, and the label of metrics and logs. */
  readonly name: string;
  readonly from: Topic;
}
