/** Returns the number of partitions of a topic. */
export type PartitionCount = (topic: string) => number;

/** A partition of a topic that a job works on in this process. */
export interface Assignment {
  readonly job: string;
  readonly topic: string;
  readonly partition: number;
}
