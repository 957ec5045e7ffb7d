export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** Names the partition in maps. No name of a topic has a slash. */
export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
