/** Ids of the greatest length, in every event of every job. Derived ids must not exceed the limits of stores and topics. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LONGEST_KEY_PART } from '../../core/key-part.ts';
import { jobs } from '../../jobs/index.ts';
import { partitionsOf } from '../../testing/dump.ts';
import { jobSpec } from '../../testing/job-spec.ts';
import { wantedOf } from '../topics/codec/records.ts';

/** A message's id consists of its notification's id and a channel, so `notify` requires a shorter id. */
const ROOM_FOR_CHANNEL = 12;

/** Repeats a character of three bytes in UTF-8 and one unit in UTF-16: no other makes a longer text in bytes. */
function longest(name: string, id: string): string {
  const length = LONGEST_KEY_PART - (/^notificationIds?$/.test(name) ? ROOM_FOR_CHANNEL : 0);
  return id + '語'.repeat(length - id.length);
}

/** The data with ids of the greatest length everywhere. Equal ids stay equal. */
function withLongestIds(value: unknown, name: string, key: string): unknown {
  if (typeof value === 'string') return name === key || /Ids?$/.test(name) ? longest(name, value.slice(0, 100)) : value;
  if (Array.isArray(value)) return value.map((each) => withLongestIds(each, name, key));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([inner, each]) => [inner, withLongestIds(each, inner, key)]));
}

for (const job of jobs) {
  test(`${job.name} accepts the longest ids`, async (t) => {
    const spec = await jobSpec(t, job);
    const { from } = job;
    for (const def of job.on) {
      if (!from.events.includes(def) && !from.broadcasts.includes(def)) continue;
      await spec.given([def, withLongestIds(def.example, '', from.key) as Readonly<Record<string, unknown>>]);
    }
    assert.deepEqual(await spec.deadLetters(), []);
    for (const topic of job.to) {
      const wanted = wantedOf(topic);
      for (const record of (await partitionsOf(spec.stores.transport, topic.name)).flat()) {
        const decoded = spec.stores.codec.decode(topic, record, wanted);
        assert.equal(decoded.kind === 'rejected' ? decoded.message : '', '', 'and so do those who read what it says');
      }
    }
  });
}
