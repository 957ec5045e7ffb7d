/**
 * The time of reading and decoding alone: kafkajs's own consumer reads this many records of `enrollment.events`, and avsc decodes each.
 * Nothing is done with them. Prints one JSON line.
 */
import { randomUUID } from 'node:crypto';
import avro from 'avsc';
import { Kafka, logLevel } from 'kafkajs';
import { WIRE_HEADER } from '../../topics/codec/wire.ts';
import { enrollmentEvents } from '../../topics/index.ts';

const [url = '', count = '0'] = process.argv.slice(2);
const types = new Map(
  enrollmentEvents.events.map(({ type, schema }) => [
    type as string,
    avro.Type.forSchema(schema as unknown as avro.Schema),
  ]),
);
const kafka = new Kafka({ brokers: url.slice('kafka://'.length).split(','), logLevel: logLevel.NOTHING });
const consumer = kafka.consumer({ groupId: `bench-${randomUUID()}`, maxBytesPerPartition: 1024 * 1024 });
await consumer.connect();
await consumer.subscribe({ topic: enrollmentEvents.name, fromBeginning: true });
const done = Promise.withResolvers<void>();
let records = 0;
let startedAt = 0;
let cpu = process.cpuUsage();
await consumer.run({
  partitionsConsumedConcurrently: enrollmentEvents.partitions,
  eachBatch: async ({ batch: { messages } }) => {
    if (startedAt === 0) {
      startedAt = performance.now();
      cpu = process.cpuUsage();
    }
    for (const { value, headers } of messages) {
      types.get(String(headers?.['ce_type']))?.fromBuffer((value as Buffer).subarray(WIRE_HEADER));
    }
    records += messages.length;
    if (records >= Number(count)) done.resolve();
  },
});
await done.promise;
const seconds = (performance.now() - startedAt) / 1000;
const { user, system } = process.cpuUsage(cpu);
await consumer.disconnect();
process.stdout.write(
  `${JSON.stringify({ rate: records / seconds, records, seconds, cpuSeconds: (user + system) / 1e6 })}\n`,
);
