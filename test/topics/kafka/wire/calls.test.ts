/** Requests and responses that kafkajs has, too, in its highest version of each: byte for byte what it writes and reads. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import protocol from 'kafkajs/src/protocol/requests/index.js';
import { ByteReader, ByteWriter } from '../../../../topics/kafka/wire/bytes.ts';
import type { Call } from '../../../../topics/kafka/wire/call.ts';
import { apiVersions } from '../../../../topics/kafka/wire/calls/api-versions.ts';
import {
  describeGroups,
  heartbeat,
  joinGroup,
  leaveGroup,
  syncGroup,
} from '../../../../topics/kafka/wire/calls/group.ts';
import { EARLIEST, listOffsets } from '../../../../topics/kafka/wire/calls/offsets.ts';
import { createPartitions, createTopics, describeConfigs, TOPIC } from '../../../../topics/kafka/wire/calls/topics.ts';
import {
  addOffsetsToTxn,
  addPartitionsToTxn,
  endTxn,
  initProducerId,
  txnOffsetCommit,
} from '../../../../topics/kafka/wire/calls/transactions.ts';

const THROTTLE = 7;
const PRODUCER = { transactionalId: 'tributary/count/orders/1', producerId: '9007199254740993', producerEpoch: 12 };
const MEMBER = { group: 'count', member: 'm-1', generation: 3 };
const OF_KAFKAJS = { groupId: 'count', memberId: 'm-1' };
const bytes = Buffer.from([1, 2, 3]);

interface Case {
  readonly call: Call<unknown>;
  /** The parameters of kafkajs's encoder for the same request. */
  readonly parameters: object;
  /** Writes a response as a broker does. */
  answer(writer: ByteWriter): void;
  /** The result of kafkajs's decoder, in part, and that of ours. */
  readonly theirs: object;
  readonly ours: unknown;
}

const cases: readonly Case[] = [
  {
    call: joinGroup({ ...MEMBER, sessionMs: 10_000, rebalanceMs: 6000, protocol: 'tributary', metadata: bytes }),
    parameters: {
      ...OF_KAFKAJS,
      sessionTimeout: 10_000,
      rebalanceTimeout: 6000,
      protocolType: 'consumer',
      groupProtocols: [{ name: 'tributary', metadata: bytes }],
    },
    answer(writer) {
      writer.i32(THROTTLE).i16(0).i32(4).string('tributary').string('m-1').string('m-1');
      writer.array(['m-1', 'm-2'], (id) => writer.string(id).string(null).sizedBytes(bytes));
    },
    theirs: { errorCode: 0, generationId: 4, leaderId: 'm-1', memberId: 'm-1' },
    ours: {
      error: 0,
      generation: 4,
      leader: 'm-1',
      member: 'm-1',
      members: [
        { member: 'm-1', metadata: bytes },
        { member: 'm-2', metadata: bytes },
      ],
    },
  },
  {
    call: syncGroup(MEMBER, [{ member: 'm-2', assignment: bytes }]),
    parameters: {
      ...OF_KAFKAJS,
      generationId: 3,
      groupAssignment: [{ memberId: 'm-2', memberAssignment: bytes }],
    },
    answer: (writer) => void writer.i32(THROTTLE).i16(27).sizedBytes(bytes),
    theirs: { errorCode: 27, memberAssignment: bytes },
    ours: { error: 27, assignment: bytes },
  },
  {
    call: heartbeat(MEMBER),
    parameters: { ...OF_KAFKAJS, groupGenerationId: 3 },
    answer: (writer) => void writer.i32(THROTTLE).i16(25),
    theirs: { errorCode: 25 },
    ours: 25,
  },
  {
    call: leaveGroup('count', 'm-1'),
    parameters: OF_KAFKAJS,
    answer(writer) {
      writer.i32(THROTTLE).i16(16);
      writer.array(['m-1'], (id) => writer.string(id).string(null).i16(0));
    },
    theirs: { errorCode: 16 },
    ours: 16,
  },
  {
    call: describeGroups(['count', 'other']),
    parameters: { groupIds: ['count', 'other'] },
    answer(writer) {
      writer.i32(THROTTLE).array(['count', 'other'], (group) => {
        writer.i16(0).string(group).string('Stable').string('consumer').string('tributary');
        writer.array(group === 'count' ? ['m-1', 'm-2'] : [], (id) =>
          writer.string(id).string('client').string('/127.0.0.1').sizedBytes(bytes).sizedBytes(bytes),
        );
      });
    },
    theirs: {},
    ours: [
      { error: 0, group: 'count', members: 2 },
      { error: 0, group: 'other', members: 0 },
    ],
  },
  {
    call: listOffsets(
      [
        { topic: 'orders', partition: 1 },
        { topic: 'payments', partition: 0 },
        { topic: 'orders', partition: 2 },
        { topic: 'orders', partition: 1 },
      ],
      EARLIEST,
    ),
    parameters: {
      isolationLevel: 0,
      topics: [
        { topic: 'orders', partitions: [1, 2].map((partition) => ({ partition, timestamp: -2 })) },
        { topic: 'payments', partitions: [{ partition: 0, timestamp: -2 }] },
      ],
    },
    answer(writer) {
      writer.i32(THROTTLE);
      writer.array(['orders'], (topic) =>
        writer.string(topic).array([1, 2], (partition) =>
          writer
            .i32(partition)
            .i16(0)
            .i64(-1)
            .i64(2 ** 40),
        ),
      );
    },
    theirs: {},
    ours: [1, 2].map((partition) => ({ topic: 'orders', partition, error: 0, offset: 2 ** 40 })),
  },
  {
    call: initProducerId(PRODUCER.transactionalId, 60_000),
    parameters: { transactionalId: PRODUCER.transactionalId, transactionTimeout: 60_000 },
    answer: (writer) => void writer.i32(THROTTLE).i16(0).id64(PRODUCER.producerId).i16(12),
    theirs: { errorCode: 0, producerId: PRODUCER.producerId, producerEpoch: 12 },
    ours: { error: 0, producerId: PRODUCER.producerId, producerEpoch: 12 },
  },
  {
    call: initProducerId(null, 0),
    parameters: { transactionalId: null, transactionTimeout: 0 },
    answer: (writer) => void writer.i32(THROTTLE).i16(51).id64('-1').i16(-1),
    theirs: { errorCode: 51, producerId: '-1', producerEpoch: -1 },
    ours: { error: 51, producerId: '-1', producerEpoch: -1 },
  },
  {
    call: addPartitionsToTxn(PRODUCER, [{ topic: 'orders', partitions: [1, 2] }]),
    parameters: { ...PRODUCER, topics: [{ topic: 'orders', partitions: [1, 2] }] },
    answer(writer) {
      writer.i32(THROTTLE);
      writer.array(['orders'], (topic) =>
        writer.string(topic).array([1, 2], (partition) => writer.i32(partition).i16(55)),
      );
    },
    theirs: {},
    ours: [1, 2].map((partition) => ({ topic: 'orders', partition, error: 55 })),
  },
  {
    call: addOffsetsToTxn(PRODUCER, 'count'),
    parameters: { ...PRODUCER, groupId: 'count' },
    answer: (writer) => void writer.i32(THROTTLE).i16(47),
    theirs: { errorCode: 47 },
    ours: 47,
  },
  {
    call: txnOffsetCommit(PRODUCER, { group: 'count', topic: 'orders', partition: 1, offset: 2 ** 40, metadata: 'ä' }),
    parameters: {
      ...PRODUCER,
      groupId: 'count',
      topics: [{ topic: 'orders', partitions: [{ partition: 1, offset: String(2 ** 40), metadata: 'ä' }] }],
    },
    answer(writer) {
      writer.i32(THROTTLE);
      writer.array(['orders'], (topic) =>
        writer.string(topic).array([1], (partition) => writer.i32(partition).i16(12)),
      );
    },
    theirs: {},
    ours: 12,
  },
  ...[true, false].map((commit) => ({
    call: endTxn(PRODUCER, commit),
    parameters: { ...PRODUCER, transactionResult: commit },
    answer: (writer: ByteWriter) => void writer.i32(THROTTLE).i16(0),
    theirs: { errorCode: 0 },
    ours: 0,
  })),
  {
    call: createTopics(
      [{ name: 'orders', partitions: 4, replication: -1, settings: [{ name: 'retention.ms', value: '7' }] }],
      5000,
    ),
    parameters: {
      topics: [
        {
          topic: 'orders',
          numPartitions: 4,
          replicationFactor: -1,
          configEntries: [{ name: 'retention.ms', value: '7' }],
        },
      ],
      timeout: 5000,
    },
    answer(writer) {
      writer.i32(THROTTLE);
      writer.array(['a', 'b'], (topic) =>
        writer
          .string(topic)
          .i16(36)
          .string(topic === 'a' ? null : 'exists'),
      );
    },
    theirs: {},
    ours: [
      { topic: 'a', error: 36, message: null },
      { topic: 'b', error: 36, message: 'exists' },
    ],
  },
  {
    call: createPartitions('orders', 8, 5000),
    parameters: { topicPartitions: [{ topic: 'orders', count: 8 }], timeout: 5000 },
    answer: (writer) =>
      void writer.i32(THROTTLE).array(['orders'], (topic) => writer.string(topic).i16(37).string(null)),
    theirs: {},
    ours: [{ topic: 'orders', error: 37, message: null }],
  },
  {
    call: describeConfigs(TOPIC, ['orders'], ['retention.ms', 'max.message.bytes']),
    parameters: {
      resources: [{ type: 2, name: 'orders', configNames: ['retention.ms', 'max.message.bytes'] }],
      includeSynonyms: false,
    },
    answer(writer) {
      writer.i32(THROTTLE).array(['orders'], (topic) => {
        writer.i16(0).string(null).i8(2).string(topic);
        writer.array(['retention.ms', 'secret'], (name) => {
          writer
            .string(name)
            .string(name === 'secret' ? null : '7')
            .bool(false)
            .i8(1)
            .bool(name === 'secret');
          writer.array(['log.retention.ms'], (synonym) => writer.string(synonym).string('8').i8(4));
        });
      });
    },
    theirs: {},
    ours: [
      {
        error: 0,
        name: 'orders',
        settings: new Map([
          ['retention.ms', '7'],
          ['secret', null],
        ]),
      },
    ],
  },
  {
    call: apiVersions(),
    parameters: {},
    answer: (writer) =>
      void writer
        .i16(0)
        .array([1, 2], (key) => writer.i16(key).i16(4).i16(17))
        .i32(THROTTLE),
    theirs: { errorCode: 0 },
    ours: [1, 2].map((key) => ({ key, lowest: 4, highest: 17 })),
  },
];

for (const { call, parameters, answer, theirs, ours } of cases) {
  test(`${call.name} is written and read as by kafkajs`, async () => {
    const definition = protocol.requests[call.name];
    assert.equal(call.version, Math.max(...(definition?.versions ?? []).map(Number)));
    const made = definition?.protocol({ version: call.version })(parameters);
    assert.equal(made?.request.apiKey, call.key);
    const request = new ByteWriter();
    call.write(request);
    assert.deepEqual(request.written, (await made?.request.encode())?.buffer);
    assert.equal(call.timeoutMs, made?.requestTimeout);

    const response = new ByteWriter();
    answer(response);
    const decoded = await made?.response.decode(response.written);
    assert.partialDeepStrictEqual(decoded, { ...theirs, clientSideThrottleTime: THROTTLE });
    const reader = new ByteReader(response.written);
    assert.deepEqual(call.read(reader), ours);
    assert.equal(reader.throttleMs, THROTTLE);
    if (call.name !== 'LeaveGroup') assert.equal(reader.position, response.length, 'it is read to its end');
  });
}
