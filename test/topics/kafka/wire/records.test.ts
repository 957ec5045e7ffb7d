/** Record batches: those written by Java's producer can be read, and so can those written here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchReader, batchHeads, committed } from '../../../../topics/kafka/wire/batch-reader.ts';
import { encodeBatch, encodeLarge } from '../../../../topics/kafka/wire/batch-writer.ts';
import { COMPRESSIONS, type Compression } from '../../../../topics/kafka/wire/compression.ts';
import { largestSize } from '../../../../topics/log/limits.ts';
import type { LogRecord, NewRecord } from '../../../../topics/log/transport.ts';

const PRODUCER = { id: '42', epoch: 3, sequence: 0, transactional: false };

/** The same four records from the Java producer 4.3.1, in base64; snappy is in xerial frames. */
const BY_JAVA: Readonly<Record<Compression, string>> = {
  none: 'AAAAAAAAAAAAAAF8AAAAAAJR2XBkAAAAAAADAAABi8/laAAAAAGLz+VoAwAAAAAAAAC+AAAAAAAAAAAABLwBAAAACmtleS0wXnZhbHVlIGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWIwBg5jZV90eXBlGG9yZGVyLnBsYWNlZApieXRlcwT/AAhub25lAV4AAgIKa2V5LTEBBg5jZV90eXBlGG9yZGVyLnBsYWNlZApieXRlcwT/AAhub25lAbwBAAkECmtleS0yXnZhbHVlIGFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWIyBg5jZV90eXBlGG9yZGVyLnBsYWNlZApieXRlcwT/AAhub25lAbIBAAYGAV52YWx1ZSBhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiYWJhYmFiMwYOY2VfdHlwZRhvcmRlci5wbGFjZWQKYnl0ZXME/wAIbm9uZQE=',
  gzip: 'AAAAAAAAAAAAAACmAAAAAAJ381qSAAEAAAADAAABi8/laAAAAAGLz+VoAwAAAAAAAAC/AAAAAAAAAAAABB+LCAAAAAAAAP/bw8jAwMCVnVqpaxBXlphTmqqQmEQcNGDjS06NL6ksSJXIL0pJLdIryElMTk3hSqosSS1m+c/AkZefl8oYx8DEBDbekJEo9XsYGThZwBqMSHSPEVHmb2JkYGNjJNFoY6KMBgCqJ+sRSwEAAA==',
  snappy:
    'AAAAAAAAAAAAAAC0AAAAAALBcbguAAIAAAADAAABi8/laAAAAAGLz+VoAwAAAAAAAADAAAAAAAAAAAAABIJTTkFQUFkAAAAAAQAAAAEAAABvywJMvAEAAAAKa2V5LTBedmFsdWUgYWKWAgCoMAYOY2VfdHlwZRhvcmRlci5wbGFjZWQKYnl0ZXME/wAIbm9uZQFeAAICCgFfBDEBkjAAELwBAAkEBZAAMrqQAAAykmAAFLIBAAYGAbpbAAAzklsA',
  lz4: 'AAAAAAAAAAAAAAC0AAAAAAJ5ubd2AAMAAAADAAABi8/laAAAAAGLz+VoAwAAAAAAAADBAAAAAAAAAAAABAQiTRhgQIJ0AAAA/wW8AQAAAAprZXktMF52YWx1ZSBhYgIAE/EbMAYOY2VfdHlwZRhvcmRlci5wbGFjZWQKYnl0ZXME/wAIbm9uZQFeAAICXwAvMQEwABJRvAEACQQxAB8ykAAcHzJgABJvsgEABgYBWwAcHzNbAA1Qbm9uZQEAAAAA',
  zstd: 'AAAAAAAAAAAAAACkAAAAAAIBf2+RAAQAAAADAAABi8/laAAAAAGLz+VoAwAAAAAAAADCAAAAAAAAAAAABCi1L/0AWDwDAOQEvAEAAAAKa2V5LTBedmFsdWUgYWIwBg5jZV90eXBlGG9yZGVyLnBsYWNlZApieXRlcwT/AAhub25lAV4AAgIxAbwBAAkEMjKyAQAGBgEzCADgEXghKvAcExOMqvaZ+k1iuLQ97g4BAAA=',
};

function recordsOf(bytes: Buffer, partition = 0): LogRecord[] {
  return batchHeads(bytes).flatMap((head) => {
    const reader = new BatchReader(head, partition);
    const records: LogRecord[] = [];
    for (let record = reader.next(); record !== undefined; record = reader.next()) records.push(record);
    return records;
  });
}

const hex = (bytes: Uint8Array | null) => bytes && Buffer.from(bytes).toString('hex');
const plain = ({ key, value, headers, timestamp }: NewRecord | LogRecord) => ({
  key: hex(key),
  value: hex(value),
  timestamp,
  headers: Object.entries(headers).map(([name, text]) => [name, typeof text === 'string' ? text : [hex(text)]]),
});

const made = (about: Partial<NewRecord> = {}): NewRecord => ({
  topic: 'orders',
  partition: 0,
  key: Buffer.from('key'),
  value: Buffer.from('value'),
  headers: {},
  timestamp: 1000,
  ...about,
});

for (const codec of COMPRESSIONS) {
  test(`records that Java wrote with ${codec} are read`, () => {
    const records = recordsOf(Buffer.from(BY_JAVA[codec], 'base64'));
    const headers = { ce_type: 'order.placed', bytes: Buffer.from([0xff, 0]), none: '' };
    assert.deepEqual(
      records.map(({ key, value, offset, timestamp }) => [key?.toString(), value?.toString(), offset, timestamp]),
      [
        ['key-0', `value ${'ab'.repeat(20)}0`, 0, 1_700_000_000_000],
        ['key-1', undefined, 1, 1_700_000_000_001],
        ['key-2', `value ${'ab'.repeat(20)}2`, 2, 1_699_999_999_995],
        [undefined, `value ${'ab'.repeat(20)}3`, 3, 1_700_000_000_003],
      ],
    );
    for (const record of records) assert.deepEqual(record.headers, headers);
  });
}

const bytes = fc.uint8Array({ maxLength: 40 }).map((each) => Buffer.from(each));
const anyRecord = fc
  .record({
    key: fc.option(bytes),
    value: fc.option(bytes),
    timestamp: fc.integer({ min: 0, max: 2 ** 42 }),
    headers: fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
  })
  .map((about) => made(about));

test('any records are the same after writing and reading, with any codec, at their offsets', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 30 }),
      fc.constantFrom(...COMPRESSIONS),
      (records, codec) => {
        const batch = encodeBatch(records, { ...PRODUCER, sequence: 7, transactional: true }, codec);
        const found = recordsOf(batch);
        assert.deepEqual(found.map(plain), records.map(plain));
        assert.deepEqual(
          found.map(({ offset }) => offset),
          [...records.keys()],
        );
        if (codec === 'none') {
          const estimated = records.reduce((sum, record) => sum + largestSize(record), 0);
          assert.ok(batch.length <= estimated + 61, 'no batch is larger than estimated');
        }
      },
    ),
  );
});

test('a batch of 150,000 records is read: more than kafkajs can', () => {
  const records = Array.from({ length: 150_000 }, () => made({ value: null }));
  assert.equal(recordsOf(encodeBatch(records, PRODUCER, 'zstd')).length, 150_000);
});

test('a large record is compressed outside the event loop, and is not larger than when it arrived', async () => {
  const large = made({ value: Buffer.alloc(12_000_000, 'learner '), timestamp: 7 });
  const batch = await encodeLarge([large], { ...PRODUCER, sequence: 3, transactional: true });
  assert.ok(batch.length < 100_000, `${batch.length} bytes`);
  assert.deepEqual(recordsOf(batch).map(plain), [plain(large)]);
});

test('a batch that was damaged on its way is detected, which kafkajs does not do', () => {
  const batch = encodeBatch([made()], PRODUCER, 'none');
  batch.writeUInt8(batch.readUInt8(batch.length - 3) ^ 1, batch.length - 3);
  assert.throws(() => recordsOf(batch), {
    code: 'LOG_AWAY',
    message: /checksum of the batch at offset 0 of partition 0/,
  });
});

test('a kept key does not keep the whole answer in memory: in kafkajs it is a view of it', () => {
  const batch = encodeBatch([made({ value: Buffer.alloc(500_000) }), made()], PRODUCER, 'none');
  const key = recordsOf(batch)[1]?.key as Buffer;
  assert.ok(key.buffer.byteLength <= Buffer.poolSize);
});

test('a batch that is truncated by the end of an answer is left for the next one', () => {
  const batch = encodeBatch([made()], PRODUCER, 'none');
  for (const length of [0, 10, 61, batch.length - 1]) assert.deepEqual(batchHeads(batch.subarray(0, length)), []);
  assert.equal(batchHeads(Buffer.concat([batch, batch.subarray(0, 70)])).length, 1);
});

test('records in the format from before Kafka 0.11 are refused', () => {
  const batch = encodeBatch([made()], PRODUCER, 'none');
  batch.writeInt8(1, 16);
  assert.throws(() => batchHeads(batch), { code: 'STORE_BROKEN' });
});

test('records with an unknown codec are refused', () => {
  const [head] = batchHeads(encodeBatch([made()], PRODUCER, 'none'));
  assert.ok(head);
  assert.throws(() => new BatchReader({ ...head, attributes: 6 }, 0), { code: 'STORE_BROKEN' });
});

test('records of a log that sets timestamps itself have the time of the log', () => {
  const [head] = batchHeads(encodeBatch([made({ timestamp: 5 }), made({ timestamp: 9 })], PRODUCER, 'none'));
  assert.ok(head);
  assert.equal(new BatchReader({ ...head, attributes: 0x08 }, 0).next()?.timestamp, 9);
});

test('a reader sees only the records of committed transactions, and no metadata', () => {
  const sent = (id: string, at: number, transactional: boolean) => {
    const batch = encodeBatch([made({ key: Buffer.from(`${id}@${at}`) })], { ...PRODUCER, id, transactional }, 'none');
    batch.writeBigInt64BE(BigInt(at), 0);
    return batch;
  };
  const log = Buffer.concat([
    sent('1', 0, true),
    sent('2', 1, true),
    sent('3', 2, false),
    mark('1', 3, 'abort'),
    sent('1', 4, true),
    mark('2', 5, 'commit'),
    mark('1', 6, 'commit'),
  ]);
  const seen = committed(batchHeads(log), [{ producerId: '1', firstOffset: 0 }]);
  assert.deepEqual(
    seen.map(({ baseOffset, producerId }) => [baseOffset, producerId]),
    [
      [1, '2'],
      [2, '3'],
      [4, '1'],
    ],
  );
});

/** A control record as the broker writes it: version 0, then 0 for an abort and 1 for a commit. */
function mark(id: string, at: number, type: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]);
  const batch = encodeBatch([made({ key })], { ...PRODUCER, id, sequence: -1, transactional: true }, 'none');
  batch.writeBigInt64BE(BigInt(at), 0);
  batch.writeInt16BE(0x30, 21);
  return batch;
}
