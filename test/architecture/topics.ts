/** Topics, the log, and its implementations. */
import { LOG, type Rule } from './rule.ts';

/** The folders of the Kafka transport, and the folders that each may import. */
const KAFKA: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  cluster: ['wire'],
  fetch: ['wire', 'cluster'],
  produce: ['wire', 'cluster'],
  group: ['wire', 'cluster', 'fetch', 'produce'],
  admin: ['wire', 'cluster', 'fetch', 'produce', 'group'],
};
export const TOPICS: readonly Rule[] = [
  {
    files: ['topics/codec/avro-types.ts', 'topics/codec/bounds.ts'],
    ours: ['core/*', 'topics/define.ts', 'topics/codec/*', 'topics/log/*'],
    libraries: ['avsc'],
    why: 'the two files that know the Avro library',
  },
  { files: ['topics/define.ts'], ours: ['core/*'], libraries: [], why: 'what a topic is, whatever topics there are' },
  {
    files: ['topics/index.ts'],
    ours: ['core/*', 'schemas/*', 'topics/define.ts'],
    libraries: [],
    why: 'a list of topics',
  },
  {
    files: ['topics/codec/**', 'topics/log/**'],
    ours: ['core/*', 'topics/define.ts', 'topics/codec/*', 'topics/log/*'],
    libraries: [],
    why: 'ports and formats know no implementation, and no topic by name',
  },
  {
    files: ['topics/tracing/**'],
    ours: ['topics/log/transport.ts', 'topics/tracing/*'],
    libraries: ['@opentelemetry/api'],
    why: 'the spans that there are, whatever makes them',
  },
  {
    files: ['topics/export/**'],
    ours: ['core/*', 'topics/define.ts', 'topics/export/*'],
    libraries: [],
    why: 'documents that are made from declarations, whatever topics there are',
  },
  {
    files: ['topics/embedded/**'],
    ours: ['core/*', ...LOG, 'topics/embedded/**', 'embedded/**'],
    libraries: ['node:*'],
    why: 'an implementation knows its port and its client',
  },
  {
    files: ['topics/confluent/**'],
    ours: ['core/*', ...LOG, 'network/*', '{folder}/*'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'an implementation knows its port and its client',
  },
  {
    files: ['topics/kafka/wire/kafkajs.ts', 'topics/kafka/wire/kafkajs-types.d.ts'],
    ours: ['topics/kafka/wire/{errors,security}.ts'],
    libraries: ['node:net', 'node:tls', 'kafkajs/*'],
    why: 'the one place that knows kafkajs',
  },
  {
    files: ['topics/kafka/wire/calls/**'],
    ours: ['topics/kafka/wire/{call,batch-reader}.ts', '{folder}/*'],
    libraries: [],
    why: 'a call is bytes out and bytes in',
  },
  ...Object.entries(KAFKA).map(([folder, uses]) => ({
    files: [`topics/kafka/${folder}/**`],
    ours: [
      'core/*',
      'topics/log/*',
      ...(folder === 'cluster' ? ['network/*'] : []),
      ...[folder, ...uses].map((each) => `topics/kafka/${each}/**`),
    ],
    libraries: ['node:*', '!node:sqlite', ...(folder === 'wire' ? ['@platformatic/wasm-utils'] : [])],
    why: 'from the wire upwards: bytes, the cluster, records in and out, groups, administration',
  })),
  {
    files: ['topics/kafka/*'],
    ours: ['core/*', 'topics/log/*', 'topics/kafka/**', '!topics/kafka/admin/**'],
    libraries: ['node:*', '!node:sqlite'],
    why: 'an implementation knows its port and its client',
  },
];
