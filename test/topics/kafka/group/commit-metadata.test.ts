import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import {
  checksumOf,
  encodeMetadata,
  pack,
  referring,
  seal,
  unpack,
  unseal,
} from '../../../../topics/kafka/group/commit-metadata.ts';
import { DedupePositions } from '../../../../topics/log/dedupe-positions.ts';
import { formatOrigin, lineOf, parseOrigin } from '../../../../topics/log/origin.ts';

const offsets = fc.nat({ max: Number.MAX_SAFE_INTEGER });

test('metadata are the same after writing and reading, whatever they contain', () => {
  fc.assert(
    fc.property(offsets, fc.string({ unit: 'binary', maxLength: 3000 }), (offset, text) => {
      const metadata = Buffer.from(text).toString();
      assert.deepEqual(unseal(seal(offset, encodeMetadata(metadata)), offset), { metadata });
      assert.equal(unpack(pack(metadata)), metadata);
    }),
  );
  for (const metadata of ['~', '@1/2/3', '=', 'tributary1/5/=x', '~'.repeat(2000)]) {
    assert.deepEqual(unseal(seal(5, encodeMetadata(metadata)), 5), { metadata });
  }
});

test('a reference is the same after writing and reading', () => {
  const reference = { partition: 3, offset: 70_000_000_000, checksum: checksumOf(Buffer.from('metadata')) };
  assert.deepEqual(unseal(seal(5, referring(reference)), 5), { reference });
  assert.ok(seal(Number.MAX_SAFE_INTEGER, referring(reference)).length < 128);
});

test('a commit of another tool is not mistaken for ours', () => {
  const ours = seal(5, encodeMetadata('metadata'));
  for (const [metadata, offset] of [
    ['', 5],
    [ours, 4],
    [ours, 6],
    ['AQAAAZX', 5],
    ['hello', 5],
    ['tributary', 5],
    ['~ hello', 5],
  ] as const) {
    assert.equal(unseal(metadata, offset), undefined, metadata);
  }
});

test('metadata of releases before the versioned format are recognised as ours', () => {
  const metadata = JSON.stringify(Array.from({ length: 200 }, (_, i) => [`job/topic/${i}`, [i, 0]]));
  assert.deepEqual(unseal(metadata, 7), { metadata });
  assert.deepEqual(unseal(`~${deflateRawSync(metadata, { level: 9 }).toString('base64')}`, 7), { metadata });
});

test('metadata of a newer version require the newer release', () => {
  for (const metadata of ['tributary2/5/=x', 'tributary10/anything', 'tributary3/']) {
    assert.throws(() => unseal(metadata, 5), { code: 'FORMAT_NEWER', kind: 'retry', message: /newer release/ });
  }
});

test('the metadata of five jobs and 128 partitions fit the default limit of brokers', () => {
  const metadata = DedupePositions.none();
  const jobs = ['track-progress', 'summarize-batch', 'project-group', 'notify', 'deliver-message'];
  for (let i = 0; i < 640; i++) {
    const line = lineOf(jobs[i % jobs.length] as string, 'enrollment.events', '', Math.floor(i / jobs.length));
    const origin = parseOrigin(formatOrigin(line, 1_000_000_000 + ((i * 7_654_321) % 900_000_000), i % 3));
    assert.ok(origin);
    metadata.pass(origin);
  }
  assert.ok(seal(1_000_000_000, encodeMetadata(metadata.toString())).length <= 4096);
});
