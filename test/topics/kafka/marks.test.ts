import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeMarks, encodeMarks } from '../../../topics/kafka/marks.ts';
import { Marks } from '../../../topics/marks.ts';
import { formatOrigin, lineOf, parseOrigin } from '../../../topics/origin.ts';

/** What brokers take unless they are told otherwise. */
const OFFSET_METADATA_MAX = 4096;

test('any marks come back as they were', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 3000 }), (marks) => {
      assert.equal(decodeMarks(encodeMarks(marks)), marks);
    }),
  );
});

test('marks that begin like compressed ones come back too', () => {
  for (const marks of ['~', '~abc', '~'.repeat(2000)]) assert.equal(decodeMarks(encodeMarks(marks)), marks);
});

test('short marks stay readable for the tools of Kafka', () => {
  assert.equal(encodeMarks('[["job/topic/0",[1,0]]]'), '[["job/topic/0",[1,0]]]');
});

test('the marks of 250 lines fit what brokers take by default', () => {
  const marks = Marks.parse('');
  const jobs = ['track-progress', 'summarize-batch', 'project-group', 'notify', 'deliver-message'];
  for (let i = 0; i < 250; i++) {
    const line = lineOf(jobs[i % jobs.length] as string, 'enrollment.events', '', Math.floor(i / jobs.length));
    const origin = parseOrigin(formatOrigin(line, 1_000_000_000 + ((i * 7_654_321) % 900_000_000), i % 3));
    assert.ok(origin);
    marks.pass(origin);
  }
  assert.ok(marks.toString().length > 2 * OFFSET_METADATA_MAX);
  assert.ok(encodeMarks(marks.toString()).length <= OFFSET_METADATA_MAX);
});
