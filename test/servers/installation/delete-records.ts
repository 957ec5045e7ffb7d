/** Deletes all records of a topic in Kafka, as its retention does. */
import kafkajs from 'kafkajs';
import type { Transport } from '../../../topics/log/transport.ts';

/** `topic` is the name on the server, `name` the name that the transport uses. */
export async function deleteRecords(
  url: string,
  topic: string,
  transport: Pick<Transport, 'describe'>,
  name: string,
): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [new URL(url).host], logLevel: kafkajs.logLevel.NOTHING }).admin();
  await admin.connect();
  const [info] = await transport.describe([name]);
  const partitions = (info?.partitions ?? []).map(({ partition, end }) => ({ partition, offset: String(end) }));
  await admin.fetchTopicMetadata({ topics: [topic] });
  await admin.deleteTopicRecords({ topic, partitions });
  await admin.disconnect();
}
