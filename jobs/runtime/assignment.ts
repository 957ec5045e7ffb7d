/** How many partitions a topic has. */
export type PartitionCount = (topic: string) => number;

/** Which partition of which topic a job works on. */
export interface Assignment {
  readonly job: string;
  readonly topic: string;
  readonly partition: number;
}
