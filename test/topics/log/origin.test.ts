import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DedupePositions } from '../../../topics/log/dedupe-positions.ts';
import { formatOrigin, lineOf, parseLine, parseOrigin, ROUTED } from '../../../topics/log/origin.ts';

const line = lineOf('track-progress', 'enrollment.events', 'AbC', 3);
const at = (offset: number, index: number, on = line) => ({ line: on, offset, index });

test('an origin is the same after writing and reading', () => {
  assert.deepEqual(parseOrigin(formatOrigin(line, 41, 2)), at(41, 2));
  assert.deepEqual(parseOrigin(formatOrigin(lineOf(ROUTED, 'a', '', 0), 0, 0)), at(0, 0, 'routed/a/0'));
});

test('an offset or index outside the range of numbers is not an origin', () => {
  assert.equal(parseOrigin(formatOrigin(line, 1e15, 0)), undefined);
  assert.equal(parseOrigin(formatOrigin(line, 0, 1e9)), undefined);
  assert.equal(parseOrigin(formatOrigin(line, -1, 0)), undefined);
});

test('a position passes once, and so does everything before it', () => {
  const dedupe = DedupePositions.none();
  assert.equal(dedupe.pass(at(5, 1)), true);
  assert.equal(dedupe.pass(at(5, 1)), false);
  assert.equal(dedupe.pass(at(5, 0)), false);
  assert.equal(dedupe.pass(at(4, 9)), false);
  assert.equal(dedupe.pass(at(5, 2)), true);
  assert.equal(dedupe.pass(at(6, 0)), true);
});

test('every job, topic and partition has a dedupe position of its own', () => {
  const dedupe = DedupePositions.none();
  assert.equal(dedupe.pass(at(5, 0)), true);
  assert.equal(dedupe.pass(at(5, 0, lineOf('notify', 'enrollment.events', 'AbC', 3))), true);
  assert.equal(dedupe.pass(at(5, 0, lineOf('track-progress', 'enrollment.events', 'AbC', 4))), true);
});

test('dedupe positions are kept as text, and none are an empty text', () => {
  const dedupe = DedupePositions.none();
  assert.equal(dedupe.toString(), '');
  dedupe.pass(at(5, 1));
  const again = DedupePositions.parse(dedupe.toString());
  assert.equal(again.pass(at(5, 1)), false);
  assert.equal(again.pass(at(5, 2)), true);
});

test('a copy is independent', () => {
  const dedupe = DedupePositions.none();
  const copy = dedupe.copy();
  copy.pass(at(5, 0));
  assert.equal(dedupe.pass(at(5, 0)), true);
});

test('a topic that was made again has dedupe positions of its own', () => {
  const dedupe = DedupePositions.none();
  assert.equal(dedupe.pass(at(5, 0)), true);
  assert.equal(dedupe.pass(at(0, 0, lineOf('track-progress', 'enrollment.events', 'XyZ', 3))), true);
});

test('what was seen before dedupe positions had ids is recognised under an id', () => {
  const dedupe = DedupePositions.parse('[["track-progress/enrollment.events/3",[5,1]]]');
  assert.equal(dedupe.pass(at(5, 1)), false);
  assert.equal(dedupe.pass(at(5, 2)), true);
  assert.deepEqual(
    dedupe.lines().map(({ topicId }) => topicId),
    ['AbC'],
  );
});

test('a dedupe position names its job, topic, id and partition', () => {
  assert.deepEqual(parseLine(line), {
    upstream: 'track-progress/enrollment.events',
    job: 'track-progress',
    topic: 'enrollment.events',
    topicId: 'AbC',
    partition: 3,
  });
});

test('dedupe positions of hundreds of partitions are short, and the same after reading', () => {
  const dedupe = DedupePositions.none();
  for (let partition = 0; partition < 300; partition += partition === 7 ? 5 : 1) {
    const offset = 1_000_000 + ((partition * 7919) % 50_000);
    dedupe.pass(at(offset, partition % 3, lineOf('track-progress', 'enrollment.events', 'AbC', partition)));
  }
  dedupe.pass(at(3, 0, lineOf(ROUTED, 'batch.events', '', 11)));
  const text = dedupe.toString();
  assert.ok(text.length < 2000, `${text.length}`);
  assert.equal(DedupePositions.parse(text).toString(), text);
  assert.equal(DedupePositions.parse(text).size, dedupe.size);
});

test('dedupe positions of two partitions are merged to the later of each', () => {
  const [one, other] = [DedupePositions.none(), DedupePositions.none()];
  one.pass(at(5, 1));
  other.pass(at(5, 2));
  other.pass(at(1, 0, lineOf('notify', 'enrollment.events', 'AbC', 3)));
  one.merge(other);
  assert.equal(one.pass(at(5, 2)), false);
  assert.equal(one.pass(at(1, 0, lineOf('notify', 'enrollment.events', 'AbC', 3))), false);
});

test('dedupe positions of jobs that no longer exist are pruned', () => {
  const dedupe = DedupePositions.none();
  dedupe.pass(at(5, 1));
  dedupe.prune(({ job }) => job !== 'track-progress');
  assert.equal(dedupe.size, 0);
});
