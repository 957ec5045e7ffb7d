import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../../../topics/kafka/wire/bytes.ts';

const i32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const i64 = fc.maxSafeInteger();
const fraction = (large: number) => Math.trunc(large / 4) || 0;

test('numbers and texts are the same after writing and reading, at any offset', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(i32, i64, fc.string({ unit: 'binary' }))), (rows) => {
      const writer = new ByteWriter(1);
      for (const [small, large, text] of rows) {
        writer
          .varint(small)
          .varlong(fraction(large))
          .i32(small)
          .i64(large)
          .uvarint(small >>> 0);
        writer
          .string(text)
          .compactString(text)
          .bool(small > 0)
          .noTags();
      }
      const reader = new ByteReader(writer.written);
      for (const [small, large, text] of rows) {
        assert.equal(reader.varint(), small);
        assert.equal(reader.varlong(), fraction(large));
        assert.equal(reader.i32(), small);
        assert.equal(reader.i64(), large);
        assert.equal(reader.uvarint(), small >>> 0);
        assert.equal(reader.string(), Buffer.from(text).toString());
        assert.equal(reader.compactString(), Buffer.from(text).toString());
        assert.equal(reader.bool(), small > 0);
        reader.tags();
      }
      assert.equal(reader.position, writer.length);
    }),
  );
});

test('tagged fields of a newer broker are skipped', () => {
  const writer = new ByteWriter().uvarint(2).uvarint(0).uvarint(3).raw(Buffer.from('abc')).uvarint(9).uvarint(0).i8(7);
  const reader = new ByteReader(writer.written);
  reader.tags();
  assert.equal(reader.i8(), 7);
});

test('a truncated answer, or one with endless numbers, is reported as unreadable', () => {
  const endless = Buffer.alloc(20, 0xff);
  for (const read of [
    () => new ByteReader(Buffer.alloc(3)).i32(),
    () => new ByteReader(Buffer.from([0, 5, 65])).string(),
    () => new ByteReader(endless).varint(),
    () => new ByteReader(endless).varlong(),
  ]) {
    assert.throws(read, { code: 'LOG_AWAY', message: /cannot be read/ });
  }
});
