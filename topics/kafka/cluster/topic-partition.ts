/** One partition of a topic, as a key of maps. */
export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
