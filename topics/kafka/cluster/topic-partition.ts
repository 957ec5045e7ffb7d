export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The key of the partition in maps. It is unique, because names of topics have no slash. */
export const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}/${partition}`;
