/** What `topics verify` and `topics apply` do to a real cluster. */
import { running } from '../../servers/running.ts';
import { kafkaTopics } from '../../topics/kafka/topics.ts';
import { kafkaTransport } from '../../topics/kafka/transport.ts';
import { topicsContract } from '../contracts/topics.ts';

const { url } = await running('kafka');

topicsContract('Kafka', async (t) => {
  const topics = kafkaTopics({ url });
  const transport = kafkaTransport({ url, heartbeatMs: 100 });
  t.after(async () => {
    await topics.close();
    await transport.close();
  });
  return { topics, transport };
});
