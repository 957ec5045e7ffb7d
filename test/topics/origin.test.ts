import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatOrigin, lineOf, Marks, parseOrigin, ROUTED } from '../../topics/origin.ts';

const line = lineOf('track-progress', 'enrollment.events', 3);
const at = (offset: number, index: number, on = line) => ({ line: on, offset, index });

test('an origin is read as it was written', () => {
  assert.deepEqual(parseOrigin(formatOrigin(line, 41, 2)), at(41, 2));
  assert.deepEqual(parseOrigin(formatOrigin(lineOf(ROUTED, 'a', 0), 0, 0)), at(0, 0, 'routed/a/0'));
});

test('an offset or index that cannot be counted is no origin', () => {
  assert.equal(parseOrigin(formatOrigin(line, 1e15, 0)), undefined);
  assert.equal(parseOrigin(formatOrigin(line, 0, 1e9)), undefined);
  assert.equal(parseOrigin(formatOrigin(line, -1, 0)), undefined);
});

test('a position passes once, and so does everything before it', () => {
  const marks = Marks.parse('');
  assert.equal(marks.pass(at(5, 1)), true);
  assert.equal(marks.pass(at(5, 1)), false);
  assert.equal(marks.pass(at(5, 0)), false);
  assert.equal(marks.pass(at(4, 9)), false);
  assert.equal(marks.pass(at(5, 2)), true);
  assert.equal(marks.pass(at(6, 0)), true);
});

test('every job, topic and partition has a mark of its own', () => {
  const marks = Marks.parse('');
  assert.equal(marks.pass(at(5, 0)), true);
  assert.equal(marks.pass(at(5, 0, lineOf('notify', 'enrollment.events', 3))), true);
  assert.equal(marks.pass(at(5, 0, lineOf('track-progress', 'enrollment.events', 4))), true);
});

test('marks are kept as text, and none are no text', () => {
  const marks = Marks.parse('');
  assert.equal(marks.toString(), '');
  marks.pass(at(5, 1));
  const again = Marks.parse(marks.toString());
  assert.equal(again.pass(at(5, 1)), false);
  assert.equal(again.pass(at(5, 2)), true);
});

test('a copy goes its own way', () => {
  const marks = Marks.parse('');
  const copy = marks.copy();
  copy.pass(at(5, 0));
  assert.equal(marks.pass(at(5, 0)), true);
});
