/** How a service produces one event: the same in three languages, ready to run. */
import type { Topic } from '../topics/define.ts';

/** The partitioner setting of each client for which records have the same partitions as with the Java client. */
export const PARTITIONERS: readonly (readonly [client: string, partitioner: string])[] = [
  ['Java', 'the default'],
  ['kafkajs', '`Partitioners.DefaultPartitioner`, the default since version 2'],
  [
    'librdkafka: confluent-kafka for Python, Go and .NET, node-rdkafka',
    '`partitioner=murmur2_random`; its default is another one',
  ],
];

/** `event` is its JSON, on one line. */
export function producing(topic: Topic, event: string): string {
  return [
    'TypeScript, with kafkajs. From Node 22 on it prints a `TimeoutNegativeWarning`, which is harmless:',
    block('ts', typescript(topic, event)),
    'Python, with confluent-kafka:',
    block('python', python(topic, event)),
    'Java, with kafka-clients:',
    block('java', java(topic, event)),
  ].join('\n\n');
}

/** `event` is its JSON, on one line. */
export function overHttp({ name }: Topic, event: string): string {
  const curl = `curl -X POST http://127.0.0.1:8080/v1/events/${name} \\
  -H 'content-type: application/cloudevents+json' \\
  -d '${event}'`;
  return [
    'Without a Kafka client, over the HTTP service (`tributary up --serve-port 8080`). The tenant is that of the caller; the answer has the partition and the offset:',
    block('sh', curl),
    'Send up to 1000 events at once as a JSON list, with `application/cloudevents-batch+json`: all are accepted, or none.',
  ].join('\n\n');
}

const block = (language: string, text: string): string => `\`\`\`${language}\n${text}\n\`\`\``;

// On a line of its own in the text below, it would be taken for an import of this file.
const IMPORT = "import { Kafka, Partitioners } from 'kafkajs';";

const typescript = ({ name, key }: Topic, event: string): string => `// npm install kafkajs
${IMPORT}

const brokers = [process.env['BROKERS'] ?? '127.0.0.1:9092'];
// Since version 2 of kafkajs, the default partitioner is that of the Java client.
const producer = new Kafka({ brokers }).producer({ createPartitioner: Partitioners.DefaultPartitioner });

const event = ${event};

await producer.connect();
await producer.send({
  topic: '${name}',
  acks: -1,
  messages: [
    {
      key: event.data.${key},
      value: JSON.stringify(event),
      headers: { 'content-type': 'application/cloudevents+json' },
    },
  ],
});
await producer.disconnect();`;

const python = ({ name, key }: Topic, event: string): string => `# pip install confluent-kafka
import json
import os

from confluent_kafka import Producer

producer = Producer({
    "bootstrap.servers": os.environ.get("BROKERS", "127.0.0.1:9092"),
    # The default of librdkafka is another partitioner than that of the Java client.
    "partitioner": "murmur2_random",
    "acks": "all",
})

event = json.loads("""${event}""")


def delivered(error, message):
    if error is not None:
        raise RuntimeError(f"{event['id']} was not accepted: {error}")


producer.produce(
    "${name}",
    key=event["data"]["${key}"].encode(),
    value=json.dumps(event).encode(),
    headers={"content-type": "application/cloudevents+json"},
    on_delivery=delivered,
)
producer.flush()`;

function java({ name, key }: Topic, event: string): string {
  const keyValue = (JSON.parse(event) as { data: Record<string, unknown> }).data[key];
  return `// Java 17, with org.apache.kafka:kafka-clients on the class path
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

public class Produce {
  public static void main(String[] args) throws Exception {
    // The default partitioner is the right one; set no partitioner.class.
    Map<String, Object> settings =
        Map.of("bootstrap.servers", System.getenv().getOrDefault("BROKERS", "127.0.0.1:9092"), "acks", "all");

    String event =
        """
        ${event}
        """;

    try (var producer = new KafkaProducer<>(settings, new StringSerializer(), new StringSerializer())) {
      var record = new ProducerRecord<>("${name}", "${keyValue}", event);
      record.headers().add("content-type", "application/cloudevents+json".getBytes(StandardCharsets.UTF_8));
      // Waits for the answer, and throws if the record was not accepted.
      producer.send(record).get();
    }
  }
}`;
}
