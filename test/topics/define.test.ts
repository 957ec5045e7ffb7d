import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contentProgressed, courseStructureChanged, enrolled } from '../../schemas/enrollment.ts';
import { subjectOf } from '../../topics/codec/registry.ts';
import { deadLetterTopic, defineTopic, keyOf } from '../../topics/define.ts';
import { topics } from '../../topics/index.ts';

const topic = defineTopic({
  name: 'a.events',
  doc: 'Some events.',
  key: 'userId',
  events: [enrolled],
  broadcasts: [courseStructureChanged],
});

test('a topic has six partitions and thirty days by default', () => {
  assert.deepEqual([topic.partitions, topic.retentionMs], [6, 30 * 86_400_000]);
  const other = defineTopic({ name: 'b', doc: 'B.', key: 'userId', events: [enrolled], partitions: 2, retentionMs: 1 });
  assert.deepEqual([other.partitions, other.retentionMs, other.broadcasts], [2, 1, []]);
});

test('an event without the field of the key cannot be in a topic', () => {
  assert.throws(() => defineTopic({ name: 'a', doc: 'A.', key: 'userId', events: [courseStructureChanged as never] }), {
    code: 'DECLARATION_INVALID',
    message: /^topic a: event enrollment\.course-structure-changed has no string field/,
  });
  assert.throws(() => defineTopic({ name: 'a', doc: 'A.', key: 'views', events: [contentProgressed as never] }), {
    code: 'DECLARATION_INVALID',
    message: /has no string field views, which is the topic's key/,
  });
});

test('the key of a record is the field of its event; a broadcast has none', () => {
  assert.equal(keyOf(topic, { type: enrolled.type, data: enrolled.example }), 'learner-1');
  assert.equal(keyOf(topic, { type: courseStructureChanged.type, data: courseStructureChanged.example }), null);
});

test('a topic of dead letters is named after its topic, a subject after topic and record', () => {
  assert.equal(deadLetterTopic('a.events'), 'a.events.dead-letter');
  assert.equal(subjectOf('a.events', 'org.example', 'Opened'), 'a.events-org.example.Opened');
  assert.equal(subjectOf('a.events', undefined, 'Opened'), 'a.events-Opened');
});

test('no two topics have the same name, and no event is in two', () => {
  const names = topics.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  const types = topics.flatMap(({ events, broadcasts }) => [...events, ...broadcasts].map(({ type }) => type));
  assert.equal(new Set(types).size, types.length);
});
